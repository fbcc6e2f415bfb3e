package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/refold"
)

// generationsCmd administers the generations of views in a database.
type generationsCmd struct {
	List     generationsListCmd     `cmd:"" default:"withargs" help:"List the generations, and how far rebuilds are."`
	Rollback generationsRollbackCmd `cmd:"" help:"Show a kept generation again, after it has caught up with the log."`
	Drop     generationsDropCmd     `cmd:"" help:"Remove a generation that is not live."`
}

// generationsListCmd lists the generations.
type generationsListCmd struct {
	databaseFlags
}

// generationsDocument is the list of generations.
type generationsDocument struct {
	Items []pgview.GenerationStatus `json:"items"`
}

// Run reads the generations of the database and prints them.
func (c *generationsListCmd) Run(ctx context.Context, a *app) error {
	if err := c.check("generations"); err != nil {
		return err
	}
	pool, err := pg.Open(ctx, c.DatabaseURL, pg.Options{ApplicationName: "rapport generations"})
	if err != nil {
		return fmt.Errorf("generations: %w", err)
	}
	defer pool.Close()
	if err := pgview.Migrate(ctx, pool); err != nil {
		return fmt.Errorf("generations: %w", err)
	}
	list, err := pgview.ListGenerations(ctx, pool)
	if err != nil {
		return fmt.Errorf("generations: %w", err)
	}
	return printValue(a, generationsDocument{Items: append([]pgview.GenerationStatus{}, list...)}, (*printer).generations)
}

// generationsRollbackCmd shows a kept generation again.
type generationsRollbackCmd struct {
	logFlags
	databaseFlags
	ID string `arg:"" optional:"" help:"The generation. Default: the one that was live before."`
}

// Run folds the kept generation up to where the live one is and shows it.
func (c *generationsRollbackCmd) Run(ctx context.Context, a *app) (err error) {
	if err := c.check("generations rollback"); err != nil {
		return err
	}
	id := 0
	if c.ID != "" {
		if id, err = generationID(c.ID); err != nil {
			return err
		}
	}
	log, closeLog, err := a.openLog(ctx, c.logFlags)
	if err != nil {
		return fmt.Errorf("generations rollback: %w", err)
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	pool, err := pg.Open(ctx, c.DatabaseURL, pg.Options{ApplicationName: "rapport rollback"})
	if err != nil {
		return fmt.Errorf("generations rollback: %w", err)
	}
	defer pool.Close()
	done, err := pgview.Rollback(ctx, pool, log, id, pgview.RebuildOptions{Logger: a.Logger})
	if err != nil {
		return missingGeneration(err)
	}
	return printValue(a, done, (*printer).rebuilt)
}

// generationsDropCmd removes a generation.
type generationsDropCmd struct {
	databaseFlags
	ID string `arg:"" help:"The generation."`
}

// generationDropped is the result of a drop.
type generationDropped struct {
	Dropped int `json:"dropped"`
}

// Run removes the generation with its tables.
func (c *generationsDropCmd) Run(ctx context.Context, a *app) error {
	if err := c.check("generations drop"); err != nil {
		return err
	}
	id, err := generationID(c.ID)
	if err != nil {
		return err
	}
	pool, err := pg.Open(ctx, c.DatabaseURL, pg.Options{ApplicationName: "rapport generations"})
	if err != nil {
		return fmt.Errorf("generations drop: %w", err)
	}
	defer pool.Close()
	if err := pgview.DropGeneration(ctx, pool, id); err != nil {
		return missingGeneration(err)
	}
	return printValue(a, &generationDropped{Dropped: id}, func(p *printer, d *generationDropped) {
		p.fields("dropped", strconv.Itoa(d.Dropped))
	})
}

// missingGeneration gives the error for a generation that does not exist its exit code.
func missingGeneration(err error) error {
	if errors.Is(err, pgview.ErrNoGeneration) {
		return &exitError{exitNotFound, err}
	}
	return err
}

func (p *printer) generations(d *generationsDocument) {
	rows := make([]table.Row, 0, len(d.Items))
	for i := range d.Items {
		g := &d.Items[i]
		phase, done := "", amount("")
		if g.Rebuild != nil {
			phase, done = string(g.Rebuild.Phase), percent(int64(1000*g.Rebuild.Done()), 1000)
		}
		rows = append(rows, table.Row{g.ID, string(g.State), g.PolicyVersion, g.Customers, g.Era, moment(g.CreatedAt), moment(g.ShownAt), phase, done})
	}
	p.table(table.Row{"ID", "STATE", "POLICY", "CUSTOMERS", "ERA", "MADE", "SHOWN", "REBUILD", "LOADED"}, rows)
	for i := range d.Items {
		if r := d.Items[i].Rebuild; r != nil && r.Running {
			p.line("")
			p.generation(&d.Items[i])
		}
	}
}

// generation prints how far the rebuild of a generation is.
func (p *printer) generation(g *pgview.GenerationStatus) {
	p.fields("generation", g.Name, "state", string(g.State), "positions", g.Positions.String())
	if g.Rebuild == nil {
		return
	}
	p.fields("rebuild", string(g.Rebuild.Phase), "remark", g.Rebuild.Detail)
	rows := make([]table.Row, 0, len(g.Rebuild.Partitions))
	for _, r := range g.Rebuild.Partitions {
		rows = append(rows, table.Row{
			r.Partition, fmt.Sprintf("%d of %d", r.SharesDone, refold.Shares), r.Records(), r.Pinned, percent(int64(1000*r.Done()), 1000),
			rate(r.Rate(), 0), amount(r.Remaining().Round(time.Second).String()),
		})
	}
	p.table(table.Row{"PARTITION", "SHARES LOADED", "RECORDS", "OF", "DONE", "RECORDS/S", "REMAINING"}, rows)
}

// moment returns a time for people and programs alike, empty for never.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
