package projections_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// randomPolicies change zones, gaps and kinds of deadlines; each keeps some of what the others have.
var randomPolicies = []string{
	"",
	"version: p2\ndeadlines: {complaint: {off: true}, complaint_follow_up: {off: true}, inquiry: {off: true}}\ncontact: {collision_gap: 2h}\ntime_zone: Europe/Berlin\nvalue: {key_account: {amount_minor: 0}}\nmodels: {classes: {name: abc, parameters: {least.CNY.A: 4, least.CNY.B: 2}}}",
	"version: p3\ndeadlines: {promise: {stop: {}}, terms: {off: true}}\ncontact: {collision_gap: 100h}\nvalue: {measure: profit, forecast_days: 2}\nmodels: {classes: {name: abc, parameters: {least.CNY.A: 3, least.CNY.B: 1}}}",
}

// twins are two lives of one stream to which the same happens. After each event the memory of the one is overwritten that
// the event was read from. The other is written down and read back after each step, as one whose engine restarts is, and
// keeps its events.
type twins struct {
	t              *rapid.T
	borrowed, kept *life
	folds          []*projections.Fold
	types          []string
	snapshots      []snapshot
}

// snapshot is a copy of a customer with the state that it had.
type snapshot struct {
	customer projections.Customer
	state    string
}

// TestEveryHistoryLeavesTheStatesTheCountsAndTheListsInOrder folds events of all that has a beginning and an end, silences
// and policies in any order, and looks after each step at what must be so whatever came before.
func TestEveryHistoryLeavesTheStatesTheCountsAndTheListsInOrder(t *testing.T) {
	t.Parallel()
	folds := make([]*projections.Fold, len(randomPolicies))
	for i, document := range randomPolicies {
		folds[i] = newLife(t, document).fold
	}
	rapid.Check(t, func(rt *rapid.T) {
		x := &twins{t: rt, folds: folds}
		ofUnit := rapid.IntRange(0, 4).Draw(rt, "stream") == 0
		x.types = typesOf(ofUnit)
		id := "c-1"
		if ofUnit {
			id = "org:north/a"
		}
		x.borrowed, x.kept = x.born(t, id), x.born(t, id)
		for i := range rapid.IntRange(1, 40).Draw(rt, "steps") {
			x.step(i)
		}
		x.checkWhatWasYielded()
		x.checkCounts()
	})
}

func (x *twins) born(t *testing.T, id string) *life {
	t.Helper()
	return &life{t: t, fold: x.folds[0], c: projections.NewCustomer(id), decoder: domain.NewDecoder()}
}

// step lets one thing happen to both.
func (x *twins) step(n int) {
	switch rapid.IntRange(0, 9).Draw(x.t, "what") {
	case 0:
		until := x.borrowed.c.Now + domain.Instant(rapid.IntRange(0, 100).Draw(x.t, "hours"))*domain.Hour
		x.happen("silence", func(l *life, out *projections.Effects) { l.fold.Advance(l.c, until, out) })
	case 1:
		next := rapid.SampledFrom(x.folds).Draw(x.t, "policy")
		x.happen("policy "+next.Policy().Version, func(l *life, out *projections.Effects) {
			l.fold.Advance(l.c, l.c.Now, out)
			next.Reconsider(l.c, l.c.Now, out)
			l.fold = next
		})
	default:
		e := drawEvent(x.t, fmt.Sprint("e", n), x.types)
		x.happen(e.typ+e.data, func(l *life, out *projections.Effects) {
			entry, spoil := e.entry(x.t, l)
			l.fold.Apply(l.c, entry, out)
			if l == x.borrowed {
				spoil()
			}
		})
	}
}

// happen does the work on both and checks what must hold after each step.
func (x *twins) happen(step string, work func(l *life, out *projections.Effects)) {
	x.snapshots = append(x.snapshots, snapshot{*x.borrowed.c, string(x.borrowed.c.AppendState(nil))})
	before := x.borrowed.shown()
	changed := x.borrowed.yield(work)
	x.kept.yield(work)
	x.checkNamed(step, before, changed)
	x.checkStates(step)
	x.checkSnapshots(step)
	x.checkMatters(step)
}

// yield does the work and keeps what it yields. It returns the cases that it names.
func (l *life) yield(work func(l *life, out *projections.Effects)) []projections.CaseRef {
	var out projections.Effects
	out.Publish()
	work(l, &out)
	l.out = append(l.out, out.Outputs...)
	l.rollups.Add(&out.Rollups)
	return out.Cases
}

// checkNamed checks that every case is named that came, changed or went.
func (x *twins) checkNamed(step string, before map[projections.CaseRef]string, named []projections.CaseRef) {
	after := x.borrowed.shown()
	for _, cases := range []map[projections.CaseRef]string{before, after} {
		for ref := range cases {
			if before[ref] != after[ref] && !slices.Contains(named, ref) {
				x.t.Fatalf("%s: %v became\n%s from\n%s\nand is not named", step, ref, after[ref], before[ref])
			}
		}
	}
}

// checkStates checks that both have the same state, and replaces the one that is kept by what its written form says.
func (x *twins) checkStates(step string) {
	borrowed, kept := x.borrowed.c.AppendState(nil), x.kept.c.AppendState(nil)
	if string(borrowed) != string(kept) {
		x.t.Fatalf("%s: the memory of the event shows in the state:\n%q\n%q", step, borrowed, kept)
	}
	back := projections.NewCustomer(x.kept.c.ID)
	if err := back.LoadState(kept); err != nil {
		x.t.Fatal(err)
	}
	if again := back.AppendState(nil); string(again) != string(kept) || back.NextDue() != x.kept.c.NextDue() {
		x.t.Fatalf("%s: read back it is due at %s, was at %s:\n%q\n%q", step, back.NextDue(), x.kept.c.NextDue(), again, kept)
	}
	x.kept.c = back
}

// checkSnapshots checks that nothing wrote into memory that earlier copies see.
func (x *twins) checkSnapshots(step string) {
	for i := range x.snapshots {
		if s := &x.snapshots[i]; string(s.customer.AppendState(nil)) != s.state {
			x.t.Fatalf("%s changed the copy from before step %d", step, i)
		}
	}
}

// checkMatters checks that the open matters are those counted.
func (x *twins) checkMatters(step string) {
	open := make(map[projections.MatterKind]int64)
	for _, m := range x.borrowed.c.Matters.Open {
		open[m.Kind]++
	}
	for kind, n := range x.borrowed.rollups.Open {
		if open[kind] != n {
			x.t.Fatalf("%s: %d matters of kind %s are open, %d counted", step, open[kind], kind, n)
		}
	}
}

// checkWhatWasYielded checks that both yielded the same.
func (x *twins) checkWhatWasYielded() {
	a, b := &x.borrowed.rollups, &x.kept.rollups
	if a.Digest() != b.Digest() || projections.DigestOfCells(a.Cells) != projections.DigestOfCells(b.Cells) {
		x.t.Fatal("the counts differ")
	}
	if told, want := jsonOf(x.t, x.borrowed.out), jsonOf(x.t, x.kept.out); told != want {
		x.t.Fatalf("told\n%s\nwant\n%s", told, want)
	}
}

// checkCounts checks that no count is negative, and that every deadline that started was decided or runs.
func (x *twins) checkCounts() {
	var n projections.CellCounts
	for cell, counts := range x.borrowed.rollups.Cells {
		for i := range counts {
			if counts[i] < 0 {
				x.t.Fatalf("%v has the counts %v", cell, *counts)
			}
			if cell.Kind == projections.CellDeadline && cell.Employee == "" {
				n[i] += counts[i]
			}
		}
	}
	running := int64(0)
	if deadlines := x.borrowed.c.Deadlines; deadlines != nil {
		for i := range deadlines.Open {
			if !deadlines.Open[i].Missed {
				running++
			}
		}
	}
	if n[started] != n[kept]+n[missed]+n[restarted]+n[withdrawn]+running {
		x.t.Fatalf("deadlines are counted %v, and %d run", n, running)
	}
}
