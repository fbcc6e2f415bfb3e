package projections_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// lossPolicy lets two days of silence show a loss and closes the window of success after thirty hours.
const lossPolicy = "version: losses\nwin_back: {window: 30h}\nrisk: {loss_gaps: 3, loss_days: 2}\nlifecycle: {prior_gap_days: 1}\n"

// lossTypes are the types of the events that losses are made of.
var lossTypes = []string{
	"purchase.recorded", "purchase.recorded", "purchase.returned", "contract.signed", "customer.returned", "customer.lost", "customer.lost",
	"churn.cause_determined", "bad_debt.booked", "cost.attributed", "compensation.given", "relationship.ended", "win_back.decided",
	"win_back.started", "win_back.contact_made", "win_back.offer_made", "win_back.offer_accepted", "win_back.offer_declined", "win_back.closed",
}

// TestEveryHistoryOfLossesIsCountedAsItIsListed folds losses, returns and what is done about them in any order, with silence
// and policies between them, and counts at the end again from the list of losses what the cells count.
func TestEveryHistoryOfLossesIsCountedAsItIsListed(t *testing.T) {
	t.Parallel()
	folds := []*projections.Fold{newLife(t, lossPolicy).fold, newLife(t, "").fold}
	rapid.Check(t, func(rt *rapid.T) {
		x := &twins{t: rt, folds: folds, types: lossTypes}
		x.borrowed, x.kept = x.born(t, "c-1"), x.born(t, "c-1")
		for i := range rapid.IntRange(1, 30).Draw(rt, "steps") {
			x.step(i)
		}
		x.checkWhatWasYielded()
		x.checkCounts()
		checkLossCells(rt, x.borrowed)
	})
}

// checkLossCells checks the cells of losses against the list. Losses that are listed no more are still counted.
func checkLossCells(t *rapid.T, l *life) {
	want := make(map[projections.Cell]projections.CellCounts)
	add := func(c projections.Cell, place int, n int64) {
		counts := want[c]
		counts[place] += n
		want[c] = counts
	}
	cases := l.c.Cases(projections.CaseLoss)
	for i := range cases {
		d, err := cases[i].Loss()
		if err != nil {
			t.Fatal(err)
		}
		known := projections.LossReported
		if d.Inferred {
			known = projections.LossInferred
		}
		cell := projections.Cell{
			Kind: projections.CellLoss, Month: domain.DateOf(cases[i].Opened, l.fold.Policy().Location()).Month(),
			Names: [4]string{d.Cause, d.Product, known, d.Nature},
		}
		for place, counted := range []bool{true, cases[i].Ended != 0, d.Decision == "recover", d.Decision == "let_go", d.WinBack != nil} {
			if counted {
				add(cell, place, 1)
			}
		}
	}
	got := make(map[projections.Cell]projections.CellCounts)
	for c, n := range l.rollups.Cells {
		if c.Kind == projections.CellLoss && *n != (projections.CellCounts{}) {
			c.Unit = "" // the list shows where the customer is now when that was not known at the loss
			sum := got[c]
			for i := range n {
				sum[i] += n[i]
			}
			got[c] = sum
		}
	}
	if len(cases) < 8 && !maps.Equal(got, want) {
		t.Fatalf("cells\n%v\nand the list says\n%v", got, want)
	}
}

// TestTheOrderInWhichAWinBackIsRecordedChangesNothing keeps losses and signs of life in the order of their time and records
// what was done about the losses in any order.
func TestTheOrderInWhichAWinBackIsRecordedChangesNothing(t *testing.T) {
	t.Parallel()
	fold := newLife(t, "version: x\nwin_back: {window: 30h}\n").fold
	rapid.Check(t, func(rt *rapid.T) {
		var events []randomEvent
		for i := range rapid.IntRange(1, 25).Draw(rt, "events") {
			events = append(events, drawEvent(rt, fmt.Sprint("e", i), lossTypes))
		}
		slices.SortStableFunc(events, func(a, b randomEvent) int { return int(a.at - b.at) })
		seen := make(map[domain.Instant]bool)
		events = slices.DeleteFunc(events, func(e randomEvent) bool {
			twice := seen[e.at]
			seen[e.at] = true
			return twice
		})
		want := lossStory(t, rt, fold, events)
		moved := rapid.Permutation(events).Draw(rt, "order")
		var kept []randomEvent
		for _, e := range events {
			if ordered(e.typ) {
				kept = append(kept, e)
			}
		}
		for i := range moved {
			if ordered(moved[i].typ) {
				moved[i], kept = kept[0], kept[1:]
			}
		}
		if got := lossStory(t, rt, fold, moved); got != want {
			rt.Fatalf("recorded in another order it is\n%s\nand was\n%s", got, want)
		}
	})
}

// ordered reports whether events of the type are recorded in the order of their time.
func ordered(typ string) bool {
	return slices.Contains([]string{"purchase.recorded", "purchase.returned", "contract.signed", "customer.returned", "customer.lost"}, typ)
}

// lossStory folds the events, lets a month pass and returns the losses and what is counted of them.
func lossStory(t *testing.T, rt *rapid.T, fold *projections.Fold, events []randomEvent) string {
	t.Helper()
	l := &life{t: t, fold: fold, c: projections.NewCustomer("c-1"), decoder: domain.NewDecoder()}
	for i := range events {
		events[i].unit = "north/a"
		l.yield(func(l *life, out *projections.Effects) {
			entry, _ := events[i].entry(rt, l)
			l.fold.Apply(l.c, entry, out)
		})
	}
	l.yield(func(l *life, out *projections.Effects) { l.fold.Advance(l.c, monday+60*domain.Day, out) })
	cells := []string{}
	for c, n := range l.rollups.Cells {
		if (c.Kind == projections.CellLoss || c.Kind == projections.CellWinBack) && *n != (projections.CellCounts{}) {
			cells = append(cells, fmt.Sprint(c, *n))
		}
	}
	slices.Sort(cells)
	return jsonOf(rt, []any{l.c.Cases(projections.CaseLoss), cells})
}
