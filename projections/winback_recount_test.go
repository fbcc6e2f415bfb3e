package projections_test

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// lossTale is what happened to one customer in the order of its members, each so many days after the one before; a negative
// number says that it did not happen.
type lossTale struct {
	worth, lost, cause, decided, started, contact, offer, answer, spent, returned int
	currency, causeIs, terms, owner                                               string
	letGo, accepted, debt                                                         bool
	cost, offered, paid                                                           int64
}

func drawTale(t *rapid.T) lossTale {
	days := func(name string, most int) int { return rapid.IntRange(-most/3, most).Draw(t, name) }
	return lossTale{
		worth: rapid.IntRange(0, 450).Draw(t, "worth"), lost: rapid.IntRange(1, 60).Draw(t, "lost"), cause: days("cause", 5),
		decided: days("decided", 9), started: days("started", 40), contact: days("contact", 40), offer: days("offer", 9),
		answer: days("answer", 9), spent: days("spent", 9), returned: days("returned", 200),
		currency: rapid.SampledFrom([]string{"CNY", "EUR"}).Draw(t, "currency"),
		causeIs:  rapid.SampledFrom([]string{"competitor", "malicious", "service_quality"}).Draw(t, "cause is"),
		terms:    rapid.SampledFrom([]string{"", "voucher", "free service"}).Draw(t, "terms"),
		owner:    rapid.SampledFrom([]string{"", "anna", "bo"}).Draw(t, "owner"),
		letGo:    rapid.Bool().Draw(t, "let go"), accepted: rapid.Bool().Draw(t, "accepted"), debt: rapid.IntRange(0, 5).Draw(t, "debt") == 0,
		cost: int64(rapid.IntRange(0, 50).Draw(t, "cost")), offered: int64(rapid.IntRange(0, 50).Draw(t, "offered")),
		paid: int64(rapid.IntRange(0, 500).Draw(t, "paid")),
	}
}

// tell folds the tale, which begins at monday, and returns the customer.
func (x *lossTale) tell(t *testing.T, fold *projections.Fold, id int, until domain.Instant) *projections.Customer {
	t.Helper()
	l := &life{t: t, fold: fold, c: projections.NewCustomer(fmt.Sprint("c-", id)), decoder: domain.NewDecoder()}
	money := func(n int64) string { return fmt.Sprintf(`{"minor":%d,"currency":%q}`, n, x.currency) }
	event := func(at domain.Instant, typ, data string) {
		if at <= until {
			l.event(at, typ, data)
		}
	}
	event(monday, "purchase.recorded", `{"amount":`+money(int64(x.worth))+`}`)
	lost := monday + domain.Instant(x.lost)*domain.Day
	event(lost, "customer.lost", `{"nature":"temporary"}`)
	if x.debt {
		event(lost+1, "bad_debt.booked", `{}`)
	}
	if x.cause >= 0 {
		event(lost+domain.Instant(x.cause)*domain.Day, "churn.cause_determined", fmt.Sprintf(`{"cause":%q}`, x.causeIs))
	}
	if x.decided >= 0 {
		decision := domain.DecisionRecover
		if x.letGo {
			decision = domain.DecisionLetGo
		}
		event(lost+domain.Instant(x.decided)*domain.Day, "win_back.decided", fmt.Sprintf(`{"decision":%q}`, decision))
	}
	if at := x.startedAt(); at != 0 {
		event(at, "win_back.started", fmt.Sprintf(`{"win_back_id":"w","owner":%q}`, x.owner))
		if x.contact >= 0 {
			event(at+domain.Instant(x.contact)*domain.Day, "win_back.contact_made", `{"win_back_id":"w"}`)
		}
		if x.offer >= 0 {
			made := at + domain.Instant(x.offer)*domain.Day
			event(made, "win_back.offer_made", fmt.Sprintf(`{"win_back_id":"w","terms":%q,"cost":%s}`, x.terms, money(x.offered)))
			if x.answer >= 0 {
				answer := map[bool]string{true: "win_back.offer_accepted", false: "win_back.offer_declined"}[x.accepted]
				event(made+domain.Instant(x.answer)*domain.Day, answer, `{"win_back_id":"w"}`)
			}
		}
		if x.spent >= 0 {
			event(at+domain.Instant(x.spent)*domain.Day, "cost.attributed", `{"of":"w","kind":"win_back","amount":`+money(x.cost)+`}`)
		}
	}
	if x.returned >= 0 {
		event(lost+domain.Instant(x.returned)*domain.Day+domain.Hour, "purchase.recorded", `{"amount":`+money(x.paid)+`}`)
	}
	l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, until, out) })
	return l.c
}

const recountPolicy = "version: r\nsatisfaction: {least: 1}\nvalue: {amount: [100, 200, 300, 400]}\nrisk: {loss_gaps: 100, loss_days: 3000}\n"

// startedAt returns when the case started, zero when it did not.
func (x *lossTale) startedAt() domain.Instant {
	if x.started < 0 {
		return 0
	}
	return monday + domain.Instant(x.lost+x.started)*domain.Day
}

// TestReportsOnLossesAreTheCountsOfWhatHappened counts from the tales what the reports count from the cases.
func TestReportsOnLossesAreTheCountsOfWhatHappened(t *testing.T) {
	t.Parallel()
	fold := newLife(t, recountPolicy).fold
	rapid.Check(t, func(rt *rapid.T) {
		tales := rapid.SliceOfN(rapid.Custom(drawTale), 1, 12).Draw(rt, "tales")
		until := monday + domain.Instant(rapid.IntRange(61, 400).Draw(rt, "until"))*domain.Day
		page := &projections.CasePage{AsOf: until, Policy: fold.Policy()}
		want := make(map[string]int64)
		for i := range tales {
			page.Items = append(page.Items, tales[i].tell(t, fold, i, until).Cases(projections.CaseLoss)...)
			tales[i].count(want, until)
		}
		maps.DeleteFunc(want, func(_ string, n int64) bool { return n == 0 })
		got := seen(rt, page)
		if !maps.Equal(got, want) {
			rt.Fatalf("the reports say\n%v\nand it was\n%v", got, want)
		}
	})
}

// count adds what the reports are to count of the tale.
func (x *lossTale) count(n map[string]int64, until domain.Instant) {
	lost := monday + domain.Instant(x.lost)*domain.Day
	happened := func(days int, since domain.Instant) bool {
		return days >= 0 && since+domain.Instant(days)*domain.Day <= until
	}
	cause, decided := "", happened(x.decided, lost)
	if happened(x.cause, lost) {
		cause = x.causeIs
	}
	back := happened(x.returned, lost-1) && lost+domain.Instant(x.returned)*domain.Day+domain.Hour <= until
	n["losses"]++
	n["losses by "+cause]++
	n[fmt.Sprint("band ", min(x.worth/100, 4), " by ", cause, " ", x.currency)]++
	n["returned"] += count(back)
	n["recover"] += count(decided && !x.letGo)
	n["let go"] += count(decided && x.letGo)
	alone := ""
	switch {
	case decided && x.letGo:
		alone = "let_go"
	case x.debt:
		alone = "bad_debt"
	case cause == "malicious":
		alone = "cause"
	}
	n["undecided"] += count(!back && !decided && alone == "")
	n["proposed"] += count(!back && alone == "")
	if alone != "" {
		n["alone for "+alone] += count(!back)
	}
	x.countCase(n, cause, until, back)
}

// countCase adds what the report on winning customers back is to count of the tale.
func (x *lossTale) countCase(n map[string]int64, cause string, until domain.Instant, back bool) {
	started := x.startedAt()
	if started == 0 || started > until {
		return
	}
	happened := func(days int, since domain.Instant) bool {
		return days >= 0 && since+domain.Instant(days)*domain.Day <= until
	}
	n["cases by "+cause]++
	n["cases of "+x.owner]++
	if happened(x.contact, started) {
		n["contacted"]++
		n["delay"] += int64(x.started+x.contact) * 86400
	}
	cost := int64(0)
	if happened(x.offer, started) {
		n["cases with "+x.terms]++
		if x.answer >= 0 && x.accepted && happened(x.offer+x.answer, started) {
			n["accepted"]++
			cost += x.offered
		}
	}
	if happened(x.spent, started) {
		cost += x.cost
	}
	n["cost "+x.currency] += cost
	switch returned := monday + domain.Instant(x.lost+x.returned)*domain.Day + domain.Hour; {
	case back && returned < started:
		n["moot"]++
	case back && returned < started+90*domain.Day:
		n["succeeded by "+cause]++
		n["revenue "+x.currency] += x.paid
	case until >= started+90*domain.Day:
		n["failed"]++
	default:
		n["running"]++
	}
}

func count(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// seen returns what the reports say of the cases.
func seen(t *rapid.T, page *projections.CasePage) map[string]int64 {
	n := make(map[string]int64)
	losses, err := projections.NewLossReport(page, nil, projections.LossFilter{})
	if err != nil {
		t.Fatal(err)
	}
	n["losses"], n["returned"], n["recover"], n["let go"], n["undecided"] =
		losses.Losses, losses.Returned, losses.Recover, losses.LetGo, losses.Undecided
	for _, g := range losses.Causes {
		n["losses by "+g.Name] = g.Losses
	}
	for _, row := range losses.Matrix {
		for band, cell := range row.Bands {
			n[fmt.Sprint("band ", band, " by ", row.Cause, " ", row.Currency)] = cell.Losses
		}
	}
	for _, c := range losses.LeftAlone {
		n["alone for "+c.Name] = c.Losses
	}
	proposed, err := projections.NewWinBackProposals(page, projections.ProposalFilter{})
	if err != nil {
		t.Fatal(err)
	}
	n["proposed"] = int64(proposed.Total)
	report, err := projections.NewWinBackReport(page, nil, nil, projections.WinBackFilter{})
	if err != nil {
		t.Fatal(err)
	}
	n["contacted"], n["accepted"], n["moot"], n["failed"], n["running"] = report.Contacted, report.Accepted, report.Moot, report.Failed, report.Running
	if mean := report.Delay.Mean; mean != nil {
		n["delay"] = int64(*mean*float64(report.Contacted) + 0.5)
	}
	for _, g := range report.Causes {
		n["cases by "+g.Name], n["succeeded by "+g.Name] = g.Cases, g.Succeeded
	}
	for _, g := range report.Owners {
		n["cases of "+g.Name] = g.Cases
	}
	for _, g := range report.Terms {
		n["cases with "+g.Name] = g.Cases
	}
	for _, m := range report.Money {
		n["cost "+m.Currency], n["revenue "+m.Currency] = m.Cost, m.Revenue
	}
	maps.DeleteFunc(n, func(_ string, n int64) bool { return n == 0 })
	return n
}
