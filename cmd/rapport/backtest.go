package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/backtest"
)

// backtestCmd compares what would have been foretold in the past with what happened.
type backtestCmd struct {
	Origin   []domain.Date `help:"The last day of which everything is known, in the time zone of the first policy; several for rolling origins. Default: the latest day whose outcome the log tells." placeholder:"DATE"`
	Horizon  span          `help:"How long after an origin a customer has to buy so as not to count as lost, for example 26w, 180d or 4368h. Default: that of the first policy." placeholder:"TIME"`
	Training span          `help:"How long before an origin the learned risk is learned, which is also its horizon. Default: the horizon when the log is long enough, otherwise 13 weeks or half of the time." placeholder:"TIME"`
	Lapse    span          `help:"How long a silence at the end of the log is a lapse when alerts are compared by their delay. Default: the horizon." placeholder:"TIME"`
	Policy   []string      `help:"Policy document (YAML) over the defaults; several are compared. What was published in the log is left out then. Default: the policies and models as they came into force in the log." type:"existingfile" placeholder:"FILE" sep:"none"`
	Samples  int           `help:"How many samples the intervals are bootstrapped from; 0 for none." default:"200"`
	HTML     string        `help:"Write a page with plots to this file, too." type:"path" placeholder:"FILE" name:"html"`

	logFlags
}

// Run compares and prints what was found.
func (c *backtestCmd) Run(ctx context.Context, a *app) (err error) {
	options := backtest.Options{
		Origins: c.Origin, Horizon: time.Duration(c.Horizon), Training: time.Duration(c.Training), Lapse: time.Duration(c.Lapse),
		Resamples: c.Samples, Logger: a.Logger,
	}
	if c.Samples < 0 {
		return &exitError{exitUsage, errors.New("backtest: --samples must not be negative")}
	}
	if options.Policies, err = c.policies(); err != nil {
		return &exitError{exitUsage, fmt.Errorf("backtest: %w", err)}
	}
	log, closeLog, err := a.openLog(ctx, c.logFlags)
	if err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	report, err := backtest.Run(ctx, log, options)
	if errors.Is(err, backtest.ErrOptions) {
		return &exitError{exitUsage, err}
	}
	if err != nil {
		return err
	}
	if c.HTML != "" {
		if err := writePage(c.HTML, report); err != nil {
			return fmt.Errorf("backtest: %w", err)
		}
	}
	return printValue(a, report, (*printer).backtest)
}

// policies reads the policies. They are called by the names of their files, or by their paths when two files have one name.
func (c *backtestCmd) policies() ([]backtest.Policy, error) {
	var all []backtest.Policy
	names := make(map[string]bool)
	for _, path := range c.Policy {
		policy, err := policyFlags{Policy: path}.load()
		if err != nil {
			return nil, err
		}
		all = append(all, backtest.Policy{Name: filepath.Base(path), Policy: policy})
		names[filepath.Base(path)] = true
	}
	if len(names) < len(all) {
		for i, path := range c.Policy {
			all[i].Name = path
		}
	}
	return all, nil
}

// writePage writes the report as a page, whole or not at all.
func writePage(name string, report *backtest.Report) error {
	var page bytes.Buffer
	if err := report.WriteHTML(&page); err != nil {
		return err
	}
	return os.WriteFile(name, page.Bytes(), 0o644)
}

// span is a length of time on the command line: a Go duration, or a number of days or weeks such as 90d or 26w.
type span time.Duration

// UnmarshalText reads a length of time, which must be positive.
func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if n := len(text); err != nil && n > 1 {
		unit := map[byte]time.Duration{'d': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[text[n-1]]
		var count int64
		count, err = strconv.ParseInt(string(text[:n-1]), 10, 16)
		d = time.Duration(count) * unit
	}
	if err != nil || d <= 0 {
		return errors.New("must be a length of time such as 26w, 180d or 4368h")
	}
	*s = span(d)
	return nil
}
