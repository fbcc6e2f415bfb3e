package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
)

// asofCmd answers from the log alone, as of an instant.
type asofCmd struct {
	ID    string `arg:"" optional:"" help:"The customer."`
	All   bool   `help:"The whole instead of one customer."`
	At    string `required:"" help:"As of when, RFC 3339 or a date (its first instant in UTC)." placeholder:"TIME"`
	Known string `help:"Only what had been recorded by then." placeholder:"TIME"`

	logFlags
	policyFlags
}

func (c *asofCmd) Run(ctx context.Context, a *app) (err error) {
	if (c.ID == "") != c.All {
		return &exitError{exitUsage, errors.New("asof: give a customer or --all")}
	}
	bound, err := c.bound()
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("asof: %w", err)}
	}
	policy, err := c.load()
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("asof: %w", err)}
	}
	log, closeLog, err := a.openLog(ctx, c.logFlags)
	if err != nil {
		return fmt.Errorf("asof: %w", err)
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	if c.All {
		return c.whole(ctx, a, log, policy, bound)
	}
	view, err := replay.Customer(ctx, log, policy, c.ID, bound)
	if errors.Is(err, projections.ErrNotFound) {
		return &exitError{exitNotFound, fmt.Errorf("asof: %w", err)}
	}
	if err != nil {
		return fmt.Errorf("asof: %w", err)
	}
	return a.printCustomer(view)
}

func (c *asofCmd) whole(ctx context.Context, a *app, log *eventstore.Log, policy *domain.Policy, bound projections.Bound) error {
	store, err := replay.Whole(ctx, log, policy, bound, nil, a.Logger)
	if err != nil {
		return fmt.Errorf("asof: %w", err)
	}
	summary, err := store.Summary(ctx)
	if err != nil {
		return fmt.Errorf("asof: %w", err)
	}
	return a.printSummary(summary)
}

func (c *asofCmd) bound() (b projections.Bound, err error) {
	if b.At, err = parseWhen(c.At); err != nil {
		return b, fmt.Errorf("--at: %w", err)
	}
	if c.Known != "" {
		if b.Known, err = parseWhen(c.Known); err != nil {
			return b, fmt.Errorf("--known: %w", err)
		}
	}
	return b, nil
}

// parseWhen reads an RFC 3339 time, or a date as its first instant in UTC.
func parseWhen(s string) (domain.Instant, error) {
	if d, err := domain.ParseDate(s); err == nil {
		return domain.InstantOf(d.Time()), nil
	}
	return domain.ParseInstant(s)
}
