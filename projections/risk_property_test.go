package projections_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// withModel has a purchase model in force, and complaints without a deadline, so that every measure has an input and no
// deadline is stopped twice.
const withModel = `version: v
models: {purchase: {name: mbg_nbd, parameters: {r: 0.5, alpha: 8, a: 0.8, b: 2}}}
deadlines: {complaint: {off: true}, complaint_follow_up: {off: true}}`

// drawStory returns events of all that counts for the risk within ten days, in the order of their times. No two answers
// are to one questionnaire: which one is the latest but one depends on which was recorded first.
func drawStory(t *rapid.T) []happening {
	story := []happening{
		filed(0), {0, "complaint.resolved", `{"complaint_id":"K"}`}, {0, "complaint.reopened", `{"complaint_id":"K"}`},
		{0, "complaint.resolved", `{"complaint_id":"K"}`}, {0, "complaint.followed_up", `{"complaint_id":"K","channel":"phone","satisfied":false}`},
		{0, "price.objected", `{}`}, {0, "price.objected", `{}`}, {0, "competitor.mentioned", `{"attitude":"favourable"}`},
		{0, "fault.recorded", `{"fault":"brake"}`}, {0, "service.reopened", `{"request_id":"R"}`}, {0, "need.changed", `{}`},
		{0, "customer.owner_released", `{"employee":"e1"}`}, {0, "customer.owner_assigned", `{"employee":"e2"}`},
		{0, "customer.owner_released", `{"employee":"e2"}`}, {0, "order.cancelled", `{"order_id":"O"}`}, {0, "praise.received", `{}`},
		{0, "promise.made", fmt.Sprintf(`{"promise_id":"P","due_at":%q}`, dayOf(5))}, {0, "promise.kept", `{"promise_id":"P"}`},
		granted(0, 20), granted(0, 200), calledBy(0, "a"), calledBy(0, "b"), {0, "contact.attempted", `{"outcome":"no_answer"}`},
		csat(0, 2), workshop(0, 9, 4), bought(0), bought(0), bought(0),
	}
	story = slices.DeleteFunc(story, func(happening) bool { return rapid.IntRange(0, 3).Draw(t, "left out") == 0 })
	minutes := make(map[int]bool)
	for i := range story {
		minute := rapid.IntRange(0, 6*24*60).Draw(t, "minute")
		for ; minutes[minute]; minute++ {
		}
		minutes[minute] = true
		story[i].day = float64(minute) / (24 * 60)
	}
	return story
}

// TestTheOrderOfRecordingMakesNoDifferenceToTheScore folds the same events in two orders.
func TestTheOrderOfRecordingMakesNoDifferenceToTheScore(t *testing.T) {
	t.Parallel()
	fold := newLife(t, withModel).fold
	rapid.Check(t, func(rt *rapid.T) {
		story := drawStory(rt)
		order := rapid.Permutation(indices(len(story))).Draw(rt, "order")
		until := dayOf(float64(rapid.IntRange(7, 90).Draw(rt, "until")))
		one := scoreOf(rt, fold, story, indices(len(story)), until)
		other := scoreOf(rt, fold, story, order, until)
		if a, b := jsonOf(t, one), jsonOf(t, other); a != b {
			rt.Fatalf("in the order of their times the score is\n%s\nand as recorded\n%s", a, b)
		}
	})
}

func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// scoreOf folds the story in an order and returns the score. The ids of the events go by their places in the story.
func scoreOf(t *rapid.T, fold *projections.Fold, story []happening, order []int, until domain.Instant) *projections.Score {
	c, decoder := projections.NewCustomer("c-1"), domain.NewDecoder()
	var out projections.Effects
	for _, i := range order {
		fold.Apply(c, entryOf(t, decoder, fmt.Sprint("e", i), story[i]), &out)
	}
	fold.Advance(c, until, &out)
	return fold.ScoreAt(c, until)
}

func entryOf(t rapid.TB, decoder *domain.Decoder, id string, h happening) *projections.Entry {
	e := &projections.Entry{Event: &domain.Event{
		ID: id, Source: "test", Type: h.typ, Subject: "c-1", Time: dayOf(h.day), Data: []byte(h.data),
	}}
	if known, ok := domain.Lookup(h.typ); ok {
		d, err := decoder.Decode(known, e.Event.Data)
		if err != nil {
			t.Fatal(err)
		}
		e.Data = d
	}
	return e
}

// TestTheScoreStaysWithinItsBounds compares scores at random instants of a silence with the bounds for the silence.
func TestTheScoreStaysWithinItsBounds(t *testing.T) {
	t.Parallel()
	var folds []*projections.Fold
	for _, policy := range []string{"", withModel, "version: v\nrisk: {missing: worst}"} {
		folds = append(folds, newLife(t, policy).fold)
	}
	rapid.Check(t, func(rt *rapid.T) {
		fold := rapid.SampledFrom(folds).Draw(rt, "fold")
		c, decoder := projections.NewCustomer("c-1"), domain.NewDecoder()
		var out projections.Effects
		for i, h := range drawStory(rt) {
			fold.Apply(c, entryOf(rt, decoder, fmt.Sprint("e", i), h), &out)
		}
		length := rapid.IntRange(0, 400*24*60)
		from := c.Now + domain.Instant(length.Draw(rt, "from"))*domain.Minute
		to := from + domain.Instant(length.Draw(rt, "to"))*domain.Minute
		low, high := fold.ScoreWithin(c, from, to)
		for range 10 {
			at := from + domain.Instant(rapid.Int64Range(0, int64(to-from)).Draw(rt, "at"))
			score, _ := fold.Score(c, at)
			if score < low || score > high {
				rt.Fatalf("the score at %s is %d, the bounds from %s to %s are %d and %d", at, score, from, to, low, high)
			}
			checkSum(rt, fold.ScoreAt(c, at), score)
		}
	})
}

// checkSum checks that the parts of a score sum to it.
func checkSum(t *rapid.T, s *projections.Score, score domain.Centipoints) {
	if s == nil {
		return
	}
	sum := domain.Centipoints(0)
	for _, p := range s.Contributions {
		sum += p.Points
	}
	if sum != score || s.Points != score {
		t.Fatalf("the parts sum to %d, they say the score is %d, and it is %d", sum, s.Points, score)
	}
}

// TestSilenceRaisesTheRiskToHighNoSoonerThanItBringsDecline holds the weights of the default policy to the stages: of a
// customer of whom only purchases are known, decline is what silence brings first.
func TestSilenceRaisesTheRiskToHighNoSoonerThanItBringsDecline(t *testing.T) {
	t.Parallel()
	fold := newLife(t, "").fold
	p := fold.Policy()
	rapid.Check(t, func(rt *rapid.T) {
		c, decoder := projections.NewCustomer("c-1"), domain.NewDecoder()
		var out projections.Effects
		day, first, last := 0.0, 0.0, 0.0
		n := rapid.IntRange(1, 12).Draw(rt, "purchases")
		for i := range n {
			if i > 0 {
				day += float64(rapid.IntRange(1, 300).Draw(rt, "gap"))
			} else {
				first = day
			}
			last = day
			fold.Apply(c, entryOf(rt, decoder, fmt.Sprint("e", i), bought(day)), &out)
		}
		gap := p.Lifecycle.UsualGap(int64(last-first), int64(n-1))
		decline := dayOf(last) + p.Lifecycle.DeclineAfter(gap)
		if _, high := fold.ScoreWithin(c, dayOf(last), decline-1); high >= p.Risk.Levels.Edge(domain.RiskHigh) {
			rt.Fatalf("the score reaches %d before decline", high)
		}
		if score, _ := fold.Score(c, dayOf(last)+4*domain.Instant(gap.Days)*domain.Day/domain.Instant(gap.Over)); score < p.Risk.Levels.Edge(domain.RiskCritical) {
			rt.Fatalf("the score after four gaps is %d", score)
		}
	})
}
