package projections

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/stablemath"
	"github.com/rapport-crm/rapport/eventstore"
)

// ForecasterReport says how well events of customers were forecast, by forecaster (SV-07): the method rests on judgement, and
// this is what shows whose. Its JSON form is part of the public contract.
type ForecasterReport struct {
	AsOf        domain.Instant       `json:"as_of"`
	Positions   eventstore.Positions `json:"positions"`
	Forecasters []ForecasterRow      `json:"forecasters"`
	// PolicyVersion is the policy published last.
	PolicyVersion string `json:"policy_version"`
}

// ForecasterRow is the forecasts of one kind of event and in one currency that one forecaster made.
type ForecasterRow struct {
	Forecaster string `json:"forecaster"`
	Kind       string `json:"kind"`
	// Currency is that of the amounts, empty when none were forecast.
	Currency string `json:"currency,omitempty"`
	// Open forecasts can still be fulfilled; Fulfilled and Missed ones are those that are judged.
	Forecasts int64 `json:"forecasts"`
	Open      int64 `json:"open"`
	Fulfilled int64 `json:"fulfilled"`
	Missed    int64 `json:"missed"`
	// HitRate is the share of the judged forecasts that were fulfilled.
	HitRate *float64      `json:"hit_rate"`
	Revenue ForecastError `json:"revenue"`
	Cost    ForecastError `json:"cost"`
	// MeanDaysLate and MeanDaysOff are by how many days the events came later than forecast, and how far they were off in either
	// direction, over the fulfilled ones.
	MeanDaysLate *float64 `json:"mean_days_late"`
	MeanDaysOff  *float64 `json:"mean_days_off"`
}

// ForecastError compares what was forecast with what came, over the judged forecasts, in minor units: what was missed came to
// nothing. Bias is the mean of actual less forecast, MAE the mean of its size, and WAPE the sum of its sizes over the sum of
// what came; null without judged forecasts, or without anything that came.
type ForecastError struct {
	ForecastMinor int64    `json:"forecast_minor"`
	ActualMinor   int64    `json:"actual_minor"`
	BiasMinor     *float64 `json:"bias_minor"`
	MAEMinor      *float64 `json:"mae_minor"`
	WAPE          *float64 `json:"wape"`
	off           stablemath.Sum
}

// forecasterKey names a row.
type forecasterKey struct{ forecaster, kind, currency string }

// forecasterSum adds up the forecasts of a row.
type forecasterSum struct {
	ForecasterRow
	late, off stablemath.Sum
}

// NewForecasterReport returns the report on forecasts, which are all cases of kind CaseForecast that a filter selects.
func NewForecasterReport(page *CasePage) (*ForecasterReport, error) {
	sums := make(map[forecasterKey]*forecasterSum)
	for i := range page.Items {
		c := &page.Items[i]
		var d ForecastDetail
		if err := json.Unmarshal(c.Detail, &d); err != nil {
			return nil, fmt.Errorf("detail of forecast %s of %s: %w", c.ID, c.Customer, err)
		}
		key := forecasterKey{c.Holder, c.Topic, d.currency()}
		if sums[key] == nil {
			sums[key] = &forecasterSum{ForecasterRow: ForecasterRow{Forecaster: c.Holder, Kind: c.Topic, Currency: key.currency}}
		}
		sums[key].add(c, &d)
	}
	r := &ForecasterReport{AsOf: page.AsOf, Positions: page.Positions, Forecasters: []ForecasterRow{}, PolicyVersion: page.Policy.Version}
	keys := slices.SortedFunc(maps.Keys(sums), func(a, b forecasterKey) int {
		return cmp.Or(cmp.Compare(a.forecaster, b.forecaster), cmp.Compare(a.kind, b.kind), cmp.Compare(a.currency, b.currency))
	})
	for _, key := range keys {
		r.Forecasters = append(r.Forecasters, sums[key].row())
	}
	return r, nil
}

// currency returns the currency of what was forecast.
func (d *ForecastDetail) currency() string {
	for _, m := range []*domain.Money{d.Revenue, d.Cost} {
		if m != nil {
			return m.Currency
		}
	}
	return ""
}

func (s *forecasterSum) add(c *Case, d *ForecastDetail) {
	s.Forecasts++
	switch c.Status {
	case CaseEnded:
		s.Fulfilled++
		days := float64(d.ActualAt-d.ExpectedAt) / float64(domain.Day)
		s.late.Add(days)
		s.off.Add(math.Abs(days))
	case CaseOverdue:
		s.Missed++
	default:
		s.Open++
		return
	}
	s.Revenue.add(d.Revenue, d.ActualRevenue, s.Currency)
	s.Cost.add(d.Cost, d.ActualCost, s.Currency)
}

// add adds what was forecast and what came, as far as it is in the currency.
func (e *ForecastError) add(forecast, actual *domain.Money, currency string) {
	expected, came := minorIn(forecast, currency), minorIn(actual, currency)
	e.ForecastMinor, e.ActualMinor = domain.AddMinor(e.ForecastMinor, expected), domain.AddMinor(e.ActualMinor, came)
	e.off.Add(math.Abs(float64(came - expected)))
}

func minorIn(m *domain.Money, currency string) int64 {
	if m == nil || m.Currency != currency {
		return 0
	}
	return m.Minor
}

func (s *forecasterSum) row() ForecasterRow {
	judged := float64(s.Fulfilled + s.Missed)
	s.HitRate = ratioOf(float64(s.Fulfilled), judged)
	s.MeanDaysLate = ratioOf(s.late.Value(), float64(s.Fulfilled))
	s.MeanDaysOff = ratioOf(s.off.Value(), float64(s.Fulfilled))
	for _, e := range []*ForecastError{&s.Revenue, &s.Cost} {
		e.BiasMinor = ratioOf(float64(e.ActualMinor-e.ForecastMinor), judged)
		e.MAEMinor = ratioOf(e.off.Value(), judged)
		e.WAPE = ratioOf(e.off.Value(), float64(e.ActualMinor))
	}
	return s.ForecasterRow
}
