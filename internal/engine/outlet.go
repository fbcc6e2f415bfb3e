package engine

import (
	"context"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/outputs"
	"github.com/rapport-crm/rapport/internal/stream"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
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
	return e.openStream(ctx, cfg)
}

// openStream opens what sends the outputs to the clients of the HTTP API.
func (e *Engine) openStream(ctx context.Context, cfg eventstore.Config) error {
	var topics []string
	for _, t := range projections.OutputTopics() {
		topics = append(topics, t.String())
	}
	cfg.Partitions, cfg.ReplicationFactor = 0, 0
	hub, err := stream.Open(ctx, cfg, topics, stream.Options{Logger: e.logger})
	if err != nil {
		return err
	}
	e.stream, e.closes = hub, append(e.closes, hub.Close)
	return nil
}

// openStates opens the compacted topic of customers, and makes it when it is missing.
func (e *Engine) openStates(ctx context.Context) error {
	switch {
	case !e.config.CustomersTopic:
		return nil
	case !e.shared() || len(e.config.Log.Kafka) == 0:
		return ErrCustomersTopic
	}
	cfg := eventstore.Config{
		Brokers: e.Log.Brokers(), Partitions: e.Log.Partitions(), ReplicationFactor: e.config.Log.ReplicationFactor, Logger: e.logger,
	}
	outlet, err := eventstore.OpenOutlet(ctx, cfg, eventstore.OutletTopic{Name: domain.CustomersTopic, Compact: true})
	if err != nil {
		return fmt.Errorf("open the topic of customers: %w", err)
	}
	e.states, e.closes = outlet, append(e.closes, outlet.Close)
	empty, err := outlet.Empty(ctx, domain.CustomersTopic)
	if err == nil && empty {
		err = pgview.ForgetFilled(ctx, e.pool)
	}
	if err != nil {
		return fmt.Errorf("open the topic of customers: %w", err)
	}
	return nil
}

// publisher returns what publishes the outputs of the live generation, nil for nothing. Views that are folded anew with
// every start leave out what the output topics hold; those of a database go on at its checkpoints.
func (e *Engine) publisher(ctx context.Context) (projections.Outlet, error) {
	if e.outlet == nil {
		return nil, nil
	}
	live := e.views.live.Load()
	options := outputs.Options{
		Era: live.era, Origin: fmt.Sprintf("%s.%d", live.fold.Policy().Digest(), projections.StateFormat), Count: e.metrics.Published,
	}
	if !e.shared() {
		published, err := outputs.ReadPublished(ctx, func(ctx context.Context, topic string) (*eventstore.Log, error) {
			return eventstore.Open(ctx, eventstore.Config{Brokers: e.Log.Brokers(), Topic: topic, ReadOnly: true, Logger: e.logger})
		})
		if err != nil {
			return nil, err
		}
		era := published.Era(options.Origin)
		options.Published, options.Era = published, func() int { return era }
	}
	return outputs.NewPublisher(e.outlet, options), nil
}
