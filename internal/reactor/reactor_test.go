package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/ingest"
)

func TestEveryCustomerOfAnEmployeeWhoLeftIsToldOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	ids := f.customers("anna", 40)
	f.customers("bo", 10)
	left := f.left("anna", day(50))
	f.append(
		f.assigned(ids[0], "bo", day(2)), // two follow this one
		f.event(ids[1], "customer.owner_released", day(20), domain.CustomerOwnerReleased{Employee: "anna", Reason: "other team"}),
		f.assigned("later", "anna", day(60)), // after she left
		f.event(ids[2], "purchase.recorded", day(70), domain.PurchaseRecorded{Amount: domain.Money{Minor: 1, Currency: "CNY"}}),
		left,
	)
	released := atomic.Int64{}
	options := fast()
	options.Released = func(n int) { released.Add(int64(n)) }
	w := f.run(f.door, options, all)
	w.wait()
	f.catchUp()
	want := make(map[string]int)
	for _, id := range ids {
		want[id] = 1
	}
	delete(want, ids[1])
	if told := f.told(); !maps.Equal(told, want) || released.Load() != int64(len(want)) {
		t.Fatalf("told %v and counted %d, want %v", told, released.Load(), want)
	}
	for _, id := range ids {
		o := f.ownerships(id)[0]
		if id == ids[1] {
			continue
		}
		wantID := domain.DerivedID("customer.owner_released", "employee:anna", left.ID, id)
		if o.To != day(50) || o.Reason != domain.OwnerLeftCompany || o.ReleasedBy != wantID {
			t.Fatalf("%s: %+v", id, o)
		}
	}
	if o := f.ownerships(ids[0]); len(o) != 2 || o[1].To != 0 {
		t.Errorf("the other owner: %+v", o)
	}
	if o := f.ownerships("later"); len(o) != 1 || o[0].To != 0 {
		t.Errorf("assigned after the departure: %+v", o)
	}
}

func TestAReactorThatDiesBetweenPagesIsFollowedByOneThatTellsTheRest(t *testing.T) {
	t.Parallel()
	f := open(t)
	ids := f.customers("anna", 50)
	f.append(f.left("anna", day(50)))
	for life := 0; ; life++ {
		// Each dies with the second page: before it is in the log, or just after.
		pages, died := 0, make(chan struct{})
		mortal := doorFunc(func(ctx context.Context, events []domain.Event) ([]ingest.Result, error) {
			if pages++; pages < 2 {
				return f.door.Append(ctx, events)
			}
			if life%2 == 0 {
				if _, err := f.door.Append(ctx, events); err != nil {
					return nil, err
				}
			}
			close(died)
			<-ctx.Done()
			return nil, ctx.Err()
		})
		w := f.run(mortal, fast(), all)
		handled := false
		select {
		case <-died:
		case <-w.handled:
			handled = true
		}
		w.stop()
		if handled {
			break
		}
		if life > 50 {
			t.Fatal("no progress in 50 lives")
		}
	}
	f.catchUp()
	told := f.told()
	for _, id := range ids {
		if told[id] != 1 || f.ownerships(id)[0].To != day(50) {
			t.Errorf("%s was told %d times: %+v", id, told[id], f.ownerships(id))
		}
	}
}

func TestTwoReactorsAtOnceTellEachCustomerOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	ids := f.customers("anna", 60)
	f.append(f.left("anna", day(50)))
	one, two := f.run(f.door, fast(), all), f.run(f.door, fast(), all)
	one.wait()
	two.wait()
	f.catchUp()
	sum, err := f.views.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var records int
	for _, n := range f.told() {
		records += n
	}
	// 60 assignments, the departure and 60 releases; what both told is a duplicate.
	want := map[string]int64{"accepted": 121, "duplicate": int64(records - 60), "conflict": 0, "quarantined": 0}
	if !maps.Equal(sum.Verdicts, want) {
		t.Errorf("verdicts %v, want %v", sum.Verdicts, want)
	}
	for _, id := range ids {
		if o := f.ownerships(id); len(o) != 1 || o[0].To != day(50) {
			t.Errorf("%s: %+v", id, o)
		}
	}
}

func TestAnAssignmentThatIsRecordedAfterTheDepartureWasHandledIsFound(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.append(f.left("anna", day(50)))
	options := fast()
	options.Recheck = time.Millisecond
	w := f.run(f.door, options, all)
	w.wait()
	f.append(f.assigned("found", "anna", day(40)))
	w.wait()
	if o := f.ownerships("found"); len(o) != 1 || o[0].To != day(50) {
		t.Errorf("%+v", o)
	}
}

func TestAnEmployeeWhoCameBackLosesOnlyTheCustomersOfTheirTime(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.append(
		f.assigned("first", "anna", day(1)), f.left("anna", day(50)),
		f.assigned("second", "anna", day(60)), f.left("anna", day(90)),
		f.assigned("third", "anna", day(100)),
	)
	w := f.run(f.door, fast(), all)
	w.wait()
	w.wait()
	for id, want := range map[string]domain.Instant{"first": day(50), "second": day(90), "third": 0} {
		if o := f.ownerships(id); len(o) != 1 || o[0].To != want {
			t.Errorf("%s: %+v, want an end at %s", id, o, want)
		}
	}
}

func TestACustomerWhoseStreamDoesNotTakeTheEventIsGivenUp(t *testing.T) {
	t.Parallel()
	f := open(t)
	ids := f.customers("anna", 20)
	left := f.left("anna", day(50))
	// Somebody else used the id before.
	squatter := f.event(ids[3], "note.added", day(2), domain.NoteAdded{})
	squatter.ID = domain.DerivedID("customer.owner_released", left.Subject, left.ID, ids[3])
	f.append(squatter, left)
	refused := 0
	picky := doorFunc(func(ctx context.Context, events []domain.Event) ([]ingest.Result, error) {
		results, err := f.door.Append(ctx, events)
		for i := range results {
			if results[i].Stream == ids[5] {
				refused++
				results[i].Status, results[i].Problems = ingest.Invalid, []domain.Problem{{Message: "not today"}}
			}
		}
		return results, err
	})
	w := f.run(picky, fast(), all)
	w.wait()
	w.stop()
	if told := f.told(); told[ids[3]] != 1 || refused != 1 || len(told) != 20 {
		t.Errorf("told %v, one was refused %d times", told, refused)
	}
	if o := f.ownerships(ids[3]); o[0].To != 0 {
		t.Errorf("%+v", o)
	}
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := open(t)
	ids := f.customers("anna", 20)
	f.append(f.left("anna", day(50)))
	failures := 0
	shaky := doorFunc(func(ctx context.Context, events []domain.Event) ([]ingest.Result, error) {
		if failures++; failures < 4 {
			results, err := f.door.Append(ctx, events[:1])
			return results, errors.Join(err, ingest.ErrUnavailable)
		}
		return f.door.Append(ctx, events)
	})
	w := f.run(shaky, fast(), all)
	w.wait()
	for _, id := range ids {
		if o := f.ownerships(id); o[0].To != day(50) {
			t.Errorf("%s: %+v", id, o)
		}
	}
}

func TestAReactorKeepsToItsPartitions(t *testing.T) {
	t.Parallel()
	f := open(t)
	var events []domain.Event
	var employees []string
	for i := range 12 {
		employee := fmt.Sprint("emp", i)
		employees = append(employees, employee)
		events = append(events, f.assigned("customer of "+employee, employee, day(1)), f.left(employee, day(50)))
	}
	f.append(events...)
	mine := []int{1}
	var want []string
	for _, e := range employees {
		if slices.Contains(mine, f.log.PartitionOf([]byte("employee:"+e))) {
			want = append(want, "customer of "+e)
		}
	}
	if len(want) == 0 || len(want) == len(employees) {
		t.Fatalf("%d of %d employees are in the partition", len(want), len(employees))
	}
	w := f.run(f.door, fast(), mine)
	for range want {
		w.wait()
	}
	w.stop()
	slices.Sort(want)
	if told := slices.Sorted(maps.Keys(f.told())); !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
