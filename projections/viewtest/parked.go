package viewtest

import (
	"cmp"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// testParked follows a customer on whom the fold panics: its records queue while the others go on, a redrive before the
// fold was mended changes nothing, and one after it leaves the customer as if nothing had been wrong.
func testParked(t *testing.T, open NewStore) {
	g := newGenerator(3, func(int) int { return 0 })
	sick, well := g.subjects[1], g.subjects[2]
	event := func(typ, subject, data string) {
		g.append(g.event(len(g.items), typ, subject, data))
	}
	for range 2 {
		event("purchase.recorded", sick, `{"amount":{"minor":1,"currency":"CNY"}}`)
		event("purchase.recorded", well, `{"amount":{"minor":1,"currency":"CNY"}}`)
	}
	event(poison, sick, `{}`)
	event("note.added", sick, `{}`)
	event("note.added", well, `{}`)
	g.redrive(len(g.items), sick)
	g.tick(len(g.items), g.at.AddDate(1, 0, 0))
	event("note.added", sick, `{}`)
	const mended = 10
	g.redrive(len(g.items), sick)
	records := g.Partition(1)

	var broken atomic.Bool
	broken.Store(true)
	fold := Breaking(DefaultFold(), broken.Load)
	store := open(t, fold, 1)
	Fold(t, store, fold, [][]eventstore.Record{records[0][:mended]}, 3)
	checkParked(t, store, projections.Parked{Customer: sick, Offset: 4, Queue: 3}, []int64{4, 5, 9})
	for offset, want := range map[int64]projections.Outcome{
		2: {Known: true, Version: 2}, 5: {}, 6: {Known: true, Version: 3},
	} {
		ev := g.events[offset]
		outcome, err := store.Resolve(t.Context(), eventstore.Position{Offset: offset}, ev.Subject, ev.ID)
		if err != nil {
			t.Fatal(err)
		}
		if outcome.Known != want.Known || outcome.Verdict != want.Verdict || outcome.Version != want.Version {
			t.Errorf("record %d was resolved as %+v, want %+v", offset, outcome, want)
		}
	}
	if _, err := store.Resolve(t.Context(), eventstore.Position{Offset: mended}, sick, "x"); err == nil {
		t.Error("a record that was not folded yet could be resolved")
	}

	broken.Store(false)
	Fold(t, store, fold, records, 3)
	if parked, err := store.Parked(t.Context(), projections.ParkedFilter{}); err != nil || len(parked.Items) > 0 {
		t.Errorf("%v are parked, error %v", parked, err)
	}
	stream, err := store.Stream(t.Context(), sick)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int64{0, 2, 4, 5, 9}; !slices.Equal(stream.Offsets, want) {
		t.Errorf("the stream holds the records %d, want %d", stream.Offsets, want)
	}
}

// testParkedByTheFirstRecord redrives, in vain and then after the fold was mended, a customer that was parked by the first
// record of its partition.
func testParkedByTheFirstRecord(t *testing.T, open NewStore) {
	g := newGenerator(1, func(int) int { return 0 })
	sick := g.subjects[0]
	g.append(g.event(0, poison, sick, `{}`))
	g.append(g.event(1, "note.added", sick, `{}`))
	g.redrive(len(g.items), sick)
	const mended = 3
	g.redrive(len(g.items), sick)
	records := g.Partition(1)

	var broken atomic.Bool
	broken.Store(true)
	fold := Breaking(DefaultFold(), broken.Load)
	store := open(t, fold, 1)
	Fold(t, store, fold, [][]eventstore.Record{records[0][:mended]}, 1)
	checkParked(t, store, projections.Parked{Customer: sick, Queue: 2}, []int64{0, 1})
	broken.Store(false)
	Fold(t, store, fold, records, 1)
	Equal(t, store, reference(t, DefaultFold(), records), g.Subjects())
}

// testLongRedrive redrives a customer with a queue of more records than one batch takes, with a writer that dies between
// any two batches and a successor that goes on.
func testLongRedrive(t *testing.T, open NewStore) {
	const waiting, batch = 12_000, 5000
	g := newGenerator(2, func(int) int { return 0 })
	sick, well := g.subjects[0], g.subjects[1]
	g.append(g.event(0, "purchase.recorded", well, `{"amount":{"minor":1,"currency":"CNY"}}`))
	g.append(g.event(1, poison, sick, `{}`))
	for i := range waiting - 1 {
		g.at = g.at.Add(time.Minute)
		g.append(g.event(i+2, "purchase.recorded", sick, `{"amount":{"minor":1,"currency":"CNY"}}`))
	}
	g.redrive(len(g.items), sick)
	parts := g.Partition(1)

	var broken atomic.Bool
	broken.Store(true)
	fold := Breaking(DefaultFold(), broken.Load)
	store := open(t, fold, 1)
	Fold(t, store, fold, [][]eventstore.Record{parts[0][:waiting+1]}, 4000)
	broken.Store(false)
	for died := 0; ; died++ {
		page, err := store.Parked(t.Context(), projections.ParkedFilter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) != 1 || page.Items[0].Offset != int64(1+died*batch) || page.Items[0].Queue != int64(waiting-died*batch) {
			t.Fatalf("after %d batches the parked are %+v", died, page.Items)
		}
		if err = foldUntilDeath(t, store, fold, parts); err == nil {
			if died != waiting/batch {
				t.Errorf("the redrive took %d batches, want %d", died+1, waiting/batch+1)
			}
			break
		}
		if !errors.Is(err, errDied) {
			t.Fatal(err)
		}
	}
	// Nothing stands between the queued records that would make another order of them.
	Equal(t, store, reference(t, DefaultFold(), parts), g.Subjects())
}

// testParkedPages parks customers of several partitions, several of them at the same instant, and reads them in pages.
func testParkedPages(t *testing.T, open NewStore) {
	g := newGenerator(5, func(int) int { return 0 })
	for i, subject := range g.subjects {
		typ := poison
		if i%5 == 4 {
			typ = "note.added"
		}
		if i%3 == 0 {
			g.at = g.at.Add(time.Hour)
		}
		g.append(g.event(len(g.items), typ, subject, `{}`))
	}
	parts := g.Partition(3)
	fold := Breaking(DefaultFold(), func() bool { return true })
	store := open(t, fold, 3)
	Fold(t, store, fold, parts, 4)

	whole, err := store.Parked(t.Context(), projections.ParkedFilter{Limit: projections.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	if want := len(g.subjects) - len(g.subjects)/5; len(whole.Items) != want || whole.Next != "" {
		t.Fatalf("%d customers are parked, want %d, next page %q", len(whole.Items), want, whole.Next)
	}
	if !slices.IsSortedFunc(whole.Items, func(a, b projections.Parked) int { return cmp.Compare(a.At, b.At) }) {
		t.Errorf("those parked longest do not come first: %+v", whole.Items)
	}
	var paged []projections.Parked
	for filter := (projections.ParkedFilter{Limit: 2}); ; {
		page, err := store.Parked(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		if paged = append(paged, page.Items...); page.Next == "" {
			break
		}
		if filter.Cursor = page.Next; len(page.Items) != 2 {
			t.Errorf("a page in the middle has %d customers", len(page.Items))
		}
	}
	if !slices.Equal(paged, whole.Items) {
		t.Errorf("pages show %+v, the whole is %+v", paged, whole.Items)
	}
	for _, subject := range []string{whole.Items[3].Customer, "nobody", "\x00", "\xff"} {
		one, err := store.Parked(t.Context(), projections.ParkedFilter{Stream: subject})
		if err != nil {
			t.Fatal(err)
		}
		if parked := subject == whole.Items[3].Customer; len(one.Items) == 1 != parked || parked && one.Items[0] != whole.Items[3] {
			t.Errorf("of %q alone is shown %+v", subject, one.Items)
		}
	}
}

// checkParked compares the only parked customer, its queue and the backlog.
func checkParked(t *testing.T, store projections.Store, want projections.Parked, queue []int64) {
	t.Helper()
	page, err := store.Parked(t.Context(), projections.ParkedFilter{})
	if err != nil {
		t.Fatal(err)
	}
	parked := page.Items
	offsets, err := store.Queue(t.Context(), want.Partition, want.Customer, 100)
	if err != nil {
		t.Fatal(err)
	}
	if first, err := store.Queue(t.Context(), want.Partition, want.Customer, 1); err != nil || !slices.Equal(first, queue[:1]) {
		t.Errorf("the first of the queue is %d, error %v, want %d", first, err, queue[:1])
	}
	backlog, err := store.Backlog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(parked) != 1 || parked[0].Customer != want.Customer || parked[0].Offset != want.Offset || parked[0].Queue != want.Queue {
		t.Fatalf("parked are %+v, want %+v", parked, want)
	}
	if !slices.Equal(offsets, queue) || backlog.Parked != 1 || backlog.Queued != want.Queue || backlog.OldestParked != parked[0].At {
		t.Errorf("the queue is %d with the backlog %+v, want %d", offsets, backlog, queue)
	}
}

// testControlled folds random histories with control records, in random batches, with claims between them, under a
// fold that panics up to some point.
func testControlled(t *testing.T, open NewStore) {
	rapid.Check(t, func(rt *rapid.T) {
		history := DrawControlled(rt)
		n := rapid.IntRange(1, 3).Draw(rt, "partitions")
		mended := rapid.IntRange(0, len(history.items)).Draw(rt, "mended")
		parts, lengths := history.spread(n, mended)
		cuts := make([][]cut, n)
		for p := range parts {
			cuts[p] = drawCuts(rt, lengths[p], len(parts[p]))
		}
		var broken atomic.Bool
		fold := Breaking(DefaultFold(), broken.Load)
		store, want := open(t, fold, n), memview.New(fold, n)
		for _, s := range []projections.Store{store, want} {
			for p := range parts {
				foldCuts(t, s, fold, p, parts, cuts[p], lengths[p], &broken)
			}
		}
		got := answers(t, store, history.Subjects(), stageFilters())
		for _, difference := range differences(got, answers(t, want, history.Subjects(), stageFilters())) {
			rt.Error(difference)
		}
		for _, difference := range differences(Resolutions(t, store, parts), Resolutions(t, want, parts)) {
			rt.Error(difference)
		}

		whole, length := history.spread(1, mended)
		one := memview.New(fold, 1)
		foldCuts(t, one, fold, 0, whole, []cut{{end: length[0]}, {end: len(whole[0])}}, length[0], &broken)
		if got, want := digest(t, store), digest(t, one); got != want {
			rt.Errorf("digest is %s, from one partition in two batches %s", got, want)
		}
	})
}

// cut is where a batch ends, and whether the partition is claimed anew after it.
type cut struct {
	end   int
	claim bool
}

// drawCuts cuts a partition into batches, one of which ends at must.
func drawCuts(rt *rapid.T, must, length int) []cut {
	var cuts []cut
	for end := 0; end < length; {
		limit := length
		if end < must {
			limit = must
		}
		end = rapid.IntRange(end+1, limit).Draw(rt, "end")
		cuts = append(cuts, cut{end: end, claim: rapid.IntRange(0, 3).Draw(rt, "claim") == 0})
	}
	return cuts
}

// foldCuts folds a partition in the given batches; the fold is broken for those that end by mended.
func foldCuts(t *testing.T, store projections.Store, fold *projections.Fold, p int, parts [][]eventstore.Record, cuts []cut, mended int, broken *atomic.Bool) {
	t.Helper()
	w := newWriter(t, store, fold, p, parts)
	for _, c := range cuts {
		broken.Store(c.end <= mended)
		w.Fold(parts[p][w.At.Next:c.end])
		if c.claim {
			w = newWriter(t, store, fold, p, parts)
		}
	}
}
