package projections_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// warningRecount is what the outputs and the timeline tell of warnings.
type warningRecount struct {
	raised, escalated, eased, ended, lost, lostOf int64
	reasons                                       map[string]int64
	openFor                                       domain.Instant
}

func recountWarnings(outputs []projections.Output) *warningRecount {
	n := &warningRecount{reasons: map[string]int64{}}
	end := func(reason string, raised, at domain.Instant) {
		n.ended++
		n.reasons[reason]++
		n.openFor += (at - raised) / domain.Second * domain.Second
		switch reason {
		case "lost", "loss_inferred":
			n.lost++
			n.lostOf++
		case "eased", "ended":
			n.lostOf++
		}
	}
	for _, o := range outputs {
		switch d := o.Data.(type) {
		case *domain.ChurnWarningRaised:
			n.raised++
		case *domain.ChurnWarningEscalated:
			n.escalated++
		case *domain.ChurnWarningEased:
			n.eased++
		case *domain.ChurnWarningCleared:
			end(d.Reason, d.RaisedAt, d.At)
		case *domain.ChurnWarningWithdrawn:
			end(d.Reason, d.RaisedAt, d.At)
		}
	}
	return n
}

// TestTheReportOnWarningsCountsWhatWasTold lets one customer live through events, decisions, silences and policies.
func TestTheReportOnWarningsCountsWhatWasTold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := newLife(t, fmt.Sprintf(shortLives, 5, "10h", 3))
		lax := newLife(t, fmt.Sprintf(shortLives, 5, "10h", 3)+"  levels: {watch: 60, high: 70, critical: 80}\n").fold
		folds := []*projections.Fold{l.fold, lax}
		at := monday
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				e := decisionOn(rt, l, at)
				l.event(at, e[0], e[1])
			case 1:
				l.fold = rapid.SampledFrom(folds).Draw(rt, "policy")
				l.work("policy", func(out *projections.Effects) {
					l.fold.Advance(l.c, at, out)
					l.fold.Reconsider(l.c, at, out)
				})
			default:
				e := rapid.SampledFrom(append(riskEvents, [2]string{"customer.lost", `{"nature":"permanent"}`})).Draw(rt, "event")
				l.event(at, e[0], e[1])
			}
			at += domain.Instant(rapid.IntRange(0, 40*60).Draw(rt, "minutes")) * domain.Minute
		}
		want := recountWarnings(l.out)
		got := projections.NewWarningReport(l.cells(at), &projections.WarningFilter{})
		r := &got.Total
		if r.Raised != want.raised || r.Escalated != want.escalated || r.Eased != want.eased || r.Ended != want.ended ||
			r.Lost.Count != want.lostOf || want.lostOf > 0 && *r.Lost.Value != float64(want.lost)/float64(want.lostOf) {
			rt.Fatalf("the report says %+v, told was %+v", r, want)
		}
		if want.ended > 0 && *r.OpenDays != float64(want.openFor/domain.Second)/float64(want.ended)/86400 {
			rt.Fatalf("warnings were open for %v days, told is %s in %d", *r.OpenDays, time.Duration(want.openFor)*time.Microsecond, want.ended)
		}
		for _, e := range got.Ends {
			if e.Ended != want.reasons[e.Reason] {
				rt.Fatalf("%d ended as %s, told were %d", e.Ended, e.Reason, want.reasons[e.Reason])
			}
		}
		checkOpen(rt, l, want)
	})
}

// checkOpen checks that a warning is open when more were raised than ended, and that it is counted by its level.
func checkOpen(t *rapid.T, l *life, n *warningRecount) {
	open := map[domain.RiskLevel]int64{}
	for _, x := range l.c.Cases(projections.CaseWarning) {
		if w, err := x.Warning(l.c.Now); err != nil || w.Open {
			open[w.Level]++
		}
	}
	if n.raised-n.ended != int64(len(open)) {
		t.Fatalf("%d were raised and %d ended, but open are %v", n.raised, n.ended, open)
	}
	for level := domain.RiskWatch; level <= domain.RiskCritical; level++ {
		if l.rollups.Warnings[level] != open[level] || (l.c.Lifecycle.Risk == level) != (open[level] == 1) {
			t.Fatalf("at %s are %d, counted %d, and the customer is at %s", level, open[level], l.rollups.Warnings[level], l.c.Lifecycle.Risk)
		}
	}
}
