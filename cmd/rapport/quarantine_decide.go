package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// quarantineRedriveCmd appends records anew that were set aside.
type quarantineRedriveCmd struct {
	clientFlags
	actorFlag
	Position []string `arg:"" optional:"" help:"Places of the records, for example 3:1204."`
	All      bool     `help:"Every record that is open, the oldest first."`
}

// redriven is what became of a record. Version is nil when the verdict did not come in time.
type redriven struct {
	Position string         `json:"position"`
	Redriven string         `json:"redriven_position"`
	Status   string         `json:"status"`
	Version  *int64         `json:"version,omitempty"`
	Errors   []fieldProblem `json:"errors,omitempty"`
}

// redrivenDocument is what became of all records.
type redrivenDocument struct {
	Results []redriven `json:"results"`
}

// Run redrives the records in the order given and prints the verdict on each. A record that is set aside again is exit
// code 4.
func (c *quarantineRedriveCmd) Run(ctx context.Context, a *app) error {
	if c.All == (len(c.Position) > 0) {
		return &exitError{exitUsage, errors.New("give positions or --all")}
	}
	if c.All {
		open, err := c.open(ctx)
		if err != nil {
			return err
		}
		c.Position = open
	}
	results := redrivenDocument{Results: []redriven{}}
	again := 0
	err := each(c.Position, func(position string) error {
		result, err := c.redrive(ctx, position)
		if err != nil {
			return err
		}
		if result.Status == "conflict" || result.Status == "invalid" {
			again++
		}
		results.Results = append(results.Results, *result)
		return nil
	})
	if err == nil && again > 0 {
		err = &exitError{exitConflict, fmt.Errorf("redrive: %d of %d records were set aside again", again, len(c.Position))}
	}
	return errors.Join(printValue(a, results, (*printer).redriven), err)
}

// open returns the places of the open records, the oldest first.
func (c *quarantineRedriveCmd) open(ctx context.Context) ([]string, error) {
	var open []string
	for cursor := ""; ; {
		document, err := c.get(ctx, query("status", "open", "limit", "500", "cursor", cursor), "v1", "quarantine")
		if err != nil {
			return nil, err
		}
		var page quarantineDocument
		if err := json.Unmarshal(document, &page); err != nil {
			return nil, fmt.Errorf("read the answer: %w", err)
		}
		for i := range page.Items {
			open = append(open, page.Items[i].position())
		}
		if cursor = page.Next; cursor == "" {
			slices.Reverse(open)
			return open, nil
		}
	}
}

func (c *quarantineRedriveCmd) redrive(ctx context.Context, position string) (*redriven, error) {
	answer, err := c.order(ctx, c.actorFlag, "", "", "v1", "quarantine", position, "redrive")
	if err != nil {
		return nil, err
	}
	var result appendResult
	if err := json.Unmarshal(answer, &result); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return &redriven{Position: position, Redriven: result.Position, Status: result.Status, Version: result.Version, Errors: result.Errors}, nil
}

func (p *printer) redriven(d *redrivenDocument) {
	rows := make([]table.Row, 0, len(d.Results))
	for i := range d.Results {
		r := &d.Results[i]
		verdict, number := r.Status, amount("")
		if r.Version != nil {
			number = amount(strconv.FormatInt(*r.Version, 10))
		} else if r.Status == "accepted" {
			verdict = "unknown yet"
		}
		var broken []string
		for _, f := range r.Errors {
			broken = append(broken, strings.TrimSpace(f.Pointer+" "+f.Message)+" ("+f.Rule+")")
		}
		rows = append(rows, table.Row{r.Position, r.Redriven, verdict, number, strings.Join(broken, "; ")})
	}
	p.table(table.Row{"POSITION", "NEW POSITION", "VERDICT", "VERSION", "PROBLEMS"}, rows)
}

// quarantineDiscardCmd leaves records out that were set aside.
type quarantineDiscardCmd struct {
	clientFlags
	actorFlag
	Position []string `arg:"" help:"Places of the records, for example 3:1204."`
	Reason   string   `help:"Why they are left out." required:"" placeholder:"TEXT"`
}

// discarded is a record that is left out, and the place of the note that says so.
type discarded struct {
	Position string `json:"position"`
	Noted    string `json:"noted_position"`
}

// discardedDocument is the records that are left out.
type discardedDocument struct {
	Results []discarded `json:"results"`
}

// Run discards the records and prints where the decision stands in the log.
func (c *quarantineDiscardCmd) Run(ctx context.Context, a *app) error {
	body, err := json.Marshal(map[string]string{"reason": c.Reason})
	if err != nil {
		return fmt.Errorf("discard: %w", err)
	}
	results := discardedDocument{Results: []discarded{}}
	err = each(c.Position, func(position string) error {
		answer, err := c.order(ctx, c.actorFlag, "application/json", string(body), "v1", "quarantine", position, "discard")
		if err != nil {
			return err
		}
		var noted struct {
			Position string `json:"position"`
		}
		if err := json.Unmarshal(answer, &noted); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		results.Results = append(results.Results, discarded{Position: position, Noted: noted.Position})
		return nil
	})
	return errors.Join(printValue(a, results, (*printer).discarded), err)
}

func (p *printer) discarded(d *discardedDocument) {
	for i := range d.Results {
		p.line("%s", clean("discarded "+d.Results[i].Position+", noted at "+d.Results[i].Noted))
	}
}
