package domain_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
)

func TestTheDefaultPolicyHasTheDocumentedValues(t *testing.T) {
	t.Parallel()
	p := domain.DefaultPolicy()
	want := domain.LifecyclePolicy{
		PriorGapDays: 60, PriorWeight: 2, MaturityOccasions: 3, MaturityRenewals: 2, MaturityTenureDays: 90,
		MaturityBlockedBy: domain.RiskHigh, DeclineGaps: 2, DeclineRisk: domain.RiskCritical, TerminationGaps: 6,
		TerminationDays: 365,
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

func TestABadPolicyNamesEveryFieldAndItsRule(t *testing.T) {
	t.Parallel()
	for doc, fields := range map[string][]string{
		"version: ''":             {"version"},
		"clock: wall":             {"clock"},
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
		"version: [":                                                          {"line 1"},
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
