package backtest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
)

// day is a day of 24 hours.
const day = 24 * time.Hour

// seed chooses the samples of bootstraps: the same for all, so that reports can be compared.
const seed = 1

// Run reads the log up to its present ends: once for each policy, and again up to each origin. The error wraps ErrOptions when
// the log does not tell what the options ask for.
func Run(ctx context.Context, log eventLog, o Options) (*Report, error) {
	b, err := begin(ctx, log, o)
	if err != nil {
		return nil, fmt.Errorf("back-test: %w", err)
	}
	report, err := b.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("back-test: %w", err)
	}
	return report, nil
}

// backtest is a back-test at work.
type backtest struct {
	options Options
	replays replays
	// rules is the first policy; for that of the log, as it is in force at the end.
	rules *domain.Policy
	zone  *time.Location
	// lives are all who ever bought, in the order of their ids.
	lives []*life
	// horizon is in days.
	horizon     int
	first, last domain.Date
}

// begin fills in the defaults of the options that do not depend on what the log tells.
func begin(ctx context.Context, log eventLog, o Options) (*backtest, error) {
	if len(o.Policies) == 0 {
		o.Policies = []Policy{{Name: "log"}}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	names := make(map[string]bool)
	for _, p := range o.Policies {
		if names[p.Name] {
			return nil, fmt.Errorf("%w: two policies are called %s", ErrOptions, p.Name)
		}
		names[p.Name] = true
	}
	ends, err := log.Ends(ctx)
	if err != nil {
		return nil, err
	}
	b := &backtest{replays: replays{log: log, ends: ends, logger: o.Logger}}
	if b.rules, err = b.replays.rules(ctx, o.Policies[0]); err != nil {
		return nil, err
	}
	o.Horizon = cmp.Or(o.Horizon, b.rules.Risk.Horizon)
	if o.Lapse = cmp.Or(o.Lapse, o.Horizon); o.Horizon < day || o.Lapse < day || o.Training < 0 {
		return nil, fmt.Errorf("%w: horizon, training and lapse must be at least one day", ErrOptions)
	}
	b.options, b.zone, b.horizon = o, b.rules.Location(), int(o.Horizon/day)
	return b, nil
}

func (b *backtest) run(ctx context.Context) (*Report, error) {
	report := &Report{
		Positions: b.replays.ends, TimeZone: b.zone.String(), HorizonDays: b.horizon, Policies: []PolicyReport{}, Origins: []OriginReport{},
	}
	bought := newPurchases(b.dayOf)
	told := make([]alarms, len(b.options.Policies))
	for i, policy := range b.options.Policies {
		b.options.Logger.LogAttrs(ctx, slog.LevelInfo, "the log is replayed", slog.String("policy", policy.Name))
		var err error
		if told[i], err = b.watch(ctx, policy, bought); err != nil {
			return nil, err
		}
	}
	if err := b.settle(bought); err != nil {
		return nil, err
	}
	origins, err := b.plan()
	if err != nil {
		return nil, err
	}
	report.From, report.To, report.Currency = b.first, b.last, bought.pay(b.lives, origins[0])
	for i, policy := range b.options.Policies {
		report.Policies = append(report.Policies, PolicyReport{
			Name: policy.Name, Version: told[i].version, Warnings: told[i].report(b.lives, b.horizon, bought.last),
		})
	}
	var latest *models
	for _, origin := range origins {
		b.options.Logger.LogAttrs(ctx, slog.LevelInfo, "customers are scored", slog.String("origin", origin.String()))
		of, fitted, err := b.origin(ctx, origin)
		if err != nil {
			return nil, fmt.Errorf("origin %s: %w", origin, err)
		}
		report.Origins = append(report.Origins, *of)
		latest = fitted
	}
	report.Rolling = rolling(report.Origins)
	report.Delays, err = b.delays(latest, told)
	return report, err
}

// settle takes in who bought when.
func (b *backtest) settle(bought *purchases) error {
	b.lives = bought.settle()
	if len(b.lives) == 0 {
		return fmt.Errorf("%w: nobody bought anything", ErrOptions)
	}
	b.first, b.last = b.dayOf(bought.first), b.dayOf(bought.last)
	return nil
}

// plan returns the origins in order.
func (b *backtest) plan() ([]domain.Date, error) {
	latest := b.last - domain.Date(b.horizon)
	origins := slices.Clone(b.options.Origins)
	if len(origins) == 0 {
		origins = []domain.Date{latest}
	}
	slices.Sort(origins)
	origins = slices.Compact(origins)
	for _, origin := range origins {
		if origin < b.first || origin > latest {
			return nil, fmt.Errorf("%w: origin %s: the log is from %s to %s, so with a horizon of %d days an origin lies between %s and %s",
				ErrOptions, origin, b.first, b.last, b.horizon, b.first, latest)
		}
	}
	return origins, nil
}

// training returns how many days before an origin the learned model is learned.
func (b *backtest) training(origin domain.Date) int {
	known := int(origin - b.first)
	switch {
	case b.options.Training > 0:
		return int(b.options.Training / day)
	case known >= 2*b.horizon:
		return b.horizon
	}
	return min(13*daysOfWeek, known/2)
}

func (b *backtest) dayOf(at domain.Instant) domain.Date { return domain.DateOf(at, b.zone) }

// end returns the last instant of a day.
func (b *backtest) end(of domain.Date) domain.Instant {
	return (of + 1).Start(b.zone) - domain.Microsecond
}

// origin scores the customers who are known at the end of a day.
func (b *backtest) origin(ctx context.Context, origin domain.Date) (*OriginReport, *models, error) {
	known := knownAt(b.lives, origin, b.horizon)
	if len(known) == 0 {
		return nil, nil, fmt.Errorf("%w: nobody had bought by then", ErrOptions)
	}
	report := &OriginReport{Day: origin, Customers: len(known)}
	for _, c := range known {
		if c.lost {
			report.Lost++
		}
		if c.history.Repeats > 0 {
			report.Repeat++
		}
	}
	scores, fitted, training, err := b.scores(ctx, origin, known)
	if err != nil {
		return nil, nil, err
	}
	report.Training, report.Models = training, fitted.reports
	if report.Scores, err = b.judge(known, scores); err != nil {
		return nil, nil, err
	}
	report.Accuracy = accuracies(known, scores)
	report.Purchases, report.Spend, err = forecasts(known, fitted, b.horizon)
	return report, fitted, err
}

// scores fits models to the customers who are known at an origin and scores them in every way.
func (b *backtest) scores(ctx context.Context, origin domain.Date, known []*customer) ([]score, *models, *TrainingReport, error) {
	m, err := fitted(ctx, known, b.window(origin))
	if err != nil {
		return nil, nil, nil, err
	}
	scores, err := rulesAndModels(known, m, b.horizon)
	if err != nil {
		return nil, nil, nil, err
	}
	var training *TrainingReport
	for i, policy := range b.options.Policies {
		store, err := b.replays.until(ctx, policy, b.end(origin), observer{})
		if err != nil {
			return nil, nil, nil, err
		}
		if i == 0 {
			features := b.features(store, origin)
			if training, err = b.learn(ctx, m, origin, known, features); err != nil {
				return nil, nil, nil, err
			}
			learned, err := m.learnedScore(known, features)
			if err != nil {
				return nil, nil, nil, err
			}
			scores = append(scores, learned...)
		}
		of, err := b.policyScores(policy.Name, store, m, origin, known)
		if err != nil {
			return nil, nil, nil, err
		}
		scores = append(scores, of...)
	}
	return scores, m, training, nil
}

// learn learns the risk of a loss from an earlier origin, if there is room for one.
func (b *backtest) learn(ctx context.Context, m *models, origin domain.Date, known []*customer, now map[string][]learnedrisk.Value) (*TrainingReport, error) {
	length := b.training(origin)
	early := origin - domain.Date(length)
	l := lesson{horizon: length, wanted: b.horizon, window: b.window(origin), now: known, nowFeatures: now}
	if l.before = knownAt(b.lives, early, length); length == 0 || len(l.before) == 0 {
		return nil, nil
	}
	store, err := b.replays.until(ctx, b.options.Policies[0], b.end(early), observer{})
	if err != nil {
		return nil, err
	}
	l.features = b.features(store, early)
	report := &TrainingReport{Day: early, HorizonDays: length, Customers: len(l.before)}
	for _, c := range l.before {
		if c.lost {
			report.Lost++
		}
	}
	report.CalibratedWith, err = m.learn(ctx, l)
	return report, err
}
