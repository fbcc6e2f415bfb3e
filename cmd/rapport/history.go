package main

import (
	"context"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
)

// historyCmd prints how a customer stood after each event.
type historyCmd struct {
	clientFlags
	afterFlag
	pageFlags
	ID        string `arg:"" help:"Customer id."`
	AsOf      string `help:"As the customer was then, RFC 3339 or a date (its first instant in UTC)." placeholder:"TIME"`
	Ascending bool   `help:"The oldest first. Default: the newest first."`
}

// Run reads one page of the history and prints it.
func (c *historyCmd) Run(ctx context.Context, a *app) error {
	asOf, err := timeFlag("--as-of", c.AsOf)
	if err != nil {
		return err
	}
	q := query("limit", c.limit(), "cursor", c.Cursor, "as_of", asOf, "after", c.After)
	if c.Ascending {
		q.Set("order", "asc")
	}
	document, err := c.get(ctx, q, "v1", "customers", c.ID, "history")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, page *replay.HistoryPage) {
		p.turns(page.Items)
		a.nextPage(page.Next)
	})
}

func (p *printer) turns(turns []projections.Turn) {
	rows := make([]table.Row, 0, len(turns))
	for i := range turns {
		t := &turns[i]
		stage, level, event, id := t.Stage.String(), t.Level.String(), "", ""
		if t.FromStage != nil {
			stage = t.FromStage.String() + " → " + stage
		}
		if t.FromLevel != nil {
			level = t.FromLevel.String() + " → " + level
		}
		if t.Event != nil {
			event, id = t.Event.Type, t.Event.ID
		}
		rows = append(rows, table.Row{when(t.At), event, stage, level, amount(optionalPoints(t.Score)), yesNo(new(t.Lost)), id})
	}
	p.table(table.Row{"AT", "EVENT", "STAGE", "RISK", "SCORE", "LOST", "ID"}, rows)
}
