package projections_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// waiting follows one warning after another by what is told of them and what people decide.
type waiting struct {
	t      *rapid.T
	policy *domain.Policy
	// id is the open warning, empty without one, and level its level. reached is when it reached each level.
	id      string
	level   domain.RiskLevel
	reached [domain.RiskCritical + 1]domain.Instant
	// waits is from when on it waits for an answer, zero when it has one.
	waits domain.Instant
	told  map[domain.EscalationStep]bool
	// published is when the policy was published, zero for the first one.
	published domain.Instant
	// inTime counts the warnings that were answered before the first step, and asked those of which it was told before that;
	// counted says that the open one is in either.
	inTime, asked int64
	counted       bool
	// seen is how many outputs were read.
	seen int
}

// due returns when a step is due that was not told yet, zero when it is not to be told.
func (w *waiting) due(i int) domain.Instant {
	step := &w.policy.Risk.Escalation[i]
	if w.id == "" || w.waits == 0 || w.told[*step] || w.level < step.Level {
		return 0
	}
	minute := (w.published + domain.Minute - 1) / domain.Minute * domain.Minute
	return max(step.Due(max(w.waits, w.reached[step.Level]), w.policy.Calendar()), minute)
}

// none checks that no step was due before an instant.
func (w *waiting) none(before domain.Instant) {
	for i := range w.policy.Risk.Escalation {
		if due := w.due(i); due != 0 && due < before {
			w.t.Fatalf("step %d of warning %s was due at %s and is not told before %s", i+1, w.id, due, before)
		}
	}
}

// read takes in the outputs since the last time.
func (w *waiting) read(outputs []projections.Output) {
	for _, o := range outputs[w.seen:] {
		w.none(o.At)
		switch d := o.Data.(type) {
		case *domain.ChurnWarningRaised:
			*w = waiting{
				t: w.t, policy: w.policy, published: w.published, id: d.WarningID, waits: d.At, told: map[domain.EscalationStep]bool{},
				inTime: w.inTime, asked: w.asked,
			}
			w.reach(d.Level, d.At)
		case *domain.ChurnWarningEscalated:
			w.waits = min(w.waits, d.At) // a snoozed one is shown again
			w.reach(d.Level, d.At)
		case *domain.ChurnWarningEased:
			w.reach(d.Level, d.At)
		case *domain.ChurnWarningCleared, *domain.ChurnWarningWithdrawn:
			w.id = ""
		case *domain.ChurnWarningUnanswered:
			w.step(d)
		}
	}
	w.seen = len(outputs)
}

func (w *waiting) reach(level string, at domain.Instant) {
	if err := w.level.UnmarshalText([]byte(level)); err != nil {
		w.t.Fatal(err)
	}
	for l := range w.reached {
		switch {
		case domain.RiskLevel(l) > w.level:
			w.reached[l] = 0
		case w.reached[l] == 0:
			w.reached[l] = at
		}
	}
}

// step checks that a step was to be told, and when.
func (w *waiting) step(d *domain.ChurnWarningUnanswered) {
	if due := w.due(int(d.Step) - 1); d.WarningID != w.id || d.At != due || d.Level != w.level.String() {
		w.t.Fatalf("told is %+v; the open warning is %q at %s, and the step is due at %s", d, w.id, w.level, due)
	}
	if !w.counted {
		w.asked++
	}
	w.counted = true
	w.told[w.policy.Risk.Escalation[d.Step-1]] = true
}

// decide takes in what somebody decided at an instant.
func (w *waiting) decide(typ, data string, at domain.Instant) {
	var d struct {
		WarningID string         `json:"warning_id"`
		Employee  string         `json:"employee"`
		Until     domain.Instant `json:"until"`
	}
	if err := json.Unmarshal([]byte(data), &d); err != nil {
		w.t.Fatal(err)
	}
	if d.WarningID != w.id {
		return
	}
	asked := false
	for i := range w.policy.Risk.Escalation {
		asked = asked || w.due(i) != 0
	}
	switch {
	case typ == "warning.snoozed":
		w.waits = d.Until
	case typ == "warning.assigned" && d.Employee == "":
		w.waits = at
	default:
		w.waits = 0
		if asked && !w.counted {
			w.inTime++
			w.counted = true
		}
	}
}

// TestEachStepIsToldOnceAndOnlyWhileNobodyAnswers compares what is told with what the decisions and levels ask for.
func TestEachStepIsToldOnceAndOnlyWhileNobodyAnswers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		document := fmt.Sprintf(shortLives, 5, "10h", 8)
		l := newLife(t, document)
		// The other policy has the second step as its first one, another one in its place, and not the rest.
		other := newLife(t, strings.Replace(document, "[{after: 3h}, {after: 90m, time: working, level: high, up: 1}, {after: 40m, level: critical, up: 2}]",
			"[{after: 90m, time: working, level: high, up: 1}, {after: 2h}]", 1)).fold
		w := &waiting{t: rt, policy: l.fold.Policy()}
		pass := func(until domain.Instant) {
			l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, until, out) })
			w.read(l.out)
			w.none(until + 1)
		}
		at := monday
		for range rapid.IntRange(1, 20).Draw(rt, "events") {
			pass(at)
			if rapid.IntRange(0, 5).Draw(rt, "publish") == 0 {
				l.fold, other = other, l.fold
				w.policy, w.published = l.fold.Policy(), at
				l.work("policy", func(out *projections.Effects) { l.fold.Reconsider(l.c, at, out) })
				w.read(l.out)
			}
			e := rapid.SampledFrom(riskEvents).Draw(rt, "event")
			if rapid.IntRange(0, 3).Draw(rt, "people") == 0 {
				e = decisionOn(rt, l, at)
				w.decide(e[0], e[1], at)
			}
			l.event(at, e[0], e[1])
			w.read(l.out)
			at += domain.Instant(rapid.IntRange(0, 8*3600).Draw(rt, "seconds")) * domain.Second
		}
		pass(at + 20*domain.Day)
		r := projections.NewWarningReport(l.cells(at), &projections.WarningFilter{})
		if r.Total.InTime != w.inTime || r.Total.Unanswered != w.asked || w.inTime+w.asked > r.Total.Raised {
			rt.Fatalf("of %d the report says %+v, in time were %d and told of %d", r.Total.Raised, r.Total.WarningAnswers, w.inTime, w.asked)
		}
	})
}

// cells returns what was counted.
func (l *life) cells(at domain.Instant) *projections.CellView {
	sum := make(projections.CellSum)
	for c, n := range l.rollups.Cells {
		sum.AddCount(c, n)
	}
	return &projections.CellView{AsOf: at, Policy: l.fold.Policy(), Cells: sum.Sorted()}
}
