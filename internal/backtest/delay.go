package backtest

import (
	"github.com/rapport-crm/rapport/domain"
)

// DelayReport compares how soon rules alert after the last purchase of those who do not come back, when they raise false alarms at
// the same rate among those who do. It looks at customers with two repeat purchases and more. Thresholds are chosen with hindsight,
// for every rule alike.
type DelayReport struct {
	// LapseDays is how long a silence at the end of the log lasts at least to count as a lapse.
	LapseDays int `json:"lapse_days"`
	// Lapses is how many customers fell silent, Gaps how many gaps ended with a purchase.
	Lapses int `json:"lapses"`
	Gaps   int `json:"gaps"`
	// Rules are the fixed hiatus first, then the others.
	Rules []DelayRule `json:"rules"`
	// Warnings are the warnings of the policies beside the fixed hiatus.
	Warnings []WarningDelay `json:"warnings"`
}

// DelayRule is a rule at several rates of false alarms.
type DelayRule struct {
	Name string `json:"name"`
	// PerGap has thresholds at which the rule raises a false alarm in 5, 10 and 20 % of the gaps. Those who buy often own
	// most gaps; PerYear has thresholds at which the rule raises as many false alarms for each customer and year as the fixed hiatus does in
	// PerGap, where every customer counts alike.
	PerGap  []Alert `json:"per_gap"`
	PerYear []Alert `json:"per_customer_year"`
}

// Alert is a rule at one threshold.
type Alert struct {
	// Rate is the wanted rate of false alarms, for each gap or for each customer and year.
	Rate      float64 `json:"rate"`
	Threshold float64 `json:"threshold"`
	// Days is the median over the lapses of the days from the last purchase to the alert, which may lie after the end of the
	// log; nil when half of them would never be alerted.
	Days *float64 `json:"median_days"`
	// Early is the share of lapses with an alert within 60 days; nil without a lapse.
	Early *float64 `json:"within_60_days"`
}

// WarningDelay is how soon warnings of a level came.
type WarningDelay struct {
	// Policy is the name of the policy.
	Policy string `json:"policy"`
	Level  string `json:"level"`
	// FalseAlarms is how many gaps saw a warning of the level, PerGap their share of all gaps, PerYear the number for each customer and
	// year.
	FalseAlarms int     `json:"false_alarms"`
	PerGap      float64 `json:"per_gap"`
	PerYear     float64 `json:"per_customer_year"`
	// Alerted is how many lapses saw one. Days is the median over all lapses, nil when fewer than half did.
	Alerted int      `json:"alerted"`
	Days    *float64 `json:"median_days"`
	Early   *float64 `json:"within_60_days"`
	// Hiatus is the fixed hiatus with as many false alarms for each gap, HiatusPerYear the one with as many for each customer
	// and year.
	Hiatus        Alert `json:"hiatus"`
	HiatusPerYear Alert `json:"hiatus_per_customer_year"`
}

const (
	// leastRepeats is how many repeat purchases there must be before a gap counts.
	leastRepeats = 2
	// earlyDays is the limit of Alert.Early.
	earlyDays = 60
	// never is a delay that stands for no alert at all, in days.
	never = 1e6
)

// gapRates are the shares of gaps with a false alarm.
func gapRates() []float64 { return []float64{0.05, 0.1, 0.2} }

// watchRule is a score that only rises with the days of silence in a gap.
type watchRule struct {
	name string
	of   func(g *gap, silence float64) (float64, error)
}

// fixedHiatus is the rule that alerts everybody after the same silence.
const fixedHiatus = "fixed_hiatus"

// watchRules are the rules that are compared: m is the model whose chances are watched, that of no purchase within a
// horizon in days, which is that of the first policy: so the engine watches it, whatever outcomes are looked at.
func watchRules(m *namedModel, horizon int) []watchRule {
	all := []watchRule{
		{fixedHiatus, func(_ *gap, silence float64) (float64, error) { return silence, nil }},
		{"own_mean_gap", func(g *gap, silence float64) (float64, error) {
			// A week is the least: otherwise those who buy on many days of a month are overdue at once.
			return silence / max(g.last/float64(g.repeats), daysOfWeek), nil
		}},
	}
	if m == nil {
		return all
	}
	if m.leaves() {
		all = append(all, watchRule{m.name + "_gone", func(g *gap, silence float64) (float64, error) {
			alive, err := m.model.Alive(g.after(silence))
			return 1 - alive, err
		}})
	}
	return append(all, watchRule{m.name, func(g *gap, silence float64) (float64, error) {
		return m.model.NoPurchase(g.after(silence), weeks(horizon))
	}})
}

// delays compares rules and warnings over the whole log, with the models of the latest origin.
func (b *backtest) delays(m *models, of []alarms) (*DelayReport, error) {
	lapse := int(b.options.Lapse / day)
	now := b.end(b.last)
	t := newGapTable(b.lives, b.last, now, lapse)
	report := &DelayReport{LapseDays: lapse, Lapses: len(t.lapsed), Gaps: len(t.survived), Rules: []DelayRule{}, Warnings: []WarningDelay{}}
	if len(t.survived) == 0 {
		return report, nil
	}
	var watched *namedModel
	if len(m.purchase) > 0 {
		watched = &m.purchase[0]
	}
	var hiatus *scoredRule
	for _, r := range watchRules(watched, int(b.rules.Risk.Horizon/day)) {
		s, err := t.score(r)
		if err != nil {
			return nil, err
		}
		if hiatus == nil {
			hiatus = s
		}
		rule := DelayRule{Name: r.name, PerGap: []Alert{}, PerYear: []Alert{}}
		for _, rate := range gapRates() {
			gapAlert, err := s.alert(rate, everyGap)
			if err != nil {
				return nil, err
			}
			yearAlert, err := s.alert(hiatus.rate(hiatus.threshold(rate, everyGap), everyYear), everyYear)
			if err != nil {
				return nil, err
			}
			rule.PerGap, rule.PerYear = append(rule.PerGap, gapAlert), append(rule.PerYear, yearAlert)
		}
		report.Rules = append(report.Rules, rule)
	}
	for i := range of {
		for level := domain.RiskWatch; level <= domain.RiskCritical; level++ {
			w, err := t.warnings(&of[i], level, hiatus)
			if err != nil {
				return nil, err
			}
			report.Warnings = append(report.Warnings, w)
		}
	}
	return report, nil
}
