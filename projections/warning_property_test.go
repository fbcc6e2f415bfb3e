package projections_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// shortLives is a policy under which customers buy every day or so and points fade within hours, so that much happens in few
// days. Nothing else than events and silence changes a score.
const shortLives = `version: short
lifecycle: {prior_gap_days: 1, prior_weight: 1}
contact: {collision_gap: 0s}
satisfaction: {least: 1}
deadlines: {complaint: {off: true}, promise: {off: true}, terms: {off: true}}
risk:
  hysteresis: %v
  dwell: %s
  loss_gaps: %d
  loss_days: 0
  escalation: [{after: 3h}, {after: 90m, time: working, level: high, up: 1}, {after: 40m, level: critical, up: 2}]
  measures:
    satisfaction: {half_life: 20h}
    contact: {begins_days: 1, full_days: 6}
  signals:
    price: {half_life: 5h, most: 40, points: {price.objected: 20}}
    competitor: {half_life: 11h, most: 60, points: {competitor.purchased: 45}}
    need: {half_life: 3h, most: 60, points: {need.changed: 30}}
    complaint: {half_life: 7h, most: 50}
    goodwill: {half_life: 9h, most: 30, points: {praise.received: -25}}
`

// riskEvents are the events that are drawn, with their data.
var riskEvents = [][2]string{
	{"purchase.recorded", `{"amount":{"minor":1000,"currency":"CNY"},"quantity":1}`},
	{"price.objected", `{}`},
	{"competitor.purchased", `{"competitor":"other"}`},
	{"need.changed", `{}`},
	{"complaint.filed", `{"complaint_id":"k1"}`},
	{"complaint.resolved", `{"complaint_id":"k1"}`},
	{"praise.received", `{}`},
	{"survey.answered", `{"questionnaire":"nps","source":"internal","answers":[{"item":"NPS","score":1}]}`},
	{"survey.answered", `{"questionnaire":"nps","source":"internal","answers":[{"item":"NPS","score":9}]}`},
	{"contact.made", `{"direction":"in","channel":"phone"}`},
}

// oracle says what happens to the warning of a customer by looking at the score in every single minute.
type oracle struct {
	fold   *projections.Fold
	policy *domain.Policy
	level  domain.RiskLevel
	// below says since when the score is below the floor of each level.
	below [domain.RiskCritical + 1]domain.Instant
	told  []string
}

func (o *oracle) floor(l domain.RiskLevel) domain.Centipoints {
	return o.policy.Risk.Levels.Edge(l) - domain.PointsOf(o.policy.Risk.Hysteresis)
}

// look takes in the score at an instant.
func (o *oracle) look(c *projections.Customer, at domain.Instant, atOnce bool) {
	s := o.fold.ScoreAt(c, at)
	if s == nil {
		return
	}
	dwell := domain.Instant(o.policy.Risk.Dwell.Microseconds())
	level := o.level
	for l := domain.RiskWatch; l <= domain.RiskCritical; l++ {
		switch {
		case s.Points >= o.floor(l):
			o.below[l] = 0
		case o.below[l] == 0:
			o.below[l] = at
		}
	}
	for level > domain.RiskLow && o.below[level] != 0 && (atOnce || at-o.below[level] >= dwell) {
		level--
	}
	level = max(level, o.policy.Risk.Levels.Of(s.Points))
	if level != o.level {
		o.told = append(o.told, fmt.Sprintf("%s %s -> %s", at, o.level, level))
		o.level = level
	}
}

// wait looks at every whole minute after one instant up to another, and at the ends of dwell times.
func (o *oracle) wait(c *projections.Customer, from, to domain.Instant) {
	dwell := domain.Instant(o.policy.Risk.Dwell.Microseconds())
	for at := from - from%domain.Minute + domain.Minute; ; at += domain.Minute {
		for _, since := range o.below {
			if end := since + dwell; since != 0 && end > at-domain.Minute && end > from && end < at && end <= to {
				o.look(c, end, false)
			}
		}
		if at > to {
			return
		}
		o.look(c, at, false)
	}
}

// TestTheLevelsAreThoseThatAGridOfMinutesGives compares the search for the instants at which a level changes with a look at
// every minute.
func TestTheLevelsAreThoseThatAGridOfMinutesGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		document := fmt.Sprintf(shortLives, rapid.SampledFrom([]float64{0, 2.5, 5, 12}).Draw(rt, "hysteresis"),
			rapid.SampledFrom([]string{"0s", "90m", "24h"}).Draw(rt, "dwell"), 100)
		l := newLife(t, document)
		o := &oracle{fold: l.fold, policy: l.fold.Policy()}
		at := monday
		l.event(at, "purchase.recorded", riskEvents[0][1])
		o.look(l.c, at, true)
		for range rapid.IntRange(1, 5).Draw(rt, "events") {
			before := at
			at += domain.Instant(rapid.IntRange(0, 24*3600).Draw(rt, "seconds")) * domain.Second
			o.wait(l.c, before, at)
			e := rapid.SampledFrom(riskEvents).Draw(rt, "event")
			l.event(at, e[0], e[1])
			o.look(l.c, at, e[0] == "purchase.recorded")
		}
		end := at + 2*domain.Day
		o.wait(l.c, at, end)
		l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, end, out) })
		checkParts(rt, l)
		if told := levelsTold(rt, l.out); !slices.Equal(told, o.told) {
			rt.Fatalf("told\n%v\na look at every minute gives\n%v", told, o.told)
		}
	})
}

// checkParts checks that the contributions of an open warning sum to its score and are those that were told last.
func checkParts(t *rapid.T, l *life) {
	for _, x := range l.c.Cases(projections.CaseWarning) {
		w, err := x.Warning(l.c.Now)
		if err != nil {
			t.Fatal(err)
		}
		if !w.Open {
			continue
		}
		var told []domain.RiskContribution
		for _, o := range l.out {
			switch d := o.Data.(type) {
			case *domain.ChurnWarningRaised:
				told = d.Contributions
			case *domain.ChurnWarningEscalated:
				told = d.Contributions
			case *domain.ChurnWarningEased:
				told = d.Contributions
			}
		}
		told = slices.DeleteFunc(told, func(p domain.RiskContribution) bool { return p.Points == 0 })
		sum := domain.Centipoints(0)
		for i, p := range w.Contributions {
			if sum += domain.PointsOf(p.Points); i >= len(told) || told[i].Factor != p.Factor || told[i].Points != p.Points {
				t.Fatalf("the warning has the parts %+v, told were %+v", w.Contributions, told)
			}
		}
		if sum != domain.PointsOf(w.Score) || len(told) != len(w.Contributions) {
			t.Fatalf("the parts %+v do not sum to %v, or are not %+v", w.Contributions, w.Score, told)
		}
	}
}

// levelsTold returns the changes of level that the outputs tell.
func levelsTold(t *rapid.T, outputs []projections.Output) []string {
	var told []string
	tell := func(at domain.Instant, from, to string) {
		told = append(told, fmt.Sprintf("%s %s -> %s", at, from, to))
	}
	for _, o := range outputs {
		switch d := o.Data.(type) {
		case *domain.ChurnWarningRaised:
			tell(d.At, "low", d.Level)
		case *domain.ChurnWarningEscalated:
			tell(d.At, d.Previous, d.Level)
		case *domain.ChurnWarningEased:
			tell(d.At, d.Previous, d.Level)
		case *domain.ChurnWarningCleared:
			tell(d.At, d.Previous, "low")
		case *domain.ChurnWarningWithdrawn:
			t.Fatalf("withdrawn: %+v", d)
		}
	}
	return told
}

// decisionOn draws what somebody decides about the warning that the customer has at the instant.
func decisionOn(t *rapid.T, l *life, at domain.Instant) [2]string {
	c, _ := l.fold.At(l.c, at)
	id := "unknown"
	for _, x := range c.Cases(projections.CaseWarning) {
		id = x.ID
	}
	typ := rapid.SampledFrom([]string{"warning.acknowledged", "warning.assigned", "warning.snoozed", "warning.dismissed"}).Draw(t, "decision")
	employee := rapid.SampledFrom([]string{"li", ""}).Draw(t, "employee")
	return [2]string{typ, fmt.Sprintf(`{"warning_id":%q,"employee":%q,"until":%q,"reason":"seen","note":"seen"}`, id, employee, at+5*domain.Hour)}
}

// TestWarningsAreTheSameWheneverTicksCome folds a history with ticks at random instants between the events and without any.
func TestWarningsAreTheSameWheneverTicksCome(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		document := fmt.Sprintf(shortLives, 5, "10h", rapid.SampledFrom([]int{3, 100}).Draw(rt, "loss"))
		plain, ticked := newLife(t, document), newLife(t, document)
		at := monday
		for range rapid.IntRange(1, 10).Draw(rt, "events") {
			e := rapid.SampledFrom(append(riskEvents, [2]string{"customer.lost", `{"nature":"permanent"}`})).Draw(rt, "event")
			if rapid.IntRange(0, 3).Draw(rt, "people") == 0 {
				e = decisionOn(rt, plain, at)
			}
			plain.event(at, e[0], e[1])
			ticked.event(at, e[0], e[1])
			next := at + domain.Instant(rapid.IntRange(0, 40*60).Draw(rt, "minutes"))*domain.Minute
			for tick := at; tick < next; tick += domain.Instant(rapid.IntRange(1, 700).Draw(rt, "tick")) * domain.Minute {
				ticked.work("tick", func(out *projections.Effects) { ticked.fold.Advance(ticked.c, tick, out) })
			}
			at = next
		}
		for _, l := range []*life{plain, ticked} {
			l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, at+20*domain.Day, out) })
		}
		if a, b := jsonOf(rt, plain.out), jsonOf(rt, ticked.out); a != b {
			rt.Fatalf("without ticks\n%s\nwith ticks\n%s", a, b)
		}
		if a, b := string(plain.c.AppendState(nil)), string(ticked.c.AppendState(nil)); a != b {
			rt.Fatalf("without ticks the state is\n%q\nwith ticks\n%q", a, b)
		}
		if a, b := &plain.rollups, &ticked.rollups; a.Digest() != b.Digest() || projections.DigestOfCells(a.Cells) != projections.DigestOfCells(b.Cells) {
			rt.Fatal("the counts differ")
		}
	})
}
