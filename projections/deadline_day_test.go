package projections_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// dueInADay is a promise that is to be kept within a day, one in four of which is. What is kept in time is kept at kept.
type dueInADay struct {
	customer        string
	near, due, kept domain.Instant
}

// told returns what is told of the promise.
func (p *dueInADay) told() []string {
	var told []string
	if p.kept == 0 || p.near <= p.kept {
		told = append(told, fmt.Sprintf("service.deadline_near at %s", p.near))
	}
	if p.kept == 0 {
		told = append(told, fmt.Sprintf("service.deadline_missed at %s", p.due))
	}
	return told
}

// promises returns a promise for each of so many customers, all made at begin.
func promises(customers int, begin domain.Instant) []dueInADay {
	random := rand.New(rand.NewPCG(5, 13))
	all := make([]dueInADay, customers)
	for i := range all {
		length := 1000 + domain.Instant(random.Int64N(int64(domain.Day-1000)))
		p := dueInADay{customer: fmt.Sprint("c", i), near: begin + length*8/10, due: begin + length}
		if i%4 == 0 {
			p.kept = begin + domain.Instant(random.Int64N(int64(length/1000)))*1000
		}
		all[i] = p
	}
	return all
}

// TestADayOfTicksTellsEveryPromiseOnceAndAtItsTime lets promises of many customers fall due within a day in which the clock
// ticks every 30 s, folds the day as it comes, and again in batches of another length.
func TestADayOfTicksTellsEveryPromiseOnceAndAtItsTime(t *testing.T) {
	t.Parallel()
	const customers, every = dayCustomers, 30 * domain.Second
	begin := day(1)
	made := promises(customers, begin)
	live := newBook(t, defaultFold)
	for i := range made {
		p := &made[i]
		live.write(p.customer, "promise.made", "made", begin, fmt.Sprintf(`{"promise_id":"p","due_at":%q}`, p.due))
	}
	live.catchUp()
	toKeep := slices.DeleteFunc(slices.Clone(made), func(p dueInADay) bool { return p.kept == 0 })
	slices.SortFunc(toKeep, func(a, b dueInADay) int { return cmp.Compare(a.kept, b.kept) })
	for at := begin + every; at <= begin+domain.Day; at += every {
		for len(toKeep) > 0 && toKeep[0].kept < at {
			live.write(toKeep[0].customer, "promise.kept", "kept", toKeep[0].kept, `{"promise_id":"p"}`)
			toKeep = toKeep[1:]
		}
		live.tick(at)
		live.catchUp()
	}
	checkPromises(t, "live", live, made, every)

	replayed := newBook(t, defaultFold)
	for n := 0; n < len(live.records); {
		n = min(n+997, len(live.records))
		replayed.records = live.records[:n]
		replayed.catchUp()
	}
	checkPromises(t, "replayed", replayed, made, every)
	if a, b := summary(t, live.store), summary(t, replayed.store); a.Digest != b.Digest {
		t.Errorf("the digest of the day as it came is %s, that of the replay %s", a.Digest, b.Digest)
	}
}

// checkPromises checks that each promise is told as it should be, not before it takes effect and no later than by the next
// tick, and that as many are counted kept and missed.
func checkPromises(t *testing.T, how string, b *book, made []dueInADay, every domain.Instant) {
	t.Helper()
	told := make(map[string][]string, len(made))
	for i := range b.outlet.outputs {
		o := &b.outlet.outputs[i]
		if o.Topic != projections.TopicService {
			continue
		}
		told[o.Customer] = append(told[o.Customer], fmt.Sprintf("%s at %s", o.Type, o.At))
		if by := domain.InstantOf(b.records[o.Position.Offset].RecordedAt); by < o.At || by >= o.At+every {
			t.Fatalf("%s: %s of %s at %s is told by the record of %s", how, o.Type, o.Customer, o.At, by)
		}
	}
	var kept, missed int64
	for i := range made {
		p := &made[i]
		if p.kept == 0 {
			missed++
		} else {
			kept++
		}
		if want := p.told(); !slices.Equal(told[p.customer], want) {
			t.Fatalf("%s: told of %s %v, want %v", how, p.customer, told[p.customer], want)
		}
	}
	filter := projections.DeadlineFilter{Kind: "promise"}
	view, err := b.store.Cells(t.Context(), filter.Cells())
	if err != nil {
		t.Fatal(err)
	}
	if rows := projections.NewDeadlineReport(view, &filter).Kinds; len(rows) != 1 || rows[0].Kept != kept || rows[0].Missed != missed {
		t.Errorf("%s: counted %+v, want %d kept and %d missed", how, rows, kept, missed)
	}
}
