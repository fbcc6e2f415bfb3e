package viewtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// testCellsInATick asks for cells while a tick that takes several batches is half done.
func testCellsInATick(t *testing.T, open NewStore) {
	fold := DefaultFold()
	g := newGenerator(many, func(int) int { return 0 })
	for i, id := range g.subjects {
		g.append(g.event(i, "inquiry.received", id, `{"inquiry_id":"q"}`))
	}
	g.at = g.at.Add(24 * time.Hour)
	g.append(g.event(many+1, "note.added", g.subjects[0], `{}`))
	g.tick(many+2, g.at)
	parts := g.Partition(1)
	store := open(t, fold, 1)
	Fold(t, store, fold, [][]eventstore.Record{parts[0][:many+1]}, many)
	filter := projections.CellFilter{Kinds: []projections.CellKind{projections.CellDeadline}}
	count := func() string {
		view, err := store.Cells(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(view.Cells)
	}
	before := count()
	if err := foldUntilDeath(t, store, fold, parts); !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	if got := count(); got != before {
		t.Errorf("in the middle of a tick the cells are\n%s, before\n%s", got, before)
	}
}

// testLongNames counts a contact all of whose names are as long as an event may have them.
func testLongNames(t *testing.T, open NewStore) {
	fold := DefaultFold()
	g := newGenerator(1, func(int) int { return 0 })
	random := rand.New(rand.NewPCG(1, 2))
	long := func() string {
		r := make([]rune, 256)
		for i := range r {
			r[i] = rune(0x20000 + random.IntN(0xa000))
		}
		return string(r)
	}
	ev := g.event(0, "contact.made", long(), fmt.Sprintf(`{"direction":"in","channel":"phone","employee":%q,"category":%q}`, long(), long()))
	ev.OrgUnit = long()
	g.append(ev)
	records := g.Partition(1)[0]
	store := open(t, fold, 1)
	if err := NewWriter(t, store, fold, 0, 1).Try(records); err != nil {
		t.Errorf("the record stops the partition: %v", err)
	}
}
