package projections_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// happening is one event of a story, on a day counted from Monday, 2 March 2026.
type happening struct {
	day       float64
	typ, data string
}

func bought(day float64) happening {
	return happening{day, "purchase.recorded", `{"amount":{"minor":100,"currency":"CNY"}}`}
}

// dayOf returns the instant so many days after Monday.
func dayOf(day float64) domain.Instant { return monday + domain.Instant(day*float64(domain.Day)) }

// lived returns a life to which all of it happened, and time up to the given day.
func lived(t *testing.T, policy string, until float64, story ...happening) *life {
	t.Helper()
	l := newLife(t, policy)
	for _, h := range story {
		l.event(dayOf(h.day), h.typ, h.data)
	}
	l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, dayOf(until), out) })
	return l
}

// told writes a score as its parts in points.
func told(s *projections.Score) string {
	if s == nil {
		return "none"
	}
	var b strings.Builder
	for _, p := range s.Contributions {
		fmt.Fprintf(&b, "%s %.2f, ", p.Factor, p.Points.Float())
	}
	fmt.Fprintf(&b, "sum %.2f", s.Points.Float())
	return b.String()
}

// TestEveryFactorContributesWhatItsFormulaSays compares scores with values computed by hand. With a purchase only, the weight
// of silence, 45 of 100, takes over that of all measures without an input: it is 100. A first purchase has the usual gap of
// the policy, 60 days.
func TestEveryFactorContributesWhatItsFormulaSays(t *testing.T) {
	t.Parallel()
	noDeadlines := "version: v\ndeadlines: {complaint: {off: true}}"
	for _, v := range []struct {
		name   string
		policy string
		story  []happening
		day    float64
		want   string
	}{
		{"nobody without a relationship", "", []happening{{0, "price.objected", `{}`}}, 0, "none"},
		{"silence of one gap", "", []happening{bought(0)}, 60, "silence 0.00, sum 0.00"},
		{"silence of one and a half", "", []happening{bought(0)}, 90, "silence 21.00, sum 21.00"},
		{"silence of two", "", []happening{bought(0)}, 120, "silence 42.00, sum 42.00"},
		{"silence of three", "", []happening{bought(0)}, 180, "silence 71.00, sum 71.00"},
		{"the missing counts as nothing", "version: v\nrisk: {missing: neutral}", []happening{bought(0)}, 180, "silence 31.95, sum 31.95"},
		{"the missing counts as the worst", "version: v\nrisk: {missing: worst}", []happening{bought(0)}, 90,
			"silence 9.45, trend 5.00, model 15.00, satisfaction 22.00, contact 13.00, sum 64.45"},
		// Gaps of 10, 10 and 60 days: the usual gap is (120 + 80) / 5 = 40, the recent one 26.67, 1.5 times as fast: -(1.5 - 1) / (4 - 1) of 10.
		{"purchases that come faster", "", []happening{bought(0), bought(10), bought(20), bought(80)}, 80,
			"silence 0.00, trend -1.67, limit 1.67, sum 0.00"},
		// A silence of 60 days is 1.5 usual gaps: 0.21 of 90, and (1.5 - 1) / (4 - 1) of 10.
		{"purchases that come more rarely", "", []happening{bought(0), bought(10), bought(20), bought(80)}, 140,
			"silence 18.90, trend 1.67, sum 20.57"},
		// After 10 weeks (10 / 20)^1 × ... : p = ((10 + 10) / (10 + 10 + 26))^1 = 0.4348, of a weight of 15 × 100 / 60 = 25.
		{"the model", "version: v\nmodels: {purchase: {name: nbd, parameters: {r: 1, alpha: 10}}}", []happening{bought(0)}, 70,
			"silence 5.25, model -3.26, sum 1.99"},
		// The weight is 22 × 100 / 67 = 32.84.
		{"the lowest score", "", []happening{bought(0), csat(0, 1)}, 0, "silence 0.00, satisfaction 32.84, sum 32.84"},
		{"the lowest score half a year ago", "", []happening{bought(180), csat(0, 1)}, 180, "silence 0.00, satisfaction 16.42, sum 16.42"},
		{"the highest score", "", []happening{bought(0), csat(0, 5)}, 0, "silence 0.00, satisfaction -16.42, limit 16.42, sum 0.00"},
		// An index of 5.5 is half of the scale from 1 to 10: (0.667 - 0.5) / 0.667 = 0.2504; a drop adds a half.
		{"a drop", "", []happening{bought(0), workshop(0, 10, 10), workshop(0, 5, 6)}, 0, "silence 0.00, satisfaction 24.64, sum 24.64"},
		{"no drop", "", []happening{bought(0), workshop(0, 6, 6), workshop(0, 5, 6)}, 0, "silence 0.00, satisfaction 8.22, sum 8.22"},
		// Two answers of equal age count their mean: (1 - 0.5) / 2.
		{"answers to two questionnaires", "", []happening{bought(0), csat(0, 1), workshop(0, 10, 10)}, 0, "silence 0.00, satisfaction 8.21, sum 8.21"},
		// 225 days without a contact: (225 - 90) / 270 = 0.5 of 13 × 100 / 58 = 22.41; 225 days are 3.75 gaps of silence:
		// 0.42 + 0.58 × 0.875 = 0.9275 of 77.59.
		{"no contact", "", []happening{bought(0), called(0)}, 225, "silence 71.96, contact 11.21, sum 83.17"},
		{"a purchase is a contact", "", []happening{called(0), bought(225)}, 225, "silence 0.00, contact 0.00, sum 0.00"},
		// All that is known is a contact: its 13 points count 2.5 times, and not 100 / 13 times.
		{"a contact alone", "", []happening{{0, "contract.signed", `{"contract_id":"k"}`}, called(0)}, 360, "contact 32.50, sum 32.50"},
		{"a wrong number", "", []happening{bought(0), called(0), {1, "contact.attempted", `{"outcome":"wrong_number"}`}}, 1,
			"silence 0.00, contact 22.41, sum 22.41"},
		{"price objections", "", []happening{bought(0), {0, "price.objected", `{}`}}, 0, "silence 0.00, price 5.00, sum 5.00"},
		{"half of it after the half-life", "", []happening{bought(90), {0, "price.objected", `{}`}}, 90, "silence 0.00, price 2.50, sum 2.50"},
		{"no more than the most", "", []happening{bought(0), {0, "price.objected", `{}`}, {0, "price.objected", `{}`}, {0, "price.objected", `{}`}}, 0,
			"silence 0.00, price 10.00, sum 10.00"},
		{"a competitor that is not favoured", "", []happening{bought(0), {0, "competitor.mentioned", `{"attitude":"neutral"}`}}, 0, "silence 0.00, sum 0.00"},
		{"a competitor that is", "", []happening{bought(0), {0, "competitor.mentioned", `{"attitude":"favourable"}`}}, 0,
			"silence 0.00, competitor 10.00, sum 10.00"},
		// The one gap of 50 days makes the usual one 56.67, which is 1.1333 of it.
		{"a complaint that is open does not fade", noDeadlines, []happening{bought(0), filed(0), bought(50)}, 50,
			"silence 0.00, trend -0.44, complaint 8.00, sum 7.56"},
		{"a complaint fades from its solution on", noDeadlines, []happening{filed(0), {10, "complaint.resolved", `{"complaint_id":"K"}`}, bought(70)}, 70,
			"silence 0.00, complaint 4.00, sum 4.00"},
		{"a complaint solved badly", noDeadlines, []happening{bought(0), filed(0), {0, "complaint.resolved", `{"complaint_id":"K"}`},
			{0, "complaint.followed_up", `{"complaint_id":"K","channel":"phone","satisfied":false}`}}, 0, "silence 0.00, complaint 23.00, sum 23.00"},
		// 60 days after the miss, which is four working hours after the filing, the 6 points are 3.
		{"a complaint not handled in time", "", []happening{bought(0), filed(0.125)}, 60 + 1.0/24*7, "silence 0.20, complaint 11.00, sum 11.20"},
		{"faults", "", []happening{bought(0), {0, "fault.recorded", `{"fault":"brake"}`}, {0, "service.reopened", `{"request_id":"R"}`}}, 0,
			"silence 0.00, fault 9.00, sum 9.00"},
		{"an owner who left", "", []happening{bought(0), {0, "customer.owner_released", `{"employee":"e1"}`}, bought(60)}, 60,
			"silence 0.00, trend 0.00, owner 10.00, sum 10.00"},
		{"an owner in another one's place", "", []happening{{0, "customer.owner_released", `{"employee":"e1"}`}, {1, "customer.owner_assigned", `{"employee":"e2"}`}, bought(91)}, 91,
			"silence 0.00, owner 5.00, sum 5.00"},
		{"a need that changed", "", []happening{bought(0), {0, "need.changed", `{}`}}, 0, "silence 0.00, need 10.00, sum 10.00"},
		{"services given up", "", []happening{bought(0), {0, "subscription.cancelled", `{"subscription_id":"S"}`}, {0, "order.cancelled", `{"order_id":"O"}`}}, 0,
			"silence 0.00, services 21.00, sum 21.00"},
		{"terms that run out", "", []happening{bought(0), granted(0, 10), bought(9)}, 9, "silence 0.00, trend -10.00, services 10.00, sum 0.00"},
		{"terms granted anew", "", []happening{bought(0), granted(0, 10), granted(9, 100)}, 9, "silence 0.00, sum 0.00"},
		{"a promise that was broken", "", []happening{bought(0), {0, "promise.made", `{"promise_id":"P","due_at":"2026-03-03T00:00:00Z"}`}}, 91,
			"silence 21.70, promise 3.00, sum 24.70"},
		{"contacts that collide", "", []happening{bought(0), calledBy(0, "a"), calledBy(0.5, "b")}, 0.5, "silence 0.00, contact 0.00, collision 2.50, sum 2.50"},
		{"goodwill", "", []happening{bought(0), {0, "price.objected", `{}`}, {0, "praise.received", `{}`}}, 0,
			"silence 0.00, goodwill -4.00, price 5.00, sum 1.00"},
		{"a type that only the policy knows", "version: v\nrisk: {signals: {noise: {most: 7, points: {door.slammed room=hall: 7, door.slammed: 1}}}}",
			[]happening{bought(0), {0, "door.slammed", `{"room":"hall"}`}}, 0, "silence 0.00, noise 7.00, sum 7.00"},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			l := lived(t, v.policy, v.day, v.story...)
			s := l.fold.ScoreAt(l.c, dayOf(v.day))
			if got := told(s); got != v.want {
				t.Errorf("the score is %s, want %s", got, v.want)
			}
			if fast, exists := l.fold.Score(l.c, dayOf(v.day)); exists != (s != nil) || exists && fast != s.Points {
				t.Errorf("the score without its parts is %d", fast)
			}
		})
	}
}

func csat(day float64, score int) happening {
	return happening{day, "survey.answered", fmt.Sprintf(`{"questionnaire":"csat","source":"internal","answers":[{"item":"CSAT","score":%d}]}`, score)}
}

// workshop is an answer about the charges, the two of one group, after a repair.
func workshop(day float64, labour, parts int) happening {
	return happening{day, "survey.answered", fmt.Sprintf(
		`{"questionnaire":"service","source":"internal","answers":[{"item":"V14","score":%d},{"item":"V15","score":%d}]}`, labour, parts)}
}

func called(day float64) happening { return calledBy(day, "e1") }

func calledBy(day float64, employee string) happening {
	return happening{day, "contact.made", fmt.Sprintf(`{"direction":"out","channel":"phone","employee":%q}`, employee)}
}

func filed(day float64) happening { return happening{day, "complaint.filed", `{"complaint_id":"K"}`} }

func granted(day, expires float64) happening {
	return happening{day, "terms.granted", fmt.Sprintf(`{"terms_id":"T","expires_at":%q}`, dayOf(expires))}
}
