package main

import (
	"context"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/internal/replay"
)

// timelineCmd prints the events of one customer.
type timelineCmd struct {
	clientFlags
	afterFlag
	pageFlags
	ID        string   `arg:"" help:"Customer id."`
	Type      []string `help:"Only events of these types." placeholder:"TYPE"`
	Ascending bool     `help:"The oldest first. Default: the newest first."`
}

// Run reads one page of the timeline and prints it.
func (c *timelineCmd) Run(ctx context.Context, a *app) error {
	q := query("limit", c.limit(), "cursor", c.Cursor, "type", strings.Join(c.Type, ","), "after", c.After)
	if c.Ascending {
		q.Set("order", "asc")
	}
	document, err := c.get(ctx, q, "v1", "customers", c.ID, "timeline")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, page *replay.TimelinePage) {
		p.timeline(page)
		a.nextPage(page.Next)
	})
}

func (p *printer) timeline(page *replay.TimelinePage) {
	rows := make([]table.Row, 0, len(page.Items))
	for i := range page.Items {
		e := &page.Items[i]
		rows = append(rows, table.Row{
			e.Version, when(e.OccurredAt), e.Type, e.ID, e.Channel, e.Actor, e.Position.String(), when(e.RecordedAt), string(e.Data),
		})
	}
	p.table(table.Row{"VERSION", "OCCURRED AT", "TYPE", "ID", "CHANNEL", "ACTOR", "POSITION", "RECORDED AT", "DATA"}, rows)
}
