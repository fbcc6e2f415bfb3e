package projections_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// attempts is a store that counts the batches that are begun. When it looks ahead, its commits ask for what silence will
// bring, as a store does that keeps that in rows.
type attempts struct {
	*memview.Store
	begun      int
	looksAhead bool
}

func (s *attempts) Begin(ctx context.Context, at projections.Checkpoint, names iter.Seq[string]) (projections.Batch, error) {
	s.begun++
	b, err := s.Store.Begin(ctx, at, names)
	return lookingBatch{b, s.looksAhead}, err
}

type lookingBatch struct {
	projections.Batch
	looksAhead bool
}

func (b lookingBatch) Commit(ctx context.Context, changes *projections.Changes) (projections.Checkpoint, error) {
	if b.looksAhead {
		for _, c := range changes.Changed {
			changes.Fold.Outlook(c)
		}
	}
	return b.Batch.Commit(ctx, changes)
}

// foldCounted folds what was written since in one call, and returns how many batches were begun for it.
func (b *book) foldCounted(looksAhead bool) int {
	b.t.Helper()
	counted := &attempts{Store: b.store, looksAhead: looksAhead}
	folder := projections.NewFolder(b.fold, counted, projections.FolderOptions{
		PartitionOf: inPartitionZero, Outlet: b.outlet, Records: b, Trusted: b.trusted,
	})
	at, err := folder.Claim(b.t.Context(), 0)
	if err != nil {
		b.t.Fatal(err)
	}
	if b.at, err = folder.Fold(b.t.Context(), at, b.records[at.Next:]); err != nil {
		b.t.Fatal(err)
	}
	return counted.begun
}

// sickly writes four purchases of each of a thousand customers, the third of which is bad for every fifth customer.
func sickly(b *book, bad map[string]bool) {
	for i := range 4 {
		for c := range 1000 {
			id := fmt.Sprintf("p%d-%d", i, c)
			b.purchase(fmt.Sprintf("c%d", c), id, day(10*i+c%7))
			bad[id] = i == 2 && c%5 == 0
		}
	}
}

func TestManyCustomersOnWhomTheFoldPanicsCostThreeFoldsOfTheirBatchAtMost(t *testing.T) {
	t.Parallel()
	bad, applied := make(map[string]bool), 0
	fold := breaking(bad)
	before := fold.Before
	fold.Before = func(c *projections.Customer, e *projections.Entry) {
		applied++
		before(c, e)
	}
	b, one := newBook(t, fold), newBook(t, breaking(bad))
	sickly(b, bad)
	if begun := b.foldCounted(false); begun > 3 || applied > 3*len(b.records) {
		t.Errorf("%d attempts applied %d events, there are %d", begun, applied, len(b.records))
	}
	// Records one by one come to the same.
	for _, r := range b.records {
		one.records = append(one.records, r)
		one.catchUp()
	}
	page, err := b.store.Parked(t.Context(), projections.ParkedFilter{Limit: projections.MaxLimit})
	if err != nil || len(page.Items) != 200 || page.Items[0].Queue != 2 {
		t.Fatalf("%d customers are parked, %v", len(page.Items), err)
	}
	for i, k := range page.Items {
		if want := one.parkedAs(k.Customer); k.Offset != want.Offset || k.At != want.At || k.Queue != want.Queue {
			t.Errorf("parked %d is %+v, want %+v", i, k, want)
		}
	}
	if a, b := summary(t, b.store), summary(t, one.store); a.Digest != b.Digest {
		t.Errorf("the digest is %s, of records one by one %s", a.Digest, b.Digest)
	}
	if a, b := b.outlet.published(), one.outlet.published(); a != b {
		t.Errorf("outputs differ from those of records one by one")
	}
}

// parkedAs returns how a customer is parked.
func (b *book) parkedAs(id string) projections.Parked {
	b.t.Helper()
	page, err := b.store.Parked(b.t.Context(), projections.ParkedFilter{Stream: id})
	if err != nil || len(page.Items) != 1 {
		b.t.Fatalf("customer %s is parked as %+v, %v", id, page, err)
	}
	return page.Items[0]
}

func TestTimersThatPanicForManyCustomersCostThreeAttemptsAtTheirTick(t *testing.T) {
	t.Parallel()
	fold := breaking(nil)
	b := newBook(t, fold)
	for c := range 300 {
		b.purchase(fmt.Sprintf("c%d", c), fmt.Sprint("p", c), day(c%3))
	}
	b.catchUp()
	good := *fold
	fold.BreakMoves()
	b.tick(day(200))
	if begun := b.foldCounted(false); begun > 3 {
		t.Errorf("the tick took %d attempts", begun)
	}
	if page, err := b.store.Backlog(t.Context()); err != nil || page.Parked != 300 {
		t.Errorf("parked are %+v, %v", page, err)
	}
	*fold = good
	for c := range 300 {
		b.control("stream.redriven", day(201), fmt.Sprintf(`{"stream":"c%d"}`, c))
	}
	b.tick(day(202))
	b.catchUp()
	if got := summary(t, b.store); len(b.parked()) != 0 || got.Stages["decline"] != 300 {
		t.Errorf("after the redrive: %+v", got)
	}
}

func TestManyCustomersWhoseSilencePanicsCostAFewAttempts(t *testing.T) {
	t.Parallel()
	fold := breaking(nil)
	b := newBook(t, fold)
	for c := range 200 {
		b.purchase(fmt.Sprintf("c%d", c), fmt.Sprint("p", c), day(0))
	}
	b.catchUp()
	fold.BreakMoves()
	first := int64(len(b.records))
	for c := range 400 {
		b.write(fmt.Sprintf("c%d", c%200), "note.added", fmt.Sprint("n", c), day(1), `{}`)
	}
	if begun := b.foldCounted(true); begun > 4 {
		t.Errorf("the batch took %d attempts", begun)
	}
	page, err := b.store.Parked(t.Context(), projections.ParkedFilter{Limit: projections.MaxLimit})
	if err != nil || len(page.Items) != 200 {
		t.Fatalf("%d customers are parked, %v", len(page.Items), err)
	}
	// Nothing tells which record brought it about, so the first of the batch counts as that.
	for _, k := range page.Items {
		if k.Offset < first || k.Offset >= first+200 || k.Queue != 2 {
			t.Errorf("parked %+v", k)
		}
	}
}

func TestACustomerOnWhomALaterRecordPanicsTooIsUndoneToTheRecordBefore(t *testing.T) {
	t.Parallel()
	bad := map[string]bool{"bad": true, "worse": true}
	b := newBook(t, breaking(bad))
	b.purchase("d", "bad", day(0))
	b.purchase("c", "p1", day(0))
	b.purchase("c", "p2", day(1))
	b.purchase("c", "worse", day(2))
	b.purchase("e", "p3", day(3))
	b.catchUp()
	if v := b.customer("c"); v.Trade.Purchases != 2 || v.Version != 2 || !v.Parked {
		t.Errorf("the customer has %d purchases at version %d, parked %t", v.Trade.Purchases, v.Version, v.Parked)
	}
	if s := summary(t, b.store); s.Events != 3 || s.Verdicts[eventstore.Accepted.String()] != 3 {
		t.Errorf("the summary is %+v", s)
	}
	parked := b.parked()
	slices.SortFunc(parked, func(a, b projections.Parked) int { return int(a.Offset - b.Offset) })
	if len(parked) != 2 || parked[0].Offset != 0 || parked[1].Offset != 3 {
		t.Errorf("parked %+v", parked)
	}
}
