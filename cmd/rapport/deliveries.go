package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
)

// deliveriesCmd is about what was sent to webhooks, and what waits.
type deliveriesCmd struct {
	List      deliveriesListCmd      `cmd:"" default:"withargs" help:"List deliveries, the newest first."`
	Show      deliveriesShowCmd      `cmd:"" help:"Print one delivery with its last requests. It may hold personal data."`
	Redeliver deliveriesRedeliverCmd `cmd:"" help:"Send deliveries again that were delivered or died."`
}

// deliveriesDocument is the public form of the list.
type deliveriesDocument struct {
	Items []delivery `json:"items"`
	Next  string     `json:"next"`
}

// delivery is the public form of one delivery. Log and Body are those of a single one.
type delivery struct {
	ID          string         `json:"id"`
	Webhook     string         `json:"webhook"`
	Event       string         `json:"event"`
	Type        string         `json:"type"`
	Customer    string         `json:"customer"`
	Level       string         `json:"level"`
	Status      string         `json:"status"`
	Reason      string         `json:"reason"`
	CreatedAt   domain.Instant `json:"created_at"`
	FinishedAt  domain.Instant `json:"finished_at"`
	NextAttempt domain.Instant `json:"next_attempt_at"`
	HeldUntil   domain.Instant `json:"held_until"`
	Attempts    int            `json:"attempts"`
	Last        *attempt       `json:"last_attempt"`
	Log         []attempt      `json:"log"`
	Body        string         `json:"body"`
}

// attempt is one request and what came of it.
type attempt struct {
	At         domain.Instant `json:"at"`
	DurationMS int64          `json:"duration_ms"`
	Status     int            `json:"status"`
	Error      string         `json:"error"`
	Excerpt    string         `json:"excerpt"`
}

// outcome says in a few words what came of a request.
func (t *attempt) outcome() string {
	switch {
	case t == nil:
		return ""
	case t.Error == "":
		return strconv.Itoa(t.Status)
	default:
		return t.Error
	}
}

// parseDelivery reads the public form of one delivery.
func parseDelivery(document []byte) (*delivery, error) {
	d := new(delivery)
	if err := json.Unmarshal(document, d); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return d, nil
}

// deliveriesListCmd lists deliveries.
type deliveriesListCmd struct {
	clientFlags
	pageFlags
	Webhook  string `help:"Only deliveries to this webhook." placeholder:"ID"`
	Status   string `help:"Only deliveries that have come this far: ${enum}." enum:"pending,digested,delivered,dead,all" default:"all"`
	Type     string `help:"Only deliveries of this type of output."`
	Customer string `help:"Only deliveries about this customer." placeholder:"ID"`
}

// Run reads one page of the list and prints it.
func (c *deliveriesListCmd) Run(ctx context.Context, a *app) error {
	status := c.Status
	if status == "all" {
		status = ""
	}
	q := query("webhook", c.Webhook, "status", status, "type", c.Type, "customer", c.Customer, "limit", c.limit(), "cursor", c.Cursor)
	document, err := c.get(ctx, q, "v1", "deliveries")
	if err != nil {
		return err
	}
	return printDocument(a, document, func(p *printer, page *deliveriesDocument) {
		p.deliveries(page)
		a.nextPage(page.Next)
	})
}

func (p *printer) deliveries(d *deliveriesDocument) {
	rows := make([]table.Row, 0, len(d.Items))
	for i := range d.Items {
		v := &d.Items[i]
		rows = append(rows, table.Row{when(v.CreatedAt), v.ID, v.Webhook, v.Type, v.Customer, v.Status, when(v.HeldUntil), v.Attempts, v.Last.outcome()})
	}
	p.table(table.Row{"MADE", "ID", "WEBHOOK", "TYPE", "CUSTOMER", "STATUS", "HELD UNTIL", "REQUESTS", "LAST"}, rows)
}

// deliveriesShowCmd prints one delivery.
type deliveriesShowCmd struct {
	clientFlags
	ID string `arg:"" help:"Id of the delivery: the webhook-id of its requests."`
}

// Run reads the delivery and prints it.
func (c *deliveriesShowCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, nil, "v1", "deliveries", c.ID)
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).delivery)
}

func (p *printer) delivery(d *delivery) {
	p.fields(
		"id", d.ID, "webhook", d.Webhook, "event", d.Event, "type", d.Type, "customer", d.Customer, "level", d.Level, "status", d.Status,
		"reason", d.Reason, "made", when(d.CreatedAt), "finished", when(d.FinishedAt), "next request", when(d.NextAttempt), "held until", when(d.HeldUntil),
		"requests", strconv.Itoa(d.Attempts),
	)
	requests := d.Log
	if len(requests) == 0 && d.Last != nil {
		requests = []attempt{*d.Last}
	}
	if len(requests) > 0 {
		p.section("REQUESTS")
		rows := make([]table.Row, 0, len(requests))
		for i := range requests {
			t := &requests[i]
			rows = append(rows, table.Row{when(t.At), amount(strconv.FormatInt(t.DurationMS, 10)), t.outcome(), t.Excerpt})
		}
		p.table(table.Row{"AT", "MS", "OUTCOME", "ANSWER"}, rows)
	}
	if d.Body != "" {
		p.section("BODY")
		p.line("%s", clean(d.Body))
	}
}

// deliveriesRedeliverCmd sends deliveries again.
type deliveriesRedeliverCmd struct {
	clientFlags
	ID   []string `arg:"" optional:"" help:"Ids of deliveries."`
	Dead string   `help:"All dead deliveries of this webhook." placeholder:"WEBHOOK"`
}

// redeliveredDocument is how many deliveries will be sent again.
type redeliveredDocument struct {
	Redelivered int `json:"redelivered"`
}

// Run asks for the deliveries again and prints their number. One that is pending still is exit code 4.
func (c *deliveriesRedeliverCmd) Run(ctx context.Context, a *app) error {
	if (c.Dead != "") == (len(c.ID) > 0) {
		return &exitError{exitUsage, errors.New("give ids or --dead")}
	}
	if c.Dead != "" {
		answer, err := c.send(ctx, change{method: http.MethodPost}, "v1", "webhooks", c.Dead, "redeliver")
		if err != nil {
			return err
		}
		return printDocument(a, answer, (*printer).redelivered)
	}
	var asked redeliveredDocument
	err := each(c.ID, func(id string) error {
		if _, err := c.send(ctx, change{method: http.MethodPost}, "v1", "deliveries", id, "redeliver"); err != nil {
			return err
		}
		asked.Redelivered++
		return nil
	})
	return errors.Join(printValue(a, asked, (*printer).redelivered), err)
}

func (p *printer) redelivered(d *redeliveredDocument) {
	p.line("%d deliveries are sent again", d.Redelivered)
}
