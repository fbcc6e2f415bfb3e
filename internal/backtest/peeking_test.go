package backtest_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/backtest"
)

// story is a made-up life in two parts: the events up to the origin and those after it.
type story struct{ before, after []domain.Event }

// The stories of storyCustomers run over storyDays before the origin and storyHorizon after it.
const (
	storyCustomers = 700
	storyDays      = 400
	storyHorizon   = 90
	storyOrigin    = "2024-12-31"
)

// stories returns lives whose first parts follow from one seed and whose second parts from another.
func stories(t testing.TB, past, future uint64) []story {
	t.Helper()
	origin := date(t, storyOrigin)
	all := make([]story, storyCustomers)
	for i := range all {
		id := fmt.Sprintf("C%04d", i)
		draw := rand.New(rand.NewPCG(past, uint64(i)))
		begin := origin - domain.Date(draw.IntN(storyDays))
		all[i].before = happenings(draw, id, "before", begin, origin)
		draw = rand.New(rand.NewPCG(future, uint64(i)))
		all[i].after = happenings(draw, id, "after", origin+1, origin+storyHorizon+60)
	}
	// The log reaches to the end of the horizon whatever the others do.
	all[0].after = append(all[0].after, happening("C0000", "last", "note.added", origin+storyHorizon+61, "{}"))
	return all
}

// happenings returns events between two days, in order.
func happenings(draw *rand.Rand, id, part string, from, to domain.Date) []domain.Event {
	var all []domain.Event
	gap := 20 + draw.IntN(200)
	for d := from; d <= to; d += domain.Date(1 + draw.IntN(gap)) {
		name := fmt.Sprintf("%s-%s-%d", id, part, len(all))
		switch draw.IntN(12) {
		case 0:
			all = append(all, happening(id, name, "complaint.filed", d, fmt.Sprintf(`{"complaint_id":%q,"subject":"late","form":"oral"}`, name)))
		case 1:
			all = append(all, happening(id, name, "price.objected", d, `{}`))
		case 2:
			all = append(all, happening(id, name, "contact.made", d, `{"direction":"out","channel":"phone","employee":"e1"}`))
		case 3:
			all = append(all, happening(id, name, "customer.lost", d, `{"nature":"temporary"}`))
		default:
			all = append(all, happening(id, name, "purchase.recorded", d, fmt.Sprintf(`{"amount":{"minor":%d,"currency":"EUR"}}`, 100+draw.IntN(50000))))
		}
	}
	return all
}

func happening(id, name, typ string, on domain.Date, data string) domain.Event {
	return domain.Event{
		ID: name, Source: "urn:test", Type: typ, Subject: id, Data: []byte(data), Time: domain.InstantOf(on.Time()) + domain.Hour,
		ExpectedVersion: domain.NoExpectation,
	}
}

// told returns a log of the stories. Between parts of one life nothing is out of order, unless mix says so: then what came
// later may have been recorded before.
func told(all []story, mix *rand.Rand) *memoryLog {
	log := newLog(2)
	for _, s := range all {
		before, after := s.before, s.after
		for len(before)+len(after) > 0 {
			if len(before) == 0 || mix != nil && len(after) > 0 && mix.IntN(3) == 0 {
				log.add(&after[0])
				after = after[1:]
				continue
			}
			log.add(&before[0])
			before = before[1:]
		}
	}
	return log
}

func scoresOf(t testing.TB, log *memoryLog) map[string]map[string]float64 {
	t.Helper()
	learned := policy(t, "version: learned\ntime_zone: UTC\nrisk: {source: learned}\n")
	o := backtest.Options{Policies: []backtest.Policy{utc(t), learned}, Horizon: days(storyHorizon)}
	scores, err := backtest.ScoresAt(t.Context(), log, o, date(t, storyOrigin))
	if err != nil {
		t.Fatal(err)
	}
	return scores
}

func TestNothingThatHappensAfterTheOriginChangesAScoreAtIt(t *testing.T) {
	t.Parallel()
	want := scoresOf(t, told(stories(t, 1, 1), nil))
	for _, name := range []string{"recency", "mbg_nbd", "nbd", "learned_risk", "policy utc", "policy learned"} {
		if len(want[name]) < storyCustomers/2 {
			t.Fatalf("there are %d scores %s", len(want[name]), name)
		}
	}
	if len(want) < 12 {
		t.Fatalf("there are %d scores", len(want))
	}
	others := map[string]*memoryLog{
		"another future": told(stories(t, 1, 2), nil),
		"another future, recorded before what happened earlier": told(stories(t, 1, 3), rand.New(rand.NewPCG(1, 1))),
	}
	short := stories(t, 1, 1)
	for i := range short {
		short[i].after = short[i].after[max(len(short[i].after)-1, 0):]
	}
	others["almost no future"] = told(short, nil)
	rich := stories(t, 1, 1)
	for i := range rich {
		for d := range domain.Date(20) {
			id := rich[i].before[0].Subject
			rich[i].after = append(rich[i].after, happening(id, fmt.Sprint("usd-", d), "purchase.recorded", date(t, storyOrigin)+1+d, `{"amount":{"minor":70000,"currency":"USD"}}`))
		}
	}
	others["a future in which everybody buys, in another currency"] = told(rich, nil)
	for name, log := range others {
		compareScores(t, name, scoresOf(t, log), want)
	}
	t.Run("the comparison finds another past", func(t *testing.T) {
		t.Parallel()
		past := stories(t, 1, 1)
		i := slices.IndexFunc(past, func(s story) bool { return len(s.before) > 3 && s.before[3].Type == "purchase.recorded" })
		past[i].before[3].Data = []byte(`{"amount":{"minor":99999999,"currency":"EUR"}}`)
		changed := 0
		for name, of := range scoresOf(t, told(past, nil)) {
			for id, x := range of {
				if want[name][id] != x {
					changed++
				}
			}
		}
		if changed == 0 {
			t.Error("no score changed with what happened before the origin")
		}
	})
}

func compareScores(t *testing.T, what string, got, want map[string]map[string]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: there are %d scores, want %d", what, len(got), len(want))
	}
	for name, of := range want {
		for id, x := range of {
			if y, ok := got[name][id]; !ok || x != y {
				t.Errorf("%s: the score %s of %s is %v, want %v", what, name, id, y, x)
				return
			}
		}
	}
}
