package main

import (
	"context"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// quarantineCmd lists the records that were set aside.
type quarantineCmd struct {
	clientFlags
	afterFlag
	pageFlags
}

// Run reads one page of the list, the newest first, and prints it.
func (c *quarantineCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, query("limit", c.limit(), "cursor", c.Cursor, "after", c.After), "v1", "quarantine")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, page *quarantineDocument) {
		p.quarantine(page)
		a.nextPage(page.Next)
	})
}

// quarantineDocument is the public form of the list as it is read back: verdicts are names there.
type quarantineDocument struct {
	Items []struct {
		Partition int                             `json:"partition"`
		Offset    int64                           `json:"offset"`
		Customer  string                          `json:"customer"`
		Event     string                          `json:"event"`
		Type      string                          `json:"type"`
		Recorded  domain.Instant                  `json:"recorded_at"`
		Verdict   string                          `json:"verdict"`
		Problems  []projections.QuarantineProblem `json:"problems"`
	} `json:"items"`
	Next string `json:"next"`
}

func (p *printer) quarantine(page *quarantineDocument) {
	rows := make([]table.Row, 0, len(page.Items))
	for i := range page.Items {
		q := &page.Items[i]
		at := eventstore.Position{Partition: q.Partition, Offset: q.Offset}
		rows = append(rows, table.Row{
			when(q.Recorded), at.String(), q.Customer, q.Type, q.Event, q.Verdict, problems(q.Problems),
		})
	}
	p.table(table.Row{"RECORDED AT", "POSITION", "CUSTOMER", "TYPE", "EVENT", "VERDICT", "PROBLEMS"}, rows)
}

// problems returns the fields and the rules they break in one line.
func problems(found []projections.QuarantineProblem) string {
	parts := make([]string, 0, len(found))
	for _, f := range found {
		parts = append(parts, strings.TrimSpace(f.Pointer+" "+f.Message)+" ("+f.Rule+")")
	}
	return strings.Join(parts, "; ")
}
