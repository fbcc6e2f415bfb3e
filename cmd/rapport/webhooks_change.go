package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// webhookFlags say what a webhook asks for. Those that are not given are left out.
type webhookFlags struct {
	Type        []string       `help:"Types of outputs, or beginnings of them with a star; '*' for all." placeholder:"TYPE"`
	OrgUnit     *string        `help:"Only outputs of this organisation unit and those below it." placeholder:"PATH"`
	MinLevel    *string        `help:"Least level of outputs that have one: low, watch, high, critical." placeholder:"LEVEL"`
	Ordered     *bool          `help:"Hold the deliveries of a customer back while an earlier one is pending." negatable:""`
	MaxAge      *time.Duration `help:"How old an output may be to be sent. Default: 72h." placeholder:"DURATION"`
	OldNews     *bool          `help:"Send outputs of any age." negatable:""`
	Digest      *string        `help:"One delivery a day with all outputs since the day before, at this time in the zone of the policy; '' for each by itself." placeholder:"HH:MM"`
	Description *string        `help:"For people." placeholder:"TEXT"`
	quietFlags
}

// members returns what the flags ask for as members of a JSON object.
func (f webhookFlags) members() map[string]any {
	m := make(map[string]any)
	if len(f.Type) > 0 {
		m["types"] = f.Type
	}
	if f.MaxAge != nil {
		m["max_age"] = f.MaxAge.String()
	}
	if quiet, asked := f.member(); asked {
		m["quiet_hours"] = quiet
	}
	for name, text := range map[string]*string{"org_unit": f.OrgUnit, "min_level": f.MinLevel, "digest": f.Digest, "description": f.Description} {
		if text != nil {
			m[name] = *text
		}
	}
	for name, flag := range map[string]*bool{"ordered": f.Ordered, "old_news": f.OldNews} {
		if flag != nil {
			m[name] = *flag
		}
	}
	return m
}

// webhooksAddCmd adds a webhook.
type webhooksAddCmd struct {
	clientFlags
	webhookFlags
	Endpoint string `arg:"" help:"Address that deliveries are sent to: https, and public unless the server allows others."`
}

// Run adds the webhook and prints it with its secret.
func (c *webhooksAddCmd) Run(ctx context.Context, a *app) error {
	members := c.members()
	members["url"] = c.Endpoint
	return c.keep(ctx, a, members, "v1", "webhooks")
}

// keep sends a JSON object and prints the webhook with the secret that comes back.
func (f clientFlags) keep(ctx context.Context, a *app, members map[string]any, path ...string) error {
	body, err := json.Marshal(members)
	if err != nil {
		return err
	}
	answer, err := f.send(ctx, change{method: http.MethodPost, media: "application/json", body: string(body)}, path...)
	if err != nil {
		return err
	}
	return printDocument(a, answer, (*printer).webhook)
}

// webhooksEditCmd changes what a webhook asks for.
type webhooksEditCmd struct {
	clientFlags
	webhookFlags
	ID       string `arg:"" help:"Id of the webhook."`
	Endpoint string `help:"New address that deliveries are sent to." placeholder:"URL"`
}

// Run changes the webhook and prints it.
func (c *webhooksEditCmd) Run(ctx context.Context, a *app) error {
	members := c.members()
	if c.Endpoint != "" {
		members["url"] = c.Endpoint
	}
	if len(members) == 0 {
		return &exitError{exitUsage, errors.New("edit webhook: say what to change")}
	}
	body, err := json.Marshal(members)
	if err != nil {
		return fmt.Errorf("edit webhook: %w", err)
	}
	patch := change{method: http.MethodPatch, media: "application/merge-patch+json", body: string(body)}
	answer, err := c.send(ctx, patch, "v1", "webhooks", c.ID)
	if err != nil {
		return err
	}
	return printDocument(a, answer, (*printer).webhook)
}

// webhooksRotateCmd gives a webhook a new secret.
type webhooksRotateCmd struct {
	clientFlags
	ID      string        `arg:"" help:"Id of the webhook."`
	Overlap time.Duration `help:"How long requests are signed with the old secret too; 0s for not at all." default:"24h"`
}

// Run rotates the secret and prints the webhook with the new one.
func (c *webhooksRotateCmd) Run(ctx context.Context, a *app) error {
	return c.keep(ctx, a, map[string]any{"overlap": c.Overlap.String()}, "v1", "webhooks", c.ID, "secret", "rotate")
}

// webhookIDs name webhooks.
type webhookIDs struct {
	ID []string `arg:"" help:"Ids of webhooks."`
}

// webhooksRemoveCmd removes webhooks.
type webhooksRemoveCmd struct {
	clientFlags
	webhookIDs
}

// Run removes the webhooks and prints which are gone.
func (c *webhooksRemoveCmd) Run(ctx context.Context, a *app) error {
	return c.eachWebhook(ctx, a, c.ID, "removed", change{method: http.MethodDelete})
}

// webhooksEnableCmd takes webhooks into use again.
type webhooksEnableCmd struct {
	clientFlags
	webhookIDs
}

// Run enables the webhooks and prints which are in use.
func (c *webhooksEnableCmd) Run(ctx context.Context, a *app) error {
	return c.eachWebhook(ctx, a, c.ID, "enabled", change{method: http.MethodPost}, "enable")
}

// webhooksDisableCmd takes webhooks out of use.
type webhooksDisableCmd struct {
	clientFlags
	webhookIDs
}

// Run disables the webhooks and prints which are out of use.
func (c *webhooksDisableCmd) Run(ctx context.Context, a *app) error {
	return c.eachWebhook(ctx, a, c.ID, "disabled", change{method: http.MethodPost}, "disable")
}

// decidedWebhooks is what was done about webhooks.
type decidedWebhooks struct {
	Results []decidedWebhook `json:"results"`
}

type decidedWebhook struct {
	ID      string `json:"id"`
	Outcome string `json:"outcome"`
}

// eachWebhook sends a change for each of the webhooks, to a path below theirs, and prints the outcome.
func (f clientFlags) eachWebhook(ctx context.Context, a *app, ids []string, outcome string, c change, below ...string) error {
	results := decidedWebhooks{Results: []decidedWebhook{}}
	err := each(ids, func(id string) error {
		if _, err := f.send(ctx, c, append([]string{"v1", "webhooks", id}, below...)...); err != nil {
			return err
		}
		results.Results = append(results.Results, decidedWebhook{id, outcome})
		return nil
	})
	return errors.Join(printValue(a, results, (*printer).decidedWebhooks), err)
}

func (p *printer) decidedWebhooks(d *decidedWebhooks) {
	rows := make([]table.Row, 0, len(d.Results))
	for _, r := range d.Results {
		rows = append(rows, table.Row{r.ID, r.Outcome})
	}
	p.table(table.Row{"WEBHOOK", "OUTCOME"}, rows)
}
