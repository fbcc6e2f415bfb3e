package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
)

// redriveCmd has the records of parked streams folded, or lists these streams.
type redriveCmd struct {
	clientFlags
	actorFlag
	pageFlags
	ID  []string `arg:"" optional:"" help:"Ids of parked customers. Without any, a page of the parked ones is listed."`
	All bool     `help:"Every parked customer."`
}

// parkedDocument is the public form of the list of parked streams.
type parkedDocument struct {
	Items []parkedStream `json:"items"`
	Next  string         `json:"next"`
}

type parkedStream struct {
	Partition int            `json:"partition"`
	Customer  string         `json:"customer"`
	Position  string         `json:"position"`
	At        domain.Instant `json:"parked_at"`
	Error     string         `json:"error"`
	Queue     int64          `json:"queue"`
}

// redrivenStream is what became of a stream. Parked is nil when the views did not say in time.
type redrivenStream struct {
	Customer string `json:"customer"`
	Position string `json:"position"`
	Parked   *bool  `json:"parked,omitempty"`
}

// redrivenStreams is what became of all streams.
type redrivenStreams struct {
	Results []redrivenStream `json:"results"`
}

// Run redrives the streams, the one parked longest first, and prints what became of them. A stream that stays parked is
// exit code 1.
func (c *redriveCmd) Run(ctx context.Context, a *app) error {
	paged := c.Limit != 0 || c.Cursor != ""
	switch {
	case c.All && len(c.ID) > 0:
		return &exitError{exitUsage, errors.New("give ids or --all")}
	case paged && (c.All || len(c.ID) > 0):
		return &exitError{exitUsage, errors.New("--limit and --cursor are for the list, without ids and --all")}
	case c.All:
		if err := c.findAll(ctx); err != nil {
			return err
		}
	case len(c.ID) == 0:
		return c.list(ctx, a)
	}
	results := redrivenStreams{Results: []redrivenStream{}}
	still := 0
	err := each(c.ID, func(id string) error {
		answer, err := c.order(ctx, c.actorFlag, "", "", "v1", "parked", id, "redrive")
		if err != nil {
			return err
		}
		result := redrivenStream{Customer: id}
		if err := json.Unmarshal(answer, &result); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		if result.Parked != nil && *result.Parked {
			still++
		}
		results.Results = append(results.Results, result)
		return nil
	})
	if still > 0 {
		err = errors.Join(err, fmt.Errorf("redrive: the fold breaks down on %d of %d streams still", still, len(c.ID)))
	}
	return errors.Join(printValue(a, results, (*printer).redrivenStreams), err)
}

// list prints one page of the parked streams, the one parked longest first.
func (c *redriveCmd) list(ctx context.Context, a *app) error {
	document, err := c.get(ctx, query("limit", c.limit(), "cursor", c.Cursor), "v1", "parked")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, page *parkedDocument) {
		p.parked(page)
		a.nextPage(page.Next)
	})
}

// findAll takes the ids of all parked streams, page by page.
func (c *redriveCmd) findAll(ctx context.Context) error {
	for cursor := ""; ; {
		document, err := c.get(ctx, query("limit", "500", "cursor", cursor), "v1", "parked")
		if err != nil {
			return err
		}
		var page parkedDocument
		if err := json.Unmarshal(document, &page); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		for i := range page.Items {
			c.ID = append(c.ID, page.Items[i].Customer)
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

func (p *printer) parked(d *parkedDocument) {
	rows := make([]table.Row, 0, len(d.Items))
	for i := range d.Items {
		k := &d.Items[i]
		cause, _, _ := strings.Cut(k.Error, "\n")
		rows = append(rows, table.Row{k.Customer, k.Position, when(k.At), k.Queue, cause})
	}
	p.table(table.Row{"CUSTOMER", "POSITION", "RECORDED AT", "WAITING", "ERROR"}, rows)
}

func (p *printer) redrivenStreams(all *redrivenStreams) {
	rows := make([]table.Row, 0, len(all.Results))
	for i := range all.Results {
		r := &all.Results[i]
		outcome := "unknown yet"
		switch {
		case r.Parked == nil:
		case *r.Parked:
			outcome = "parked still"
		default:
			outcome = "folded"
		}
		rows = append(rows, table.Row{r.Customer, r.Position, outcome})
	}
	p.table(table.Row{"CUSTOMER", "POSITION", "OUTCOME"}, rows)
}
