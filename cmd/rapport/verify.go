package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/verify"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
)

// exitDifferent is the exit code of a verification that found differences.
const exitDifferent = 5

// verifyCmd recomputes the views from the log and compares.
type verifyCmd struct {
	logFlags
	clientFlags
	policyFlags
	DatabaseURL string   `help:"PostgreSQL whose live views are compared, row by row. Without it the answers of the server at --url are." placeholder:"URL" env:"RAPPORT_DATABASE_URL"`
	Sample      int      `help:"Compare this many customers only, chosen by a hash of their ids. Default: all." placeholder:"N"`
	Memory      byteSize `help:"Memory for the streams that are folded at a time, for example 512MiB or 1GiB." default:"512MiB"`
}

// Run compares and prints what was found.
func (c *verifyCmd) Run(ctx context.Context, a *app) (err error) {
	if c.Sample < 0 || c.Memory <= 0 {
		return &exitError{exitUsage, errors.New("verify: --sample and --memory must not be negative")}
	}
	log, closeLog, err := a.openLog(ctx, c.logFlags)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	show := newFoldProgress(a, "verify", log.Partitions())
	options := verify.Options{Memory: int64(c.Memory), Sample: c.Sample, Progress: show.report, Logger: a.Logger}
	compare := c.answers
	if c.DatabaseURL != "" {
		compare = c.rows
	}
	report, err := compare(ctx, log, options)
	show.end()
	if err != nil {
		return err
	}
	if err := printValue(a, report, (*printer).verified); err != nil {
		return err
	}
	if !report.Same() {
		return &exitError{exitDifferent, errors.New("verify: the views differ from the log")}
	}
	return nil
}

// rows compares the rows of the live views in the database.
func (c *verifyCmd) rows(ctx context.Context, log *eventstore.Log, options verify.Options) (report *verify.Report, err error) {
	pool, err := pg.Open(ctx, c.DatabaseURL, pg.Options{ApplicationName: "rapport verify"})
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	defer pool.Close()
	store, policy, err := pgview.OpenLive(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	snapshot, err := store.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	defer func() { err = errors.Join(err, snapshot.Close(context.WithoutCancel(ctx))) }()
	return verify.Rows(ctx, log, projections.NewFold(policy), snapshot, options)
}

// answers compares the answers of a server.
func (c *verifyCmd) answers(ctx context.Context, log *eventstore.Log, options verify.Options) (*verify.Report, error) {
	views := serverViews{c.clientFlags}
	policy, err := c.base(ctx, views)
	if err != nil {
		return nil, err
	}
	return verify.Answers(ctx, log, projections.NewFold(policy), views, options)
}

// base returns the policy that the views of the server began with.
func (c *verifyCmd) base(ctx context.Context, views serverViews) (*domain.Policy, error) {
	if c.Policy == "" {
		return views.basePolicy(ctx)
	}
	policy, err := c.load()
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("verify: %w", err)}
	}
	return policy, nil
}

// serverViews are the views of a running server.
type serverViews struct{ clientFlags }

// Summary returns the summary that the server shows.
func (v serverViews) Summary(ctx context.Context) (*projections.Summary, error) {
	s := new(projections.Summary)
	return s, v.read(ctx, s, nil, "v1", "summary")
}

// Customers returns a page of the list that the server shows.
func (v serverViews) Customers(ctx context.Context, f projections.CustomerFilter) (*projections.CustomerPage, error) {
	page := new(projections.CustomerPage)
	q := query("sort", string(f.Sort), "cursor", f.Cursor, "limit", strconv.Itoa(f.Limit))
	return page, v.read(ctx, page, q, "v1", "customers")
}

// basePolicy returns the policy that the views began with, the last in the list of the server.
func (v serverViews) basePolicy(ctx context.Context) (*domain.Policy, error) {
	var list struct {
		Items []projections.PolicyView `json:"items"`
	}
	if err := v.read(ctx, &list, nil, "v1", "policies"); err != nil {
		return nil, err
	}
	if len(list.Items) == 0 {
		return nil, errors.New("the server names no policy; give --policy")
	}
	policy, err := domain.ParsePolicy([]byte(list.Items[len(list.Items)-1].Document))
	if err != nil {
		return nil, fmt.Errorf("policy of the server: %w", err)
	}
	return policy, nil
}

func (v serverViews) read(ctx context.Context, into any, q map[string][]string, path ...string) error {
	document, err := v.get(ctx, q, path...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(document, into); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

func (p *printer) verified(r *verify.Report) {
	p.fields(
		"checked", strconv.FormatInt(r.Checked, 10)+" streams",
		"different", strconv.FormatInt(r.Different, 10),
		"positions", r.Positions.String(),
		"digest of the views", r.DigestLive,
		"digest of the log", r.DigestLog,
	)
	var rows []table.Row
	for _, d := range r.Differences {
		for _, f := range d.Fields {
			rows = append(rows, table.Row{d.Kind, d.Partition, d.ID, f.Name, shortened(f.Live), shortened(f.Log)})
		}
	}
	if len(rows) > 0 {
		p.line("")
		p.table(table.Row{"WHAT", "PARTITION", "ID", "FIELD", "VIEWS", "LOG"}, rows)
	}
	if listed := int64(len(r.Differences)); r.Different > listed {
		p.line("and %d more", r.Different-listed)
	}
}

// shownRunes is how much of a value is shown in a list of differences.
const shownRunes = 60

// shortened returns the beginning of a long text.
func shortened(s string) string {
	runes := []rune(s)
	if len(runes) <= shownRunes {
		return s
	}
	return string(runes[:shownRunes-1]) + "…"
}
