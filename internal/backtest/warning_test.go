package backtest_test

import (
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/backtest"
)

// firm is a log of hand-made lives. Days are counted from the first of 2024.
type firm struct {
	t   *testing.T
	log *memoryLog
	n   int
}

func (f *firm) on(day int, customer, typ, data string) {
	f.n++
	ev := happening(customer, fmt.Sprint("e", f.n), typ, date(f.t, "2024-01-01")+domain.Date(day), data)
	f.log.add(&ev)
}

func (f *firm) buys(customer string, days ...int) {
	for _, d := range days {
		f.on(d, customer, "purchase.recorded", `{"amount":{"minor":1000,"currency":"EUR"}}`)
	}
}

// worries are signs that together call for a warning whatever else there is.
func (f *firm) worries(customer string, day int) {
	f.on(day, customer, "competitor.purchased", `{}`)
	f.on(day, customer, "need.changed", `{}`)
	f.on(day, customer, "price.objected", `{}`)
	f.on(day, customer, "price.objected", `{}`)
}

func TestWarningsAreCountedByWhatCameAfterThem(t *testing.T) {
	t.Parallel()
	f := &firm{t: t, log: newLog(2)}
	// Warned of 20 days before the loss was reported, twice for the same loss.
	f.buys("warned", 0, 30, 60)
	f.worries("warned", 70)
	f.on(90, "warned", "customer.lost", `{"nature":"permanent"}`)
	f.on(95, "warned", "customer.lost", `{"nature":"permanent"}`)
	// The same signs and no loss.
	f.buys("stayed", 0, 30, 60)
	f.worries("stayed", 70)
	f.buys("stayed", 90, 120, 150, 180, 210, 240, 270, 300)
	// A loss without a sign.
	f.buys("unwarned", 0, 30, 60)
	f.on(65, "unwarned", "customer.lost", `{"nature":"permanent"}`)
	// Silence that says it all.
	f.buys("silent", 0, 30, 60)
	// Nothing to worry about, and a sign so late that nobody can tell.
	f.buys("late", 0, 30, 60, 90, 120, 150, 180, 210, 240, 270)
	f.worries("late", 280)
	f.buys("late", 299)

	o := backtest.Options{Policies: []backtest.Policy{utc(t)}, Horizon: days(60), Origins: []domain.Date{date(t, "2024-01-01") + 100}}
	r := run(t, f.log, o)
	w := r.Policies[0].Warnings
	if w.Raised != 4 || w.Right != 2 || w.False != 1 || w.Undecided != 1 {
		t.Errorf("%d warnings, %d right, %d false, %d undecided", w.Raised, w.Right, w.False, w.Undecided)
	}
	if l := w.Reported; l.Losses != 2 || l.Caught != 1 || l.Missed != 1 || l.LeadDays == nil || *l.LeadDays != 20 {
		t.Errorf("the reported losses are %+v", l)
	}
	if l := w.Inferred; l.Losses != 1 || l.Caught != 1 || l.Missed != 0 || l.LeadDays == nil {
		t.Errorf("the inferred losses are %+v", l)
	}
	at := r.Origins[0]
	if at.Customers != 5 || at.Lost != 3 {
		t.Errorf("at the origin there are %d customers, of whom %d are lost", at.Customers, at.Lost)
	}
	levels := make(map[string]int)
	for _, l := range find(t, at.Scores, "policy utc").Levels {
		levels[l.Level] = l.Customers
	}
	if levels["lost"] != 2 || levels["low"] != 2 || levels["watch"]+levels["high"] != 1 {
		t.Errorf("the levels at the origin are %v", levels)
	}
	for _, m := range at.Models {
		if m.Failure != "too_few" || m.Fit != nil {
			t.Errorf("five customers give the model %+v", m)
		}
	}
}
