package projections_test

import (
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// wonBack folds a loss with a case that cost something, and a purchase in the window unless paid is zero.
func wonBack(t *testing.T, fold *projections.Fold, id int, currency string, cost, paid int64) *projections.Customer {
	t.Helper()
	l := &life{t: t, fold: fold, c: projections.NewCustomer(fmt.Sprint("c-", id)), decoder: domain.NewDecoder()}
	amount := func(minor int64) string { return fmt.Sprintf(`"amount":{"minor":%d,"currency":%q}`, minor, currency) }
	l.event(monday, "purchase.recorded", "{"+amount(1000)+"}")
	l.event(monday+domain.Day, "customer.lost", `{"nature":"temporary"}`)
	l.event(monday+2*domain.Day, "cost.attributed", `{"kind":"win_back",`+amount(cost)+`}`)
	if paid > 0 {
		l.event(monday+3*domain.Day, "purchase.recorded", "{"+amount(paid)+"}")
	}
	l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, monday+200*domain.Day, out) })
	return l.c
}

func TestWhatASuccessCostIsToldOfTheSuccessesInItsCurrency(t *testing.T) {
	t.Parallel()
	fold := newLife(t, "version: m\nsatisfaction: {least: 1}\n").fold
	page := &projections.CasePage{AsOf: monday + 200*domain.Day, Policy: fold.Policy()}
	for _, c := range []*projections.Customer{
		wonBack(t, fold, 0, "CNY", 100, 500), wonBack(t, fold, 1, "CNY", 60, 0), wonBack(t, fold, 2, "EUR", 7, 90), wonBack(t, fold, 3, "EUR", 5, 90),
	} {
		page.Items = append(page.Items, c.Cases(projections.CaseLoss)...)
	}
	acquired := func(currencies ...string) *projections.CellView {
		view := &projections.CellView{AsOf: page.AsOf, Policy: page.Policy}
		for _, currency := range currencies {
			view.Cells = append(view.Cells, projections.CellCount{
				Cell:   projections.Cell{Kind: projections.CellCost, Names: [4]string{0: string(domain.CostAcquisition), 1: currency}},
				Counts: projections.CellCounts{1, 400},
			})
		}
		return view
	}
	lifecycle := &projections.LifecycleReport{Flows: []projections.MonthFlow{{New: 4}}}
	for _, x := range []struct {
		costs *projections.CellView
		want  string
	}{
		{acquired("CNY"), "CNY 1: 160 per success, 100 per new; EUR 2: 6 per success, 0 per new; "},
		{acquired("CNY", "EUR"), "CNY 1: 160 per success, - per new; EUR 2: 6 per success, - per new; "},
	} {
		r, err := projections.NewWinBackReport(page, x.costs, lifecycle, projections.WinBackFilter{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, e := range r.Economy {
			got += fmt.Sprintf("%s %d: %s per success, %s per new; ", e.Currency, e.WonBack, orDash(e.PerWonBack), orDash(e.PerNew))
		}
		if got != x.want {
			t.Errorf("the economy is %q, want %q", got, x.want)
		}
	}
}

func orDash(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprint(*x)
}

func TestAMonthWithoutALossIsAmongTheMonths(t *testing.T) {
	t.Parallel()
	fold := newLife(t, "version: m\ntime_zone: UTC\n").fold
	page := &projections.CasePage{Policy: fold.Policy(), AsOf: monday + 120*domain.Day}
	for i, day := range []domain.Instant{0, 62} {
		l := &life{t: t, fold: fold, c: projections.NewCustomer(fmt.Sprint("c-", i)), decoder: domain.NewDecoder()}
		l.event(monday+day*domain.Day, "customer.lost", `{"nature":"temporary"}`)
		page.Items = append(page.Items, l.c.Cases(projections.CaseLoss)...)
	}
	first := domain.DateOf(monday, fold.Policy().Location()).Month()
	lifecycle := &projections.LifecycleReport{}
	for i := range domain.Month(6) {
		lifecycle.Flows = append(lifecycle.Flows, projections.MonthFlow{Month: first - 1 + i, Opening: 10})
	}
	r, err := projections.NewLossReport(page, lifecycle, projections.LossFilter{})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, m := range r.Months {
		got += fmt.Sprintf("%d: %d, %s; ", m.Month-first, m.Losses, orDash(m.Rate))
	}
	if want := "0: 1, 0.1; 1: 0, 0; 2: 1, 0.1; 3: 0, 0; "; got != want {
		t.Errorf("the months are %q, want %q", got, want)
	}
}
