package engine

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/outputs"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
)

// databaseWindow is how much of a partition is fetched and folded at a time into a database, where a batch costs less an
// event the longer it is.
const databaseWindow = 4 << 20

// commitEvery is how often the positions are shown to Kafka's own tools.
const commitEvery = time.Second

// Run folds the log into the views until ctx ends, the clock running, or until a partition fails for good.
func (e *Engine) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := e.Progress.Wait(ctx, e.start); err != nil {
			return err
		}
		return e.policy.follow(ctx)
	})
	group.Go(func() error {
		if !e.shared() {
			return e.alone(ctx)
		}
		for {
			if err := e.member(ctx); !errors.Is(err, errSwitched) {
				return err
			}
			if err := e.followSwitch(ctx); err != nil {
				return err
			}
		}
	})
	return group.Wait()
}

// alone folds every partition.
func (e *Engine) alone(ctx context.Context) error {
	outlet, err := e.publisher(ctx)
	if err != nil {
		return err
	}
	live := e.views.live.Load()
	runner := projections.NewRunner(e.Log, live.store, live.fold, projections.RunnerOptions{
		Owner: e.config.Node, Outlet: outlet, Outcomes: e.outcomes, Progress: e.Progress, Logger: e.logger,
	})
	return e.work(ctx, runner, e.all())
}

// work runs the partitions, their clock and their reactor.
func (e *Engine) work(ctx context.Context, runner *projections.Runner, partitions []int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return runner.RunPartitions(ctx, partitions) })
	group.Go(func() error { return e.react(ctx, partitions) })
	group.Go(func() error {
		// Before, nobody knows whether the clock runs.
		if err := e.Progress.Wait(ctx, e.start); err != nil {
			return err
		}
		ticker := control.NewTicker(e.control, e.Log, e.policy.get, e.config.TickEvery, e.logger)
		ticker.Ticked = e.metrics.Ticked
		return ticker.Run(ctx, partitions)
	})
	return group.Wait()
}

// errSwitched says that another generation of views is live now.
var errSwitched = errors.New("another generation of views is live")

// member shares the partitions with other engines until ctx ends or another generation is live.
func (e *Engine) member(ctx context.Context) error {
	store, fold := e.database()
	options, work, err := e.duty(ctx, store)
	if err != nil {
		return err
	}
	runner := projections.NewRunner(e.Log, store, fold, options)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return e.watch(ctx, store) })
	group.Go(func() error {
		if len(e.config.Log.Kafka) == 0 {
			// Nobody else can serve an embedded log, and after a crash a group would wait for the member that was.
			return work(ctx, runner, e.all())
		}
		members := e.Log.Join(eventstore.GroupConfig{ID: e.group, Node: e.config.Node, SessionTimeout: e.session()})
		return members.Run(ctx, func(ctx context.Context, a eventstore.Assignment) error {
			return e.assigned(ctx, runner, a, work)
		})
	})
	return group.Wait()
}

// duty returns what there is to do for the views of a store: to go on with the live ones and publish their outputs, or to
// make new ones that take their place.
func (e *Engine) duty(ctx context.Context, store *pgview.Store) (projections.RunnerOptions, partitionWork, error) {
	options := projections.RunnerOptions{
		Owner: e.config.Node, Shared: true, Outcomes: e.outcomes, Progress: e.Progress,
		WindowBytes: databaseWindow, Drain: e.session() / 2, Logger: e.logger,
	}
	if !store.Live() {
		work, err := e.successor(ctx, store)
		return options, work, err
	}
	outlet, err := e.publisher(ctx)
	options.Outlet = outlet
	if e.states != nil {
		options.Register = outputs.NewCustomers(e.states, store, outputs.Options{Era: store.Era, Count: e.metrics.Published})
	}
	return options, e.work, err
}

// watch reports how far other engines are, until ctx ends or another generation is live.
func (e *Engine) watch(ctx context.Context, store *pgview.Store) error {
	watching, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := store.Watch(watching, e.Progress.Report, func() { stop(errSwitched) })
	if errors.Is(context.Cause(watching), errSwitched) {
		return errSwitched
	}
	return err
}

// session is how long an engine may be silent before its partitions go to others.
func (e *Engine) session() time.Duration { return cmp.Or(e.config.Session, defaultSession) }

// all returns all partitions.
func (e *Engine) all() []int {
	all := make([]int, e.Log.Partitions())
	for p := range all {
		all[p] = p
	}
	return all
}

// successor returns the work on views that are to take the place of the live ones, which this program cannot carry on,
// for instance those of an older version: the partitions are folded up to where the live ones are, without outputs, because
// those published them, and no further; then the new ones are shown.
func (e *Engine) successor(ctx context.Context, store *pgview.Store) (partitionWork, error) {
	live, err := pgview.FindLive(ctx, e.pool)
	if err != nil {
		return nil, err
	}
	e.logger.LogAttrs(ctx, slog.LevelInfo, "views are folded anew", slog.String("generation", store.Generation()),
		slog.String("in_place_of", live.Name), slog.String("up_to", live.Positions.String()))
	return func(ctx context.Context, runner *projections.Runner, partitions []int) error {
		for {
			// Engines of another version may be folding into the live views still.
			live, err := pgview.FindLive(ctx, e.pool)
			if err != nil {
				return err
			}
			if err := runner.RunPartitionsUntil(ctx, partitions, live.Positions); err != nil {
				return err
			}
			if err := e.Progress.Wait(ctx, live.Positions); err != nil {
				return err
			}
			again, err := pgview.FindLive(ctx, e.pool)
			if err != nil {
				return err
			}
			if slices.Equal(again.Positions, live.Positions) {
				return store.Show(ctx)
			}
		}
	}, nil
}

// partitionWork folds partitions.
type partitionWork func(ctx context.Context, runner *projections.Runner, partitions []int) error

// assigned works on the partitions of one generation of the group, and shows Kafka's own tools how far they are folded.
func (e *Engine) assigned(ctx context.Context, runner *projections.Runner, a eventstore.Assignment, work partitionWork) error {
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error { return work(inner, runner, a.Partitions) })
	group.Go(func() error {
		beat := time.NewTicker(commitEvery)
		defer beat.Stop()
		defer func() { a.Commit(e.Progress.Positions()) }()
		for {
			select {
			case <-beat.C:
				a.Commit(e.Progress.Positions())
			case <-inner.Done():
				return inner.Err()
			}
		}
	})
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// Serve runs the engine and answers HTTP on the listener, which it closes, until ctx ends; then it returns nil. It stops in
// the order of the data: first no more requests are taken and those in flight are answered, then the batches at hand are
// committed.
func (e *Engine) Serve(ctx context.Context, listener net.Listener) error {
	handler, err := e.handler() //nolint:contextcheck // what it registers takes the context of each request
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	e.logger.LogAttrs(ctx, slog.LevelInfo, "http api listens", slog.String("addr", listener.Addr().String()))
	engine, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, edge := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer stop()
		return httpapi.Serve(edge, listener, handler)
	})
	if e.stream != nil {
		// It ends with the edge, or its streams would hold up the end of the requests in flight.
		group.Go(func() error { return e.stream.Run(edge) })
	}
	if e.webhooks != nil {
		group.Go(func() error { e.webhooks.Run(edge); return nil })
	}
	group.Go(func() error {
		err := e.Run(engine)
		if engine.Err() != nil {
			return nil
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return nil
}

func (e *Engine) handler() (http.Handler, error) {
	verdicts := projections.NewVerdicts(e.outcomes, e.Progress, e.views)
	options := httpapi.Options{
		Ingest: ingest.New(e.Log, e.policy.get, time.Now, ingest.Options{Outcomes: verdicts}),
		Query:  e.views, Waiter: e.Progress, History: e.reader, Ends: e.Log, Ready: e.ready,
		Control: e.control, Records: e.Log, MaxLag: e.config.MaxLag,
		BasePolicy: func() *domain.Policy { return e.views.live.Load().fold.Policy() },
		Metrics:    e.metrics, Version: e.config.Version, Logger: e.logger,
	}
	if e.pool != nil {
		options.Generations = func(ctx context.Context) ([]pgview.GenerationStatus, error) {
			return pgview.ListGenerations(ctx, e.pool)
		}
	}
	if e.stream != nil {
		options.Stream, options.Brokers = e.stream, e.Log.Brokers()
	}
	if e.webhooks != nil {
		options.Webhooks = e.webhooks
	}
	return httpapi.New(options)
}
