package domain

import (
	"bytes"
	_ "embed"
	"maps"
	"math"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain/questionnaire"
)

// Policy is the versioned set of thresholds that the fold reads. It is data: a replay may use the one that was in
// force or another one. A Policy is not changed after it was parsed and may be shared.
type Policy struct {
	// Version names this set of values and is carried by every result.
	Version string `yaml:"version"`
	// Clock says what "now" is.
	Clock Clock `yaml:"clock"`
	// HistoricAfter is the age of the newest event of the log beyond which no tick is appended under ClockWall.
	HistoricAfter time.Duration `yaml:"historic_after"`
	// TimeZone is the IANA zone of calendar days and working time.
	TimeZone string `yaml:"time_zone"`
	// Working describes the working time, which Calendar computes with.
	Working WorkingTime `yaml:"calendar"`
	// MaxFuture is how far occurred_at may lie after the time of recording.
	MaxFuture time.Duration `yaml:"max_future"`
	// Lifecycle holds the thresholds of the stages.
	Lifecycle LifecyclePolicy `yaml:"lifecycle"`
	// Contact holds the thresholds of contacts.
	Contact ContactPolicy `yaml:"contact"`
	// Satisfaction holds the thresholds of what customers answer.
	Satisfaction SatisfactionPolicy `yaml:"satisfaction"`
	// Risk holds the thresholds and weights of churn warnings.
	Risk RiskPolicy `yaml:"risk"`
	// Value holds how customers are valued.
	Value ValuePolicy `yaml:"value"`
	// WinBack holds the thresholds of winning customers back.
	WinBack WinBackPolicy `yaml:"win_back"`
	// Models are the fitted models in force, by role; nil when the document says nothing of them.
	Models Models `yaml:"models,omitempty"`
	// Deadlines are the kinds of deadline by name.
	Deadlines map[string]DeadlineRule `yaml:"deadlines"`
	// Questionnaires are what customers are asked.
	Questionnaires questionnaire.Set `yaml:",inline"`

	location *time.Location
	calendar *Calendar
	triggers map[string][]DeadlineTrigger
	signals  map[string][]SignalTrigger
}

// Clock says what "now" is for reads and timers.
type Clock string

// The clocks.
const (
	// ClockWall makes "now" the latest tick: the engine appends ticks that carry the wall clock.
	ClockWall Clock = "wall"
	// ClockEvents makes "now" the newest occurred_at in the log: no ticks are appended.
	ClockEvents Clock = "events"
)

// LifecyclePolicy holds the thresholds of the five stages. The default document describes each value.
type LifecyclePolicy struct {
	PriorGapDays       int64     `yaml:"prior_gap_days"`
	PriorWeight        int64     `yaml:"prior_weight"`
	MaturityOccasions  int       `yaml:"maturity_occasions"`
	MaturityRenewals   int       `yaml:"maturity_renewals"`
	MaturityTenureDays int64     `yaml:"maturity_tenure_days"`
	MaturityBlockedBy  RiskLevel `yaml:"maturity_blocked_by"`
	DeclineGaps        float64   `yaml:"decline_gaps"`
	DeclineRisk        RiskLevel `yaml:"decline_risk"`
	TerminationGaps    float64   `yaml:"termination_gaps"`
	TerminationDays    int64     `yaml:"termination_days"`
}

// ContactPolicy holds the thresholds of contacts.
type ContactPolicy struct {
	CheckDays        int64         `yaml:"check_days"`
	CollisionGap     time.Duration `yaml:"collision_gap"`
	Intention        time.Duration `yaml:"intention"`
	UnreachableAfter int64         `yaml:"unreachable_after"`
}

// MaxAttempts is the greatest number of attempts in vain after which a customer can count as not reachable.
const MaxAttempts = 10

// SatisfactionPolicy holds the thresholds of what customers answer. Which scores are low is in the questionnaires.
type SatisfactionPolicy struct {
	Drop       float64 `yaml:"drop"`
	Least      int64   `yaml:"least"`
	Confidence float64 `yaml:"confidence"`
}

// MaxPolicy is the greatest length of Policy.Document in bytes. With it the document has room in the data of an event.
const MaxPolicy = 48 << 10

//go:embed policy.yaml
var defaultPolicy []byte

// DefaultPolicyDocument returns the default policy as a documented YAML document.
func DefaultPolicyDocument() []byte { return bytes.Clone(defaultPolicy) }

// DefaultPolicy returns the policy of the default document.
func DefaultPolicy() *Policy {
	p := *parsedDefault()
	p.Deadlines, p.Risk.Signals = maps.Clone(p.Deadlines), maps.Clone(p.Risk.Signals) // their values are the caller's
	return &p
}

var parsedDefault = sync.OnceValue(func() *Policy {
	p, err := ParsePolicy(nil)
	if err != nil {
		panic("domain: the embedded policy is invalid: " + err.Error())
	}
	return p
})

// Location returns the zone of calendar days.
func (p *Policy) Location() *time.Location { return p.location }

// Calendar returns the working time in the zone of the policy.
func (p *Policy) Calendar() *Calendar { return p.calendar }

// check reports every value that is out of range, and fills in what follows from the values.
func (p *Policy) check(fault func(ok bool, field, rule string)) {
	loc, err := time.LoadLocation(p.TimeZone)
	fault(err == nil && p.TimeZone != "" && p.TimeZone != "Local", "time_zone", "must be an IANA zone such as Asia/Shanghai")
	p.location = loc
	p.Working.arrange()
	p.calendar = p.Working.calendar(loc, fault)
	l := p.Lifecycle
	fault(p.Version != "" && len(p.Version) <= 128, "version", "must have 1 to 128 characters")
	fault(utf8.ValidString(p.Version) && !hasControl(p.Version), "version", "must not contain control characters")
	fault(p.Clock == ClockWall || p.Clock == ClockEvents, "clock", "must be one of wall, events")
	fault(p.HistoricAfter >= time.Hour && p.HistoricAfter <= 87600*time.Hour, "historic_after", "must be between 1h and 87600h")
	fault(p.MaxFuture >= 0 && p.MaxFuture <= 366*24*time.Hour, "max_future", "must be between 0 and 8784h")
	fault(between(l.PriorGapDays, 1, 3650), "lifecycle.prior_gap_days", "must be between 1 and 3650")
	fault(between(l.PriorWeight, 1, 100), "lifecycle.prior_weight", "must be between 1 and 100")
	fault(l.MaturityOccasions >= 1, "lifecycle.maturity_occasions", "must be at least 1")
	fault(l.MaturityRenewals >= 1, "lifecycle.maturity_renewals", "must be at least 1")
	fault(between(l.MaturityTenureDays, 0, 36500), "lifecycle.maturity_tenure_days", "must be between 0 and 36500")
	fault(multiple(l.DeclineGaps), "lifecycle.decline_gaps", "must be between 0.1 and 100 in steps of 0.001")
	fault(multiple(l.TerminationGaps), "lifecycle.termination_gaps", "must be between 0.1 and 100 in steps of 0.001")
	fault(between(l.TerminationDays, 0, 36500), "lifecycle.termination_days", "must be between 0 and 36500")
	fault(between(p.Contact.CheckDays, 0, 3650), "contact.check_days", "must be between 0 and 3650")
	fault(p.Contact.CollisionGap >= 0 && p.Contact.CollisionGap <= 8784*time.Hour, "contact.collision_gap", "must be between 0 and 8784h")
	fault(p.Contact.Intention >= 0 && p.Contact.Intention <= 8784*time.Hour, "contact.intention", "must be between 0 and 8784h")
	fault(between(p.Contact.UnreachableAfter, 1, MaxAttempts), "contact.unreachable_after", "must be between 1 and 10")
	fault(p.Satisfaction.Drop >= 0.001 && p.Satisfaction.Drop <= 100, "satisfaction.drop", "must be between 0.001 and 100")
	fault(between(p.Satisfaction.Least, 1, 1000000), "satisfaction.least", "must be between 1 and 1000000")
	fault(p.Satisfaction.Confidence >= 0.5 && p.Satisfaction.Confidence <= 0.9999, "satisfaction.confidence", "must be between 0.5 and 0.9999")
	p.checkDeadlines(fault)
	p.Risk.check(fault)
	p.checkSignals(fault)
	p.Value.check(fault)
	p.WinBack.check(fault)
	p.checkModels(fault)
	fault(len(p.Document()) <= MaxPolicy, "document", "must have at most 48 KiB with every value written out")
}

func between(v, low, high int64) bool { return v >= low && v <= high }

// multiple reports whether f is a usable number of gaps: silences are computed in thousandths of a gap so that they are
// exact integers on every machine.
func multiple(f float64) bool {
	return f >= 0.1 && f <= 100 && math.Abs(f*1000-math.Round(f*1000)) < 1e-6
}

// Gap is a customer's usual gap between purchase occasions as an exact fraction of days.
type Gap struct {
	Days int64
	Over int64
}

// UsualGap returns (k·prior + sum of gaps) / (k + number of gaps) for the given gaps in whole days (LC-02).
func (l LifecyclePolicy) UsualGap(sumDays, gaps int64) Gap {
	return Gap{Days: l.PriorWeight*l.PriorGapDays + sumDays, Over: l.PriorWeight + gaps}
}

// Float returns the gap in days.
func (g Gap) Float() float64 { return float64(g.Days) / float64(g.Over) }

// DeclineAfter returns the shortest silence that exceeds DeclineGaps usual gaps.
func (l LifecyclePolicy) DeclineAfter(g Gap) Instant {
	whole, _ := g.times(l.DeclineGaps)
	return whole + Microsecond
}

// TerminationAfter returns the shortest silence that reaches the larger of TerminationGaps usual gaps and
// TerminationDays.
func (l LifecyclePolicy) TerminationAfter(g Gap) Instant {
	whole, rest := g.times(l.TerminationGaps)
	if rest {
		whole += Microsecond
	}
	return max(whole, Instant(l.TerminationDays)*Day)
}

// LossAfter returns the shortest silence that reaches the larger of LossGaps usual gaps and LossDays.
func (r *RiskPolicy) LossAfter(g Gap) Instant {
	whole, rest := g.times(r.LossGaps)
	if rest {
		whole += Microsecond
	}
	return max(whole, Instant(r.LossDays)*Day)
}

// times returns the given number of gaps in whole microseconds, cut off, and whether something was cut off. The limits
// of the policy keep the product of thousandths, days and a thousandth of a day below 2^63.
func (g Gap) times(multiple float64) (Instant, bool) {
	thousandths := int64(math.Round(multiple * 1000))
	n := thousandths * g.Days * (int64(Day) / 1000)
	return Instant(n / g.Over), n%g.Over != 0
}
