package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/internal/training"
	"github.com/rapport-crm/rapport/projections"
)

// fitCmd fits a model to the log and records it there.
type fitCmd struct {
	Model    string        `help:"What to fit: mbg_nbd, bg_nbd, pareto_nbd or nbd (when customers buy again), gamma_gamma (what they spend), abc (least values of the classes), customer_migration (who buys again after how long), risk (the learned churn risk), sbg or kaplan_meier (how long subscriptions last; printed only)." enum:"mbg_nbd,bg_nbd,pareto_nbd,nbd,gamma_gamma,abc,customer_migration,risk,sbg,kaplan_meier" default:"mbg_nbd"`
	At       string        `help:"Up to when the log is read, RFC 3339 or a date (its first instant in UTC). Default: all of it." placeholder:"TIME"`
	Horizon  time.Duration `help:"Over which time the churn risk is learned, for example 2184h (13 weeks). Default: the horizon of the policy." placeholder:"TIME"`
	Currency string        `help:"Of which main currency the customers are whose spend is fitted. Default: that of most customers." placeholder:"CODE"`
	DryRun   bool          `help:"Print the result without recording it."`

	actorFlag
	logFlags
	policyFlags
}

// fitDocument is what was fitted, and where it was recorded: null when it was not.
type fitDocument struct {
	*training.Outcome
	Recorded *control.Recorded `json:"recorded"`
}

// Run fits, records and prints.
func (c *fitCmd) Run(ctx context.Context, a *app) (err error) {
	options := training.Options{Model: c.Model, Horizon: c.Horizon, Currency: c.Currency, Logger: a.Logger}
	if c.At != "" {
		if options.At, err = parseWhen(c.At); err != nil {
			return &exitError{exitUsage, fmt.Errorf("fit: --at: %w", err)}
		}
	}
	if c.Horizon < 0 {
		return &exitError{exitUsage, errors.New("fit: --horizon must not be negative")}
	}
	policy, err := c.load()
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("fit: %w", err)}
	}
	log, closeLog, err := a.openLog(ctx, c.logFlags)
	if err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	outcome, err := training.Train(ctx, log, policy, options)
	if err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	document := fitDocument{Outcome: outcome}
	if !c.DryRun && outcome.Role != "" {
		if document.Recorded, err = c.record(ctx, a, log, policy, outcome); err != nil {
			return fmt.Errorf("fit: %w", err)
		}
	}
	return printValue(a, &document, (*printer).fitted)
}

// record puts the model in force. The log is read to its end, which says what is in force there.
func (c *fitCmd) record(ctx context.Context, a *app, log *eventstore.Log, policy *domain.Policy, outcome *training.Outcome) (*control.Recorded, error) {
	event, err := outcome.Event()
	if err != nil {
		return nil, err
	}
	views, err := replay.Whole(ctx, log, policy, projections.Bound{}, nil, a.Logger)
	if err != nil {
		return nil, err
	}
	return control.NewWriter(log, views, time.Now).RecordModel(ctx, policy, event, c.name())
}
