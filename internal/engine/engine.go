// Package engine wires the parts into one running engine: the log (a Kafka cluster, or the embedded broker), the views
// (PostgreSQL, or memory), the projections between them, and the HTTP edge.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/obs"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/pgview"
)

// Config is what an engine is made of.
type Config struct {
	// Log says where the log is.
	Log LogConfig
	// DatabaseURL is the PostgreSQL that keeps the views. Default: none, they are kept in memory.
	DatabaseURL string
	// Policy is the policy in force. Default: domain.DefaultPolicy.
	Policy *domain.Policy
	// Version is the version of the program, for the API's document.
	Version string
}

// Engine is an opened engine. Its parts may be used as soon as it is open; the views follow the log while Run runs.
type Engine struct {
	// Log is the event log.
	Log *eventstore.Log
	// Views answers queries.
	Views projections.Query
	// Progress says how far the views have come.
	Progress *projections.Progress

	config   Config
	logger   *slog.Logger
	runner   *projections.Runner
	outcomes *projections.Outcomes
	reader   *replay.Reader
	start    eventstore.Positions
	closes   []func() error
}

// Open opens the log and the views. It starts nothing but the embedded broker; Close ends that and lets go of the rest.
func Open(ctx context.Context, c Config, logger *slog.Logger) (e *Engine, err error) {
	if c.Policy == nil {
		c.Policy = domain.DefaultPolicy()
	}
	e = &Engine{config: c, logger: logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	log, closeLog, err := OpenLog(ctx, c.Log, logger)
	if err != nil {
		return e, err
	}
	e.Log, e.closes = log, append(e.closes, closeLog)
	if e.start, err = log.Ends(ctx); err != nil {
		return e, err
	}
	fold := projections.NewFold(c.Policy)
	store, err := e.openViews(ctx, fold)
	if err != nil {
		return e, err
	}
	e.Views = store
	e.Progress = projections.NewProgress(log.Partitions())
	e.runner = projections.NewRunner(log, store, fold, projections.Bound{}, e.Progress, logger)
	e.outcomes = projections.NewOutcomes(log.Partitions(), projections.OutcomesOptions{})
	e.runner.Remember(e.outcomes)
	e.reader = replay.NewReader(log, store, fold)
	return e, nil
}

func (e *Engine) openViews(ctx context.Context, fold *projections.Fold) (projections.Store, error) {
	if e.config.DatabaseURL == "" {
		return memview.New(fold, e.Log.Partitions()), nil
	}
	pool, err := pg.Open(ctx, e.config.DatabaseURL, pg.Options{})
	if err != nil {
		return nil, err
	}
	e.closes = append(e.closes, func() error { pool.Close(); return nil })
	return pgview.Open(ctx, pool, fold, pgview.Options{Partitions: e.Log.Partitions()})
}

// Run folds the log into the views until ctx ends or a partition fails.
func (e *Engine) Run(ctx context.Context) error { return e.runner.Run(ctx) }

// Serve runs the engine and answers HTTP on the listener, which it closes, until ctx ends; then it returns nil.
func (e *Engine) Serve(ctx context.Context, listener net.Listener) error {
	handler, err := e.handler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	e.logger.LogAttrs(ctx, slog.LevelInfo, "http api listens", slog.String("addr", listener.Addr().String()))
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error { return e.Run(inner) })
	group.Go(func() error { return httpapi.Serve(inner, listener, handler) })
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func (e *Engine) handler() (http.Handler, error) {
	policy := func() *domain.Policy { return e.config.Policy }
	return httpapi.New(httpapi.Options{
		Ingest: ingest.New(e.Log, policy, time.Now, ingest.Options{Outcomes: e.outcomes}),
		Query:  e.Views, Waiter: e.Progress, History: e.reader, Ends: e.Log, Ready: e.ready,
		Metrics: obs.NewMetrics(), Version: e.config.Version, Logger: e.logger,
	})
}

// ready returns nil once the views have taken in what was in the log when the engine was opened, while they can be
// written.
func (e *Engine) ready(context.Context) error {
	if n := e.Progress.Failing(); n > 0 {
		return fmt.Errorf("views of %d partitions cannot be written", n)
	}
	if at := e.Progress.Positions(); !at.Reached(e.start) {
		return fmt.Errorf("views are at %s of %s", at, e.start)
	}
	return nil
}

// CatchUp waits until the views have taken in everything that is in the log now.
func (e *Engine) CatchUp(ctx context.Context) error {
	ends, err := e.Log.Ends(ctx)
	if err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	return e.Progress.Wait(ctx, ends)
}

// Close lets go of everything that Open took, the last first.
func (e *Engine) Close() error {
	var faults []error
	for _, c := range slices.Backward(e.closes) {
		faults = append(faults, c())
	}
	e.closes = nil
	return errors.Join(faults...)
}
