package engine

import (
	"context"
	"time"

	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/reactor"
)

// react causes what follows from the events of some partitions in other streams, until ctx ends.
func (e *Engine) react(ctx context.Context, partitions []int) error {
	if e.config.NoReactor {
		return nil
	}
	// Before, the views show what was followed up long ago as open.
	if err := e.Progress.Wait(ctx, e.start); err != nil {
		return err
	}
	door := ingest.New(e.Log, e.policy.get, time.Now, ingest.Options{})
	departures := reactor.NewDepartures(e.views, e.Log, e.Progress, door, reactor.Options{
		Every: e.config.ReactEvery, Released: e.metrics.Released, Logger: e.logger,
	})
	return departures.Run(ctx, partitions)
}
