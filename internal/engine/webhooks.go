package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/kafkabus"
	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/notify/pgnotify"
	"github.com/rapport-crm/rapport/internal/obs"
	"github.com/rapport-crm/rapport/internal/pg"
)

// webhookConnections is the size of the pool of the webhooks, which is their own: a flood of deliveries takes no
// connection from the views.
const webhookConnections = 8

// openWebhooks opens what delivers outputs over HTTP, unless nothing is published.
func (e *Engine) openWebhooks(ctx context.Context) error {
	if e.outlet == nil {
		return nil
	}
	store, err := e.webhookStore(ctx)
	if err != nil {
		return fmt.Errorf("open webhooks: %w", err)
	}
	options := e.config.Webhooks
	options.Logger = e.logger
	counters := e.metrics.ShowWebhooks(e.observeWebhooks)
	options.Filed = counters.Filed
	options.Zone = func() *time.Location { return e.policy.get().Location() }
	options.DayOff = func(d domain.Date) bool { return e.policy.get().Calendar().DayOff(d) }
	options.Attempted = func(d notify.Delivery) {
		took := d.Log[len(d.Log)-1].DurationMS
		counters.Requested(string(d.Status), time.Duration(took)*time.Millisecond)
	}
	e.webhooks = notify.NewDeliverer(store, notify.OutputsOf(e.outputs()), options)
	return nil
}

// webhooksFile is the file of subscriptions and deliveries in the data directory.
const webhooksFile = "webhooks.ndjson"

// webhooksInFile reports whether subscriptions and deliveries are kept in a file: beside an embedded log, whose only
// engine this one is, when there is no database.
func (e *Engine) webhooksInFile() bool {
	return !e.shared() && len(e.config.Log.Kafka) == 0 && e.config.Log.Data != ""
}

// webhookStore returns the store of subscriptions and deliveries: the database that engines share, a file beside the
// embedded log, or else the memory of this process.
func (e *Engine) webhookStore(ctx context.Context) (notify.Store, error) {
	switch {
	case e.shared():
		pool, err := pg.Open(ctx, e.config.DatabaseURL, pg.Options{ApplicationName: "rapport-webhooks", MaxConns: webhookConnections})
		if err != nil {
			return nil, err
		}
		e.closes = append(e.closes, func() error { pool.Close(); return nil })
		return pgnotify.Open(ctx, pool)
	case e.webhooksInFile():
		file, err := notify.OpenFile(ctx, filepath.Join(e.config.Log.Data, webhooksFile))
		if err != nil {
			return nil, err
		}
		e.closes = append(e.closes, file.Close)
		return file, nil
	default:
		return notify.NewMemory(), nil
	}
}

// outputs says how the output topics are read for webhooks. Engines on one store divide them, and go on where they were.
// One whose deliveries end with it has no place to remember: it reads from the beginning, which is before its
// subscriptions were made.
func (e *Engine) outputs() kafkabus.SubscriberConfig {
	session := e.session()
	c := kafkabus.SubscriberConfig{
		Connection:     kafkabus.Connection{Brokers: e.Log.Brokers(), ClientID: "rapport-webhooks"},
		SessionTimeout: session, DrainTimeout: session / 2, Logger: e.logger,
	}
	switch {
	case e.shared():
		c.Group = e.group + ".webhooks"
	case e.webhooksInFile():
		c.Group = e.Log.Topic() + ".webhooks"
	}
	return c
}

// observeWebhooks returns how the endpoints fare, for the metrics.
func (e *Engine) observeWebhooks(ctx context.Context) ([]obs.Endpoint, error) {
	found, err := e.webhooks.Endpoints(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	endpoints := make([]obs.Endpoint, len(found))
	for i := range found {
		f := &found[i]
		endpoints[i] = obs.Endpoint{ID: f.ID, State: string(f.State(now)), Pending: f.Pending}
		if !f.Oldest.IsZero() {
			endpoints[i].OldestPending = now.Sub(f.Oldest)
		}
	}
	return endpoints, nil
}
