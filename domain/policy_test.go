package domain_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/questionnaire"
)

func TestTheDefaultPolicyHasTheDocumentedValues(t *testing.T) {
	t.Parallel()
	p := domain.DefaultPolicy()
	want := domain.LifecyclePolicy{
		PriorGapDays: 60, PriorWeight: 2, MaturityOccasions: 3, MaturityRenewals: 2, MaturityTenureDays: 90,
		MaturityBlockedBy: domain.RiskHigh, DeclineGaps: 2, DeclineRisk: domain.RiskCritical, TerminationGaps: 6,
		TerminationDays: 365,
	}
	if p.Clock != domain.ClockWall || p.HistoricAfter != 720*time.Hour {
		t.Errorf("the clock is %s, historic after %s", p.Clock, p.HistoricAfter)
	}
	if p.Lifecycle != want || p.Version != "default-1" || p.Location().String() != "Asia/Shanghai" {
		t.Errorf("got %+v", p)
	}
}

func TestAPolicyDocumentReplacesOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	p, err := domain.ParsePolicy([]byte("version: mine\nlifecycle:\n  decline_gaps: 2.5\n"))
	if err != nil {
		t.Fatal(err)
	}
	if p.Version != "mine" || p.Lifecycle.DeclineGaps != 2.5 || p.Lifecycle.TerminationGaps != 6 || p.TimeZone != "Asia/Shanghai" {
		t.Errorf("got %+v", p)
	}
}

// drawPolicy draws values for everything a policy document can set.
func drawPolicy(t *rapid.T) *domain.Policy {
	levels := []domain.RiskLevel{domain.RiskLow, domain.RiskWatch, domain.RiskHigh, domain.RiskCritical}
	gaps := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(100, 100_000).Draw(t, "thousandths")) / 1000 })
	p := &domain.Policy{
		Version:       rapid.StringMatching(`[^\x00-\x1f\x7f]{1,32}|true|null|~|1e3|0x10|2026-03-01|- a|a: b|"x"|# y`).Draw(t, "version"),
		Clock:         rapid.SampledFrom([]domain.Clock{domain.ClockWall, domain.ClockEvents}).Draw(t, "clock"),
		HistoricAfter: time.Duration(rapid.Int64Range(int64(time.Hour), int64(87600*time.Hour)).Draw(t, "historic after")),
		TimeZone:      rapid.SampledFrom([]string{"UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin"}).Draw(t, "zone"),
		MaxFuture:     time.Duration(rapid.Int64Range(0, int64(8784*time.Hour)).Draw(t, "max future")),
		Working:       drawWorkingTime(t),
		Lifecycle: domain.LifecyclePolicy{
			PriorGapDays: rapid.Int64Range(1, 3650).Draw(t, "prior gap"), PriorWeight: rapid.Int64Range(1, 100).Draw(t, "prior weight"),
			MaturityOccasions: rapid.IntMin(1).Draw(t, "occasions"), MaturityRenewals: rapid.IntMin(1).Draw(t, "renewals"),
			MaturityTenureDays: rapid.Int64Range(0, 36500).Draw(t, "tenure"),
			MaturityBlockedBy:  rapid.SampledFrom(levels).Draw(t, "blocked by"), DeclineRisk: rapid.SampledFrom(levels).Draw(t, "risk"),
			DeclineGaps: gaps.Draw(t, "decline"), TerminationGaps: gaps.Draw(t, "termination"),
			TerminationDays: rapid.Int64Range(0, 36500).Draw(t, "termination days"),
		},
		Contact: domain.ContactPolicy{
			CheckDays:        rapid.Int64Range(0, 3650).Draw(t, "check days"),
			CollisionGap:     time.Duration(rapid.Int64Range(0, 8784).Draw(t, "collision gap")) * time.Hour,
			Intention:        time.Duration(rapid.Int64Range(0, 527040).Draw(t, "intention")) * time.Minute,
			UnreachableAfter: rapid.Int64Range(1, domain.MaxAttempts).Draw(t, "unreachable after"),
		},
		Satisfaction: domain.SatisfactionPolicy{
			Drop: rapid.Float64Range(0.001, 100).Draw(t, "drop"), Least: rapid.Int64Range(1, 1_000_000).Draw(t, "least"),
			Confidence: rapid.Float64Range(0.5, 0.9999).Draw(t, "confidence"),
		},
		Risk:           drawRisk(t),
		Value:          domain.DefaultPolicy().Value,
		WinBack:        domain.DefaultPolicy().WinBack,
		Models:         drawModels(t),
		Deadlines:      drawDeadlines(t),
		Questionnaires: drawQuestionnaires(t),
	}
	return p
}

// drawStep draws one step of the escalation of a warning.
func drawStep(t *rapid.T) domain.EscalationStep {
	return domain.EscalationStep{
		After: time.Duration(rapid.Int64Range(int64(time.Minute), int64(87600*time.Hour)).Draw(t, "after")),
		Time:  rapid.SampledFrom([]domain.DeadlineTime{domain.DeadlineElapsed, domain.DeadlineWorking}).Draw(t, "time"),
		Level: domain.RiskLevel(rapid.IntRange(int(domain.RiskWatch), int(domain.RiskCritical)).Draw(t, "level")),
		Up:    rapid.Int64Range(0, 16).Draw(t, "up"),
	}
}

// drawRisk draws thresholds and signals over those of the default policy.
func drawRisk(t *rapid.T) domain.RiskPolicy {
	r := domain.DefaultPolicy().Risk
	r.Escalation = rapid.SliceOfN(rapid.Custom(drawStep), 0, domain.MostEscalationSteps).Draw(t, "escalation")
	r.Source = rapid.SampledFrom([]domain.RiskSource{domain.RiskFromFactors, domain.RiskFromModel}).Draw(t, "source")
	r.Missing = rapid.SampledFrom([]domain.MissingInput{domain.MissingIgnored, domain.MissingNeutral, domain.MissingWorst}).Draw(t, "missing")
	r.Levels.Watch = float64(rapid.IntRange(600, 4000).Draw(t, "watch")) / 100
	r.Dwell = time.Duration(rapid.Int64Range(0, 8784).Draw(t, "dwell")) * time.Hour
	r.Measures.Model.Weight = float64(rapid.IntRange(0, 10000).Draw(t, "model weight")) / 100
	names := rapid.StringMatching(`[a-z_]{1,12}x|true|null|1e3`)
	for _, name := range rapid.SliceOfNDistinct(names, 0, 3, rapid.ID).Draw(t, "signals") {
		r.Signals[name] = domain.SignalRule{
			Code: "W99", Most: float64(rapid.IntRange(1, 10000).Draw(t, "most")) / 100, HalfLife: time.Hour,
			Points:  map[string]float64{"x.begun a=1": float64(rapid.IntRange(1, 10000).Draw(t, "points")) / -100},
			Holds:   map[string]string{"x.begun": "id"},
			Settles: map[string]string{"y.ended": ""}, Clears: map[string]string{}, Off: rapid.Bool().Draw(t, "signal off"),
		}
	}
	return r
}

// drawModels draws models as documents have them: nothing of them, none, or some.
func drawModels(t *rapid.T) domain.Models {
	models := domain.Models{}
	switch rapid.IntRange(0, 2).Draw(t, "models") {
	case 0:
		return nil
	case 1:
		models["purchase"] = domain.FittedModel{
			Name: "nbd", Parameters: map[string]float64{"r": rapid.Float64Range(1e-9, 1e9).Draw(t, "r"), "alpha": 0.1},
			From: "1997-01-01T00:00:00Z", Customers: rapid.Int64Range(0, 1<<53).Draw(t, "customers"),
			LogLikelihood: rapid.Float64Range(-1e300, -1e-300).Draw(t, "log-likelihood"),
		}
		models["classes"] = domain.FittedModel{Name: "abc", Parameters: map[string]float64{"least.CNY.A": -7}, Currency: "null"}
	}
	return models
}

// drawDeadlines draws rules for the kinds of deadline that every policy has, and for others.
func drawDeadlines(t *rapid.T) map[string]domain.DeadlineRule {
	rules := domain.DefaultPolicy().Deadlines
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		rule := rules[name]
		rule.Off = rapid.Bool().Draw(t, name+" off")
		rule.Near = float64(rapid.IntRange(1, 1000).Draw(t, name+" near")) / 1000
		rules[name] = rule
	}
	names := rapid.StringMatching(`[^/\x00-\x1f\x7f]{1,64}|true|null|~|1e3|- a|a: b|"x"|# y`)
	for _, name := range rapid.SliceOfNDistinct(names, 0, 3, rapid.ID).Draw(t, "kinds") {
		rules[name] = drawDeadline(t)
	}
	return rules
}

// drawDeadline draws a rule over types of the catalogue and others.
func drawDeadline(t *rapid.T) domain.DeadlineRule {
	texts := rapid.SampledFrom([]string{"promise.made", "promise.made employee=li", "contact.scheduled channel=phone", "x.begun", "x.begun a=1 b=true"})
	r := domain.DeadlineRule{
		Start: make(map[string]string), Stop: make(map[string]string), Off: rapid.Bool().Draw(t, "off"),
		Time:     rapid.SampledFrom([]domain.DeadlineTime{domain.DeadlineElapsed, domain.DeadlineWorking}).Draw(t, "time"),
		Near:     float64(rapid.IntRange(1, 1000).Draw(t, "near")) / 1000,
		Employee: rapid.SampledFrom([]string{"", "employee"}).Draw(t, "employee"),
	}
	for _, text := range rapid.SliceOfN(texts, 1, 3).Draw(t, "start") {
		r.Start[text] = rapid.SampledFrom([]string{"", "employee"}).Draw(t, "id")
	}
	for _, text := range rapid.SliceOfN(texts, 0, 3).Draw(t, "stop") {
		r.Stop[text] = ""
	}
	if rapid.Bool().Draw(t, "due") {
		r.Due = "due_at"
	} else {
		r.Within = time.Duration(rapid.Int64Range(1000, int64(87600*time.Hour)).Draw(t, "within"))
	}
	return r
}

// drawQuestionnaires draws the built-in questionnaires with another limit of low scores.
func drawQuestionnaires(t *rapid.T) questionnaire.Set {
	set, err := questionnaire.Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	set.Definitions[0].Groups[0].Low = rapid.IntRange(1, 4).Draw(t, "low")
	return *set
}

// drawWorkingTime draws a section calendar in canonical order.
func drawWorkingTime(t *rapid.T) domain.WorkingTime {
	weekdays := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	w := domain.WorkingTime{
		Days: []string{}, DayHours: drawHours(t), Hours: map[string]domain.DayHours{}, Holidays: []domain.Date{}, Workdays: []domain.Date{},
	}
	working := rapid.IntRange(1, 127).Draw(t, "working days")
	for i, name := range weekdays {
		if working&(1<<i) != 0 {
			w.Days = append(w.Days, name)
		}
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(weekdays), 0, 3, rapid.ID).Draw(t, "own hours") {
		w.Hours[name] = drawHours(t)
	}
	for i, kind := range rapid.SliceOfN(rapid.IntRange(0, 6), 0, 60).Draw(t, "dates") {
		date := exceptional + domain.Date(i)
		switch kind {
		case 0:
			w.Holidays = append(w.Holidays, date)
		case 1:
			w.Workdays = append(w.Workdays, date)
		case 2:
			w.Hours[date.String()] = drawHours(t)
		}
	}
	return w
}

// exceptional is the first of the dates that drawWorkingTime makes exceptions of: 2026-03-01.
const exceptional domain.Date = 20513

// drawHours draws hours with working time in whole quarters of an hour.
func drawHours(t *rapid.T) domain.DayHours {
	quarters := rapid.SliceOfNDistinct(rapid.IntRange(0, 96), 4, 4, rapid.ID).Draw(t, "quarters")
	slices.Sort(quarters)
	clock := func(i int) string { return fmt.Sprintf("%02d:%02d", quarters[i]/4, quarters[i]%4*15) }
	h := domain.DayHours{From: clock(0), To: clock(3)}
	if rapid.Bool().Draw(t, "lunch") {
		h.LunchFrom, h.LunchTo = clock(1), clock(2)
	}
	return h
}

// manyDates returns more dates than a policy has room for.
func manyDates() string {
	var dates []string
	for d := domain.Date(0); d < 4000; d++ {
		dates = append(dates, d.String())
	}
	return strings.Join(dates, ", ")
}

func TestThePolicyReadFromItsDocumentIsEqual(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPolicy(t)
		doc := p.Document()
		back, err := domain.ParsePolicy(doc)
		if err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		if a, b := values(t, p), values(t, back); a != b {
			t.Fatalf("became\n%s\nwant\n%s", b, a)
		}
		if again := back.Document(); !bytes.Equal(again, doc) || back.Digest() != p.Digest() {
			t.Fatalf("the document became\n%s\nwant\n%s", again, doc)
		}
	})
}

// values returns every exported value of a policy, not by way of YAML.
func values(t *rapid.T, p *domain.Policy) string {
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestADigestTellsPoliciesApartByTheirValuesOnly(t *testing.T) {
	t.Parallel()
	digest := func(doc string) string {
		p, err := domain.ParsePolicy([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest()
	}
	same := digest("")
	for _, doc := range []string{"# a comment\n", "max_future: 0h15m", "calendar: {days: [fri, thu, wed, tue, mon, mon]}",
		"calendar: {hours: , holidays: , workdays: }", "{lifecycle: {decline_gaps: 2.0}, clock: wall}",
		"deadlines: {inquiry: {time: elapsed, near: 0.800}, promise: {stop: {promise.kept: promise_id}}}"} {
		if got := digest(doc); got != same {
			t.Errorf("%s has the digest %s, want %s", doc, got, same)
		}
	}
	for _, doc := range []string{"version: other", "max_future: 16m", "clock: events", "lifecycle: {decline_gaps: 2.001}",
		"calendar: {holidays: [2026-10-01]}", "deadlines: {inquiry: {near: 0.9}}", "deadlines: {terms: {off: true}}",
		"satisfaction: {drop: 3}"} {
		if got := digest(doc); got == same || len(got) != 32 {
			t.Errorf("%s has the digest %s", doc, got)
		}
	}
}

func TestABadPolicyNamesEveryFieldAndItsRule(t *testing.T) {
	t.Parallel()
	for doc, fields := range map[string][]string{
		"version: ''":             {"version"},
		"version: \"a\\u0007\"":   {"version must not contain control characters"},
		"clock: sun":              {"clock must be one of wall, events"},
		"historic_after: 59m":     {"historic_after"},
		"historic_after: 87601h":  {"historic_after"},
		"time_zone: Mars/Olympus": {"time_zone"},
		"time_zone: Local":        {"time_zone"},
		"max_future: -1s":         {"max_future"},
		"lifecycle: {prior_gap_days: 0, prior_weight: 0}":                     {"lifecycle.prior_gap_days", "lifecycle.prior_weight"},
		"lifecycle: {decline_gaps: 0, termination_gaps: 0}":                   {"lifecycle.decline_gaps", "lifecycle.termination_gaps"},
		"lifecycle: {decline_gaps: 2.00001}":                                  {"lifecycle.decline_gaps"},
		"lifecycle: {maturity_blocked_by: grave}":                             {"lifecycle.maturity_blocked_by"},
		"lifecycle: {prior_weight: 1.5}":                                      {"lifecycle.prior_weight must be a whole number"},
		"lifecycle: 5":                                                        {"lifecycle must be a mapping"},
		"max_future: soon":                                                    {"max_future must be a length of time"},
		"{lifecycle: {prior_weight: x}, clocks: 1, contact: {check_days: y}}": {"lifecycle.prior_weight", "clocks", "contact.check_days"},
		"lifecycle: {decline_gap: 2}":                                         {"decline_gap"},
		"contact: {check_days: -1}":                                           {"contact.check_days"},
		"calendar: {days: []}":                                                {"calendar must have working time in a week"},
		"calendar: {days: [mon, someday]}":                                    {"calendar.days must be a list of mon, tue"},
		"calendar: {days: mon}":                                               {"calendar.days must be a list of texts"},
		"calendar: {from: 9:00, to: 18}":                                      {"calendar.from must be a time of day", "calendar.to must be a time of day"},
		"calendar: {from: '18:00', to: '24:01'}":                              {"calendar.to must be a time of day"},
		"calendar: {from: '18:00'}":                                           {"calendar.to must be after from"},
		"calendar: {lunch_from: ''}":                                          {"calendar.lunch_from must be a time of day"},
		"calendar: {lunch_from: '13:00'}":                                     {"calendar.lunch_to must be after lunch_from"},
		"calendar: {lunch_from: '08:59'}":                                     {"calendar.lunch_from must be between"},
		"calendar: {lunch_to: '18:01'}":                                       {"calendar.lunch_from must be between"},
		"calendar: {lunch_from: '09:00', lunch_to: '18:00'}":                  {"calendar must have working time in a week"},
		"calendar: {hours: {sat: {from: '09:00'}}}":                           {"calendar.hours.sat.to must be a time of day"},
		"calendar: {hours: {sat: {start: '09:00'}}}":                          {"calendar.hours.sat.start is not a name of the policy"},
		"calendar: {hours: {caturday: {from: '09:00', to: '10:00'}}}":         {"calendar.hours.caturday must be under a weekday"},
		"calendar: {hours: {2026-02-29: {from: '09:00', to: '10:00'}}}":       {"calendar.hours.2026-02-29 must be under a weekday"},
		"calendar: {hours: {sat: {}, sat: {}}}":                               {"calendar.hours.sat is given twice"},
		"calendar: {hours: [sat]}":                                            {"calendar.hours must be a mapping"},
		"calendar: {holidays: [2026-02-29]}":                                  {"calendar.holidays must be a list of dates"},
		"calendar: {holidays: [1899-12-31]}":                                  {"calendar must have dates of the years 1900 to 2199"},
		"calendar: {holidays: [2026-10-01], workdays: [2026-10-01]}":          {"calendar.workdays must have no date that is a holiday too"},
		"calendar: {holidays: [" + manyDates() + "]}":                         {"document must have at most 48 KiB"},
		"version: [": {"line 1"},
	} {
		_, err := domain.ParsePolicy([]byte(doc))
		if err == nil {
			t.Errorf("%s was taken", doc)
			continue
		}
		for _, f := range fields {
			if !strings.Contains(err.Error(), f) {
				t.Errorf("%s: %v does not name %s", doc, err, f)
			}
		}
	}
}

// The usual gap and the silences are compared with rational arithmetic straight from domain rule LC-02.
func TestSilencesAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := domain.DefaultPolicy().Lifecycle
		l.DeclineGaps = float64(rapid.IntRange(100, 100_000).Draw(t, "decline")) / 1000
		l.TerminationGaps = float64(rapid.IntRange(100, 100_000).Draw(t, "termination")) / 1000
		l.PriorGapDays = rapid.Int64Range(1, 3650).Draw(t, "prior")
		l.PriorWeight = rapid.Int64Range(1, 100).Draw(t, "weight")
		sum, n := rapid.Int64Range(0, 40_000).Draw(t, "sum"), rapid.Int64Range(0, 40_000).Draw(t, "gaps")

		gap := big.NewRat(l.PriorWeight*l.PriorGapDays+sum, l.PriorWeight+n)
		micros := func(multiple float64) *big.Rat {
			thousandths := big.NewRat(int64(multiple*1000+0.5), 1000)
			r := new(big.Rat).Mul(gap, thousandths)
			return r.Mul(r, big.NewRat(int64(domain.Day), 1))
		}
		g := l.UsualGap(sum, n)
		decline := l.DeclineAfter(g)
		if limit := micros(l.DeclineGaps); !over(decline, limit) || over(decline-1, limit) {
			t.Fatalf("decline after %d, limit %s", decline, limit.FloatString(3))
		}
		termination := l.TerminationAfter(g)
		limit := micros(l.TerminationGaps)
		if least := big.NewRat(l.TerminationDays*int64(domain.Day), 1); limit.Cmp(least) < 0 {
			limit = least
		}
		if reached(termination-1, limit) || !reached(termination, limit) {
			t.Fatalf("termination after %d, limit %s", termination, limit.FloatString(3))
		}
	})
}

func over(i domain.Instant, limit *big.Rat) bool    { return big.NewRat(int64(i), 1).Cmp(limit) > 0 }
func reached(i domain.Instant, limit *big.Rat) bool { return big.NewRat(int64(i), 1).Cmp(limit) >= 0 }

// TestDocumentsInLogsAreReadByTheRulesOfTheirTime guards replays: what a log holds stays in force, and cannot be published anew.
func TestDocumentsInLogsAreReadByTheRulesOfTheirTime(t *testing.T) {
	t.Parallel()
	for doc, faults := range map[string][]string{
		"risk: {signals: {limit: {most: 1, half_life: 1h, points: {note.added: 1}}, base: {most: 1, half_life: 1h, points: {note.added: 1}}}}": {
			"risk.signals.base must have a name", "risk.signals.limit must have a name",
		},
		"risk: {signals: {x: {most: 1, half_life: 1h, points: {need.changed: 1}, holds: {need.change: id}, settles: {note.added: ''}}}}": {
			"risk.signals.x.holds.need.change must be a type of event that is in points",
		},
		"value: {classes: [{name: A, share: 0.8, note: best}, {name: B, share: 0.95}, {name: C, share: 1}]}": nil,
	} {
		if _, err := domain.ParsePolicy([]byte(doc)); err != nil {
			t.Errorf("%s in a log: %v", doc, err)
		}
		_, err := domain.ParseNewPolicy([]byte(doc))
		if (err != nil) != (faults != nil) {
			t.Errorf("%s to be published: %v", doc, err)
		}
		for _, fault := range faults {
			if err != nil && !strings.Contains(err.Error(), fault) {
				t.Errorf("%s to be published: %v, want %q in it", doc, err, fault)
			}
		}
	}
}
