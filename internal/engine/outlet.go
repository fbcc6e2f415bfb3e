package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/outputs"
	"github.com/rapport-crm/rapport/projections"
)

// openOutlet opens the output topics, and makes those that are missing.
func (e *Engine) openOutlet(ctx context.Context) error {
	if e.config.NoOutputs {
		return nil
	}
	var topics []eventstore.OutletTopic
	for _, t := range projections.OutputTopics() {
		topics = append(topics, eventstore.OutletTopic{Name: t.String()})
	}
	cfg := eventstore.Config{
		Brokers: e.Log.Brokers(), Partitions: e.Log.Partitions(), ReplicationFactor: e.config.Log.ReplicationFactor, Logger: e.logger,
	}
	outlet, err := eventstore.OpenOutlet(ctx, cfg, topics...)
	if err != nil {
		return fmt.Errorf("open the output topics: %w", err)
	}
	e.outlet, e.closes = outlet, append(e.closes, outlet.Close)
	return nil
}

// publisher returns what publishes the outputs of the live generation, nil for nothing. Views that are folded anew with
// every start go on where the output topics end; those of a database go on at its checkpoints.
func (e *Engine) publisher(ctx context.Context) (projections.Outlet, error) {
	if e.outlet == nil {
		return nil, nil
	}
	options := outputs.Options{Era: e.views.live.Load().era, Count: e.metrics.Published}
	if !e.shared() {
		published, err := e.published(ctx)
		if err != nil {
			return nil, err
		}
		options.Published = published
	}
	return outputs.NewPublisher(e.outlet, options), nil
}

// published returns where the last output on each partition of each topic came from. Output topics with another number of
// partitions than the log do not tell.
func (e *Engine) published(ctx context.Context) (map[projections.OutputTopic]eventstore.Positions, error) {
	published := make(map[projections.OutputTopic]eventstore.Positions)
	for _, t := range projections.OutputTopics() {
		log, err := eventstore.Open(ctx, eventstore.Config{Brokers: e.Log.Brokers(), Topic: t.String(), ReadOnly: true, Logger: e.logger})
		if err != nil {
			return nil, fmt.Errorf("read where outputs end: %w", err)
		}
		from, err := origins(ctx, log, e.Log.Partitions())
		if err = errors.Join(err, log.Close()); err != nil {
			return nil, fmt.Errorf("read where outputs end on %s: %w", t, err)
		}
		published[t] = from
	}
	return published, nil
}

// origins returns the place that the last output of each partition came from, zero for an empty one.
func origins(ctx context.Context, log *eventstore.Log, partitions int) (eventstore.Positions, error) {
	from := make(eventstore.Positions, partitions)
	if log.Partitions() != partitions {
		return from, nil
	}
	starts, err := log.Starts(ctx)
	if err != nil {
		return nil, err
	}
	ends, err := log.Ends(ctx)
	if err != nil {
		return nil, err
	}
	for p := range partitions {
		if ends[p] <= starts[p] {
			continue
		}
		records, err := log.Read(ctx, p, []int64{ends[p] - 1})
		if err != nil {
			return nil, err
		}
		from[p] = origin(&records[0])
	}
	return from, nil
}

// origin returns the offset that an output came from, zero when it does not say.
func origin(r *eventstore.Record) int64 {
	var ev domain.Event
	if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err != nil {
		return 0
	}
	for _, x := range ev.Extensions {
		if x.Name == "position" {
			if at, err := eventstore.ParsePosition(x.Value); err == nil && at.Partition == r.Partition {
				return at.Offset
			}
		}
	}
	return 0
}
