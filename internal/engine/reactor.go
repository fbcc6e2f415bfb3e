package engine

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

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
	options := reactor.Options{Every: e.config.ReactEvery, Released: e.metrics.Released, Logger: e.logger}
	departures := reactor.NewDepartures(e.views, e.Log, e.Progress, door, options)
	massLosses := reactor.NewMassLosses(e.views, e.Log, e.Progress, door, options)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return departures.Run(ctx, partitions) })
	group.Go(func() error { return massLosses.Run(ctx, partitions) })
	return group.Wait()
}
