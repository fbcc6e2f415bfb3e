package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/demo"
	"github.com/rapport-crm/rapport/internal/engine"
	"github.com/rapport-crm/rapport/internal/kafkabus"
)

// demoCmd shows the engine at work on a generated dealer group.
type demoCmd struct {
	Customers int     `help:"Number of customers." default:"2000"`
	Days      int     `help:"Length of the history in days." default:"730"`
	Seed      uint64  `help:"Seed of the generator." default:"1"`
	Once      bool    `help:"Generate, fold, print the summary and exit."`
	End       string  `help:"Where the history ends, a date or RFC 3339. Default: 2026-07-01 with --once, else 60 days ago." placeholder:"TIME"`
	Speed     float64 `help:"How much faster than the clock life goes on after the history, until it has reached the present." default:"8640"`
	Addr      string  `help:"Address of the HTTP API." default:"127.0.0.1:8080" env:"RAPPORT_ADDR"`
}

// The end of a history that is the same on every run, and how far before the present that of a live one lies.
const (
	onceEnd  = "2026-07-01"
	liveLead = 60 * domain.Day
)

func (c *demoCmd) Run(ctx context.Context, a *app) (err error) {
	end, err := c.end(domain.InstantOf(time.Now()))
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("demo: --end: %w", err)}
	}
	world, err := demo.New(demo.Options{Customers: c.Customers, Days: c.Days, Seed: c.Seed, End: end})
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("demo: %w", err)}
	}
	dir, err := os.MkdirTemp("", "rapport-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	log := engine.LogConfig{Data: filepath.Join(dir, "data"), NoSync: true}
	// The generated past is read as of its own end, and what follows it by its own clock.
	policy, err := domain.ParsePolicy([]byte("clock: events"))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	e, err := engine.Open(ctx, engine.Config{Log: log, Policy: policy, NoOutputs: c.Once, NoReactor: c.Once, Version: version}, a.Logger)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if c.Once {
		err = c.once(ctx, a, e, world)
	} else {
		err = c.live(ctx, a, e, world)
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

func (c *demoCmd) end(now domain.Instant) (domain.Instant, error) {
	switch {
	case c.End != "":
		return parseWhen(c.End)
	case c.Once:
		return parseWhen(onceEnd)
	default:
		return now - liveLead, nil
	}
}

// once folds the history and prints the summary.
func (c *demoCmd) once(ctx context.Context, a *app, e *engine.Engine, world *demo.Generator) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error { return quiet(ctx, e.Run(inner)) })
	group.Go(func() error {
		defer stop()
		if err := c.history(inner, a, e, world); err != nil {
			return err
		}
		summary, err := e.Views.Summary(inner)
		if err != nil {
			return err
		}
		return a.printSummary(summary)
	})
	return group.Wait()
}

// quiet drops the error of a part that ended because ctx did.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// history appends the history and waits until the views show it.
func (c *demoCmd) history(ctx context.Context, a *app, e *engine.Engine, world *demo.Generator) error {
	began := time.Now()
	n, err := demo.Fill(ctx, e.Log, world.Events())
	if err != nil {
		return err
	}
	if err := e.CatchUp(ctx); err != nil {
		return err
	}
	a.Logger.LogAttrs(ctx, slog.LevelInfo, "history folded", slog.Int("events", n), slog.Duration("took", time.Since(began)))
	return nil
}

// live serves the API while the history is folded and life goes on.
func (c *demoCmd) live(ctx context.Context, a *app, e *engine.Engine, world *demo.Generator) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error { return e.Serve(inner, listener) })
	group.Go(func() error {
		if err := c.history(inner, a, e, world); err != nil {
			return quiet(ctx, err)
		}
		fmt.Fprintf(a.Stderr, "The dealer group is live: http://%s/v1/summary\n", listener.Addr())
		return quiet(ctx, c.feed(inner, e, world))
	})
	return group.Wait()
}

// feed lets life go on, as a producer of its own beside the engine.
func (c *demoCmd) feed(ctx context.Context, e *engine.Engine, world *demo.Generator) (err error) {
	publisher, err := kafkabus.NewPublisher(kafkabus.PublisherConfig{
		Connection: kafkabus.Connection{Brokers: e.Log.Brokers()}, Marshaler: kafkabus.HeaderMarshaler{OmitUUID: true},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, publisher.Close()) }()
	return world.Feed(ctx, publisher, e.Log.Topic(), kafkabus.PartitionKey, c.Speed)
}
