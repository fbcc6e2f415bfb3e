package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
)

// webhooksCmd is about the endpoints that outputs are sent to.
type webhooksCmd struct {
	List    webhooksListCmd    `cmd:"" default:"withargs" help:"List the webhooks and how they fare."`
	Add     webhooksAddCmd     `cmd:"" help:"Add a webhook. Its secret is printed once."`
	Show    webhooksShowCmd    `cmd:"" help:"Print one webhook."`
	Edit    webhooksEditCmd    `cmd:"" help:"Change what a webhook asks for."`
	Remove  webhooksRemoveCmd  `cmd:"" help:"Remove webhooks. What waits for them dies."`
	Rotate  webhooksRotateCmd  `cmd:"" help:"Give a webhook a new secret, which is printed once."`
	Ping    webhooksPingCmd    `cmd:"" help:"Send one test event, at once and once."`
	Enable  webhooksEnableCmd  `cmd:"" help:"Take webhooks into use again, also those that failed."`
	Disable webhooksDisableCmd `cmd:"" help:"Send nothing to webhooks until they are enabled."`
}

// webhooksDocument is the public form of the list.
type webhooksDocument struct {
	Items []webhook `json:"items"`
}

// webhook is the public form of one webhook.
type webhook struct {
	ID          string         `json:"id"`
	URL         string         `json:"url"`
	Description string         `json:"description"`
	Types       []string       `json:"types"`
	OrgUnit     string         `json:"org_unit"`
	MinLevel    string         `json:"min_level"`
	Ordered     bool           `json:"ordered"`
	MaxAge      string         `json:"max_age"`
	OldNews     bool           `json:"old_news"`
	Digest      string         `json:"digest"`
	Quiet       *quietHours    `json:"quiet_hours"`
	QuietUntil  domain.Instant `json:"quiet_until"`
	CreatedAt   domain.Instant `json:"created_at"`
	State       string         `json:"state"`
	Disabled    string         `json:"disabled"`
	DisabledAt  domain.Instant `json:"disabled_at"`
	PausedUntil domain.Instant `json:"paused_until"`
	Pending     int            `json:"pending"`
	OldestAt    domain.Instant `json:"oldest_pending_at"`
	Secret      string         `json:"secret"`
}

// webhooksListCmd lists the webhooks.
type webhooksListCmd struct {
	clientFlags
}

// Run reads the list and prints it.
func (c *webhooksListCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, nil, "v1", "webhooks")
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).webhooks)
}

func (p *printer) webhooks(d *webhooksDocument) {
	rows := make([]table.Row, 0, len(d.Items))
	for i := range d.Items {
		w := &d.Items[i]
		rows = append(rows, table.Row{w.ID, w.URL, cmp.Or(list(w.Types), "all"), w.OrgUnit, w.MinLevel, w.State, w.Pending, when(w.OldestAt)})
	}
	p.table(table.Row{"ID", "URL", "TYPES", "ORG UNIT", "LEVEL", "STATE", "PENDING", "SINCE"}, rows)
}

// webhooksShowCmd prints one webhook.
type webhooksShowCmd struct {
	clientFlags
	ID string `arg:"" help:"Id of the webhook."`
}

// Run reads the webhook and prints it.
func (c *webhooksShowCmd) Run(ctx context.Context, a *app) error {
	document, err := c.get(ctx, nil, "v1", "webhooks", c.ID)
	if err != nil {
		return err
	}
	return printDocument(a, document, (*printer).webhook)
}

func (p *printer) webhook(w *webhook) {
	age := "up to " + w.MaxAge
	if w.OldNews {
		age = "any"
	}
	p.fields(
		"id", w.ID, "url", w.URL, "description", w.Description, "types", cmp.Or(list(w.Types), "all"), "org unit", w.OrgUnit,
		"least level", w.MinLevel, "age", age, "ordered", strconv.FormatBool(w.Ordered), "digest at", w.Digest, "quiet", w.Quiet.String(), "made", when(w.CreatedAt), "state", w.State,
		"disabled", w.Disabled, "since", when(w.DisabledAt), "paused until", when(w.PausedUntil), "quiet until", when(w.QuietUntil),
		"pending", strconv.Itoa(w.Pending), "oldest", when(w.OldestAt), "secret", w.Secret,
	)
	if w.Secret != "" {
		p.line("\nThe secret is not shown again.")
	}
}

// webhooksPingCmd sends one test event.
type webhooksPingCmd struct {
	clientFlags
	ID string `arg:"" help:"Id of the webhook."`
}

// Run sends the ping and prints what came of it. An endpoint that does not take it is exit code 1.
func (c *webhooksPingCmd) Run(ctx context.Context, a *app) error {
	answer, err := c.send(ctx, change{method: http.MethodPost}, "v1", "webhooks", c.ID, "ping")
	if err != nil {
		return err
	}
	d, err := parseDelivery(answer)
	if err != nil {
		return err
	}
	if err := printDocument(a, answer, (*printer).delivery); err != nil {
		return err
	}
	if d.Status != "delivered" {
		return errors.New("ping: the endpoint did not take it")
	}
	return nil
}
