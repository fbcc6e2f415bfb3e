package main

import (
	"context"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// quarantineCmd is about the records that were set aside.
type quarantineCmd struct {
	List    quarantineListCmd    `cmd:"" default:"withargs" help:"List the records."`
	Show    quarantineShowCmd    `cmd:"" help:"Print one record with the rules it breaks. It may hold personal data."`
	Redrive quarantineRedriveCmd `cmd:"" help:"Append records anew, as they are."`
	Discard quarantineDiscardCmd `cmd:"" help:"Leave records out for a reason."`
}

// quarantineListCmd lists the records that were set aside.
type quarantineListCmd struct {
	clientFlags
	afterFlag
	pageFlags
	Status string `help:"Records about which this was done: ${enum}." enum:"open,redriven,discarded,all" default:"open"`
}

// Run reads one page of the list, the newest first, and prints it.
func (c *quarantineListCmd) Run(ctx context.Context, a *app) error {
	q := query("status", c.Status, "limit", c.limit(), "cursor", c.Cursor, "after", c.After)
	document, err := c.get(ctx, q, "v1", "quarantine")
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
	Items []quarantined `json:"items"`
	Next  string        `json:"next"`
}

// quarantined is one record that was set aside.
type quarantined struct {
	Partition  int                             `json:"partition"`
	Offset     int64                           `json:"offset"`
	Customer   string                          `json:"customer"`
	Event      string                          `json:"event"`
	Type       string                          `json:"type"`
	Recorded   domain.Instant                  `json:"recorded_at"`
	Verdict    string                          `json:"verdict"`
	Problems   []projections.QuarantineProblem `json:"problems"`
	Status     string                          `json:"status"`
	ResolvedAt domain.Instant                  `json:"resolved_at"`
	ResolvedBy string                          `json:"resolved_by"`
	Reason     string                          `json:"reason"`
	Redriven   string                          `json:"redriven_position"`
}

// position returns the place of the record.
func (q *quarantined) position() string {
	return eventstore.Position{Partition: q.Partition, Offset: q.Offset}.String()
}

func (p *printer) quarantine(page *quarantineDocument) {
	rows := make([]table.Row, 0, len(page.Items))
	for i := range page.Items {
		q := &page.Items[i]
		rows = append(rows, table.Row{
			when(q.Recorded), q.position(), q.Customer, q.Type, q.Event, q.Verdict, q.Status, problems(q.Problems),
		})
	}
	p.table(table.Row{"RECORDED AT", "POSITION", "CUSTOMER", "TYPE", "EVENT", "VERDICT", "STATUS", "PROBLEMS"}, rows)
}

// problems returns the fields and the rules they break in one line.
func problems(found []projections.QuarantineProblem) string {
	parts := make([]string, 0, len(found))
	for _, f := range found {
		parts = append(parts, strings.TrimSpace(f.Pointer+" "+f.Message)+" ("+f.Rule+")")
	}
	return strings.Join(parts, "; ")
}

// quarantineShowCmd prints one record that was set aside.
type quarantineShowCmd struct {
	clientFlags
	afterFlag
	Position string `arg:"" help:"Place of the record, for example 3:1204."`
}

// Run reads the entry with its record and prints it.
func (c *quarantineShowCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, query("after", c.After), "v1", "quarantine", c.Position)
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).quarantineEntry)
}

// quarantineEntry is one record that was set aside, with what stands in the log, as far as it is text.
type quarantineEntry struct {
	quarantined
	Record *struct {
		Key     *string `json:"key"`
		Value   *string `json:"value"`
		Bytes   int     `json:"bytes"`
		Headers []struct {
			Name  string  `json:"name"`
			Value *string `json:"value"`
		} `json:"headers"`
	} `json:"record"`
}

func (p *printer) quarantineEntry(e *quarantineEntry) {
	p.fields(
		"position", e.position(), "recorded at", when(e.Recorded), "customer", e.Customer, "type", e.Type, "event", e.Event,
		"verdict", e.Verdict, "status", e.Status, "resolved at", when(e.ResolvedAt), "resolved by", e.ResolvedBy,
		"reason", e.Reason, "redriven as", e.Redriven,
	)
	rows := make([]table.Row, 0, len(e.Problems))
	for _, f := range e.Problems {
		rows = append(rows, table.Row{f.Pointer, f.Rule, f.Message})
	}
	p.section("PROBLEMS")
	p.table(table.Row{"FIELD", "RULE", "MESSAGE"}, rows)
	if e.Record == nil {
		return
	}
	p.section("RECORD")
	pairs := []string{"key", shownText(e.Record.Key)}
	for _, h := range e.Record.Headers {
		pairs = append(pairs, clean(h.Name), shownText(h.Value))
	}
	p.fields(pairs...)
	p.line("")
	p.line("%s", clean(shownText(e.Record.Value)))
}

// shownText returns what stands in a record, as far as it is text.
func shownText(s *string) string {
	if s == nil {
		return "(no text)"
	}
	return *s
}
