package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/refold"
)

// databaseFlags say where the views are that a rebuild works on.
type databaseFlags struct {
	DatabaseURL string `help:"PostgreSQL that keeps the views." placeholder:"URL" env:"RAPPORT_DATABASE_URL"`
}

// check refuses to work without a database: views in memory are rebuilt at every start.
func (f databaseFlags) check(verb string) error {
	if f.DatabaseURL == "" {
		return &exitError{exitUsage, fmt.Errorf("%s: --database-url is missing; views in memory are rebuilt at every start of the server", verb)}
	}
	return nil
}

// rebuildCmd folds the log into a new generation of views and shows it in place of the live one.
type rebuildCmd struct {
	logFlags
	policyFlags
	databaseFlags
	Memory            byteSize `help:"Memory that the rebuild may take, for example 512MiB or 4GiB. With less of it the log is read more often." default:"1GiB"`
	AcceptDifferences bool     `help:"Show the new generation although it differs from the live one."`
	DropOld           bool     `help:"Drop the replaced generation soon after the switch, instead of keeping it for a rollback."`
	Follow            bool     `help:"Show the progress of the rebuild that another process runs, until it ends."`
}

// streamShare is the part of the memory that the streams may take. The rest is for what is read and written, and for the
// collector to work in.
const streamShare = 0.6

// dropGrace is how long the replaced generation stays after the switch, for readers that are at work on it.
const dropGrace = 5 * time.Second

// Run rebuilds, or follows another process that does.
func (c *rebuildCmd) Run(ctx context.Context, a *app) error {
	if err := c.check("rebuild"); err != nil {
		return err
	}
	if c.Memory <= 0 {
		return &exitError{exitUsage, errors.New("rebuild: --memory must be positive")}
	}
	if c.Follow {
		return c.follow(ctx, a)
	}
	done, err := c.rebuild(ctx, a)
	different, differs := errors.AsType[*pgview.DifferentError](err)
	switch {
	case differs:
		if err := printValue(a, different, (*printer).different); err != nil {
			return err
		}
		hint := "look at the generation, then rebuild with --accept-differences, or drop it"
		return &exitError{exitDifferent, fmt.Errorf("%w; %s", err, hint)}
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%w; the same command goes on where it stopped", err)
	case err != nil:
		return err
	}
	return printValue(a, done, (*printer).rebuilt)
}

func (c *rebuildCmd) rebuild(ctx context.Context, a *app) (done *pgview.Rebuilt, err error) {
	var policy *domain.Policy
	if c.Policy != "" {
		if policy, err = c.load(); err != nil {
			return nil, &exitError{exitUsage, fmt.Errorf("rebuild: %w", err)}
		}
	}
	log, closeLog, err := a.openLog(ctx, c.logFlags)
	if err != nil {
		return nil, fmt.Errorf("rebuild: %w", err)
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	pool, err := pg.Open(ctx, c.DatabaseURL, pg.Options{ApplicationName: "rapport rebuild"})
	if err != nil {
		return nil, fmt.Errorf("rebuild: %w", err)
	}
	defer pool.Close()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(int64(c.Memory)))
	show := newFoldProgress(a, "rebuild", log.Partitions())
	done, err = pgview.Rebuild(ctx, pool, log, pgview.RebuildOptions{
		Policy: policy, Memory: int64(streamShare * float64(c.Memory)), Accept: c.AcceptDifferences, Progress: show.report, Logger: a.Logger,
	})
	show.end()
	if err != nil || !c.DropOld || done.Replaced == "" {
		return done, err
	}
	select {
	case <-time.After(dropGrace):
	case <-ctx.Done():
		a.Logger.LogAttrs(ctx, slog.LevelWarn, "interrupted before the old generation was dropped", slog.String("generation", done.Replaced))
		return done, nil
	}
	id, err := generationID(done.Replaced)
	if err != nil {
		return nil, err
	}
	return done, pgview.DropGeneration(ctx, pool, id)
}

// followEvery is how often the progress of another process is looked at.
const followEvery = time.Second

// follow shows the progress of the rebuild that another process runs.
func (c *rebuildCmd) follow(ctx context.Context, a *app) error {
	pool, err := pg.Open(ctx, c.DatabaseURL, pg.Options{ApplicationName: "rapport rebuild --follow"})
	if err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	defer pool.Close()
	f := &followed{app: a}
	for {
		list, err := pgview.ListGenerations(ctx, pool)
		if err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		if ended, err := f.look(ctx, list); ended || err != nil {
			return err
		}
		select {
		case <-time.After(followEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// followed is a rebuild that another process runs.
type followed struct {
	app  *app
	id   int
	show *foldProgress
}

// look shows how far the rebuild is, and reports whether it has ended.
func (f *followed) look(ctx context.Context, list []pgview.GenerationStatus) (ended bool, err error) {
	for i := range list {
		g := &list[i]
		if g.Rebuild == nil || f.id != 0 && g.ID != f.id || f.id == 0 && !g.Rebuild.Running {
			continue
		}
		if f.id == 0 {
			f.id, f.show = g.ID, newFoldProgress(f.app, "rebuild", len(g.Rebuild.Partitions))
		}
		if g.Rebuild.Running {
			for _, p := range g.Rebuild.Partitions {
				f.show.tell(ctx, refold.Progress{Partition: p.Partition, From: p.SharesDone, To: max(p.SharesTo, p.SharesDone), Next: p.ReadTo, End: p.Pinned})
			}
			return false, nil
		}
		f.show.end()
		if err := printValue(f.app, g, (*printer).generation); err != nil {
			return true, err
		}
		switch g.Rebuild.Phase {
		case pgview.PhaseDone:
			return true, nil
		case pgview.PhaseDifferent:
			return true, &exitError{exitDifferent, errors.New("rebuild: the new generation differs from the live one and was not shown")}
		default:
			return true, errors.New("rebuild: the process that ran it has ended; `rapport rebuild` goes on where it stopped")
		}
	}
	if f.id == 0 {
		return true, &exitError{exitNotFound, errors.New("rebuild: no rebuild is running")}
	}
	return true, errors.New("rebuild: the generation was dropped")
}

func (p *printer) rebuilt(r *pgview.Rebuilt) {
	p.fields(
		"live", r.Generation,
		"replaced", r.Replaced,
		"positions", r.Positions.String(),
		"records loaded", strconv.FormatInt(r.Records, 10),
		"compared", map[bool]string{true: "counts and digests", false: "counts"}[r.Exact],
	)
	p.differences(r.Differences)
}

func (p *printer) different(e *pgview.DifferentError) {
	p.fields("generation", e.Generation, "differences", strconv.Itoa(len(e.Differences)))
	p.differences(e.Differences)
}

// differences lists what a new generation shows otherwise than the one before it.
func (p *printer) differences(list []refold.Difference) {
	var rows []table.Row
	for _, d := range list {
		for _, f := range d.Fields {
			rows = append(rows, table.Row{d.Kind, d.Partition, d.ID, f.Name, shortened(f.Live), shortened(f.Log)})
		}
	}
	if len(rows) > 0 {
		p.line("")
		p.table(table.Row{"WHAT", "PARTITION", "ID", "FIELD", "BEFORE", "NEW"}, rows)
	}
}

// generationID reads the number of a generation: 7, or the name of its schema, rapport_g7.
func generationID(text string) (int, error) {
	id, err := strconv.Atoi(strings.TrimPrefix(text, "rapport_g"))
	if err != nil || id < 1 {
		return 0, &exitError{exitUsage, fmt.Errorf("%q is not a generation such as 7 or rapport_g7", text)}
	}
	return id, nil
}
