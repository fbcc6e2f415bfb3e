package projections_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// withLearned has a learned model with features that rise, fall and fade in silence, for and against a loss, some of which
// may be missing.
const withLearned = `version: v
risk: {source: learned}
models:
  risk:
    name: learned_risk
    parameters:
      horizon_days: 182
      intercept: 0.3
      silence_days.weight: 0.9
      silence_days.mean: 40
      silence_days.scale: 30
      silence_days.missing_share: 0
      silence_days.missing_weight: 0
      age_days.weight: -0.4
      age_days.mean: 100
      age_days.scale: 60
      age_days.missing_share: 0
      age_days.missing_weight: 0
      repeats_log.weight: -0.7
      repeats_log.mean: 0.6
      repeats_log.scale: 0.5
      repeats_log.missing_share: 0
      repeats_log.missing_weight: 0
      satisfaction.weight: -0.6
      satisfaction.mean: 0.7
      satisfaction.scale: 0.2
      satisfaction.missing_share: 0.6
      satisfaction.missing_weight: 0.2
      contact_days.weight: 0.3
      contact_days.mean: 30
      contact_days.scale: 20
      contact_days.missing_share: 0.5
      contact_days.missing_weight: 0.1
      signal_complaint.weight: 0.8
      signal_complaint.mean: 2
      signal_complaint.scale: 4
      signal_complaint.missing_share: 0
      signal_complaint.missing_weight: 0
      signal_goodwill.weight: -0.5
      signal_goodwill.mean: -1
      signal_goodwill.scale: 1
      signal_goodwill.missing_share: 0
      signal_goodwill.missing_weight: 0
`

// storyFold folds a drawn story, in the order in which it was drawn.
func storyFold(t *rapid.T, fold *projections.Fold) *projections.Customer {
	c, decoder := projections.NewCustomer("c-1"), domain.NewDecoder()
	var out projections.Effects
	for i, h := range drawStory(t) {
		fold.Apply(c, entryOf(t, decoder, fmt.Sprint("e", i), h), &out)
	}
	return c
}

func TestALearnedScoreStaysWithinItsBoundsAndIsTheSumOfItsParts(t *testing.T) {
	t.Parallel()
	fold := newLife(t, withLearned).fold
	rapid.Check(t, func(rt *rapid.T) {
		c := storyFold(rt, fold)
		length := rapid.IntRange(0, 400*24*60)
		from := c.Now + domain.Instant(length.Draw(rt, "from"))*domain.Minute
		to := from + domain.Instant(length.Draw(rt, "to"))*domain.Minute
		low, high := fold.ScoreWithin(c, from, to)
		for range 5 {
			at := from + domain.Instant(rapid.Int64Range(0, int64(to-from)).Draw(rt, "at"))
			score, scored := fold.Score(c, at)
			if score < low || score > high {
				rt.Fatalf("the score at %s is %d, the bounds from %s to %s are %d and %d", at, score, from, to, low, high)
			}
			x := fold.ScoreAt(c, at)
			if (x != nil) != scored {
				rt.Fatalf("the score is %+v, and %d", x, score)
			}
			if x == nil {
				continue
			}
			sum := domain.Centipoints(0)
			for _, part := range x.Contributions {
				sum += part.Points
			}
			if sum != score || x.Points != score {
				rt.Fatalf("the contributions %+v add up to %d, the score is %d and %d", x.Contributions, sum, score, x.Points)
			}
			bought := len(c.Trade.Days) > 0
			if learned := x.Contributions[0].Factor == projections.FactorBase; learned != bought {
				rt.Fatalf("of a customer with %d purchase days the parts are %+v", len(c.Trade.Days), x.Contributions)
			}
		}
	})
}

// TestTheFeaturesOfACustomer are worked out by hand.
func TestTheFeaturesOfACustomer(t *testing.T) {
	t.Parallel()
	x := newLife(t, "version: v\ndeadlines: {complaint: {off: true}}")
	for _, h := range []happening{bought(0), bought(10), filed(12), csat(13, 4), calledBy(14, "a")} {
		x.event(dayOf(h.day), h.typ, h.data)
	}
	got := make(map[string]string)
	for _, v := range x.fold.Features(x.c, dayOf(30), nil) {
		got[v.Name] = fmt.Sprintf("%.4f", v.Number)
	}
	for name, want := range map[string]string{
		projections.FeatureRepeats: "0.6931", projections.FeatureSilence: "20.0000", projections.FeatureAge: "30.0000",
		projections.FeatureSatisfaction: "0.7500", projections.FeatureComplaints: "0.6931", projections.FeatureOpen: "1.0000",
		projections.FeatureContacts: "0.6931", projections.FeatureContactDays: "16.0000", projections.FeatureSubscriptions: "0.0000",
		projections.FeatureSignal + "price": "0.0000", projections.FeatureSignal + "complaint": "8.0000",
	} {
		if got[name] != want {
			t.Errorf("%s is %s, want %s", name, got[name], want)
		}
	}
}
