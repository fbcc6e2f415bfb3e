package refold_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

func TestSharesTogetherAreWhatALiveFoldMakesOfTheSameRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		history := viewtest.Draw(rt)
		l := &log{parts: history.Partition(rapid.IntRange(1, 2).Draw(rt, "partitions")), window: rapid.IntRange(1, 40).Draw(rt, "window")}
		for p := range l.parts {
			l.parts[p] = withControl(rt, l.parts[p], history.Subjects())
		}
		fold := viewtest.DefaultFold()
		if rapid.IntRange(0, 2).Draw(rt, "fragile") == 0 {
			fold.Before = func(c *projections.Customer, e *projections.Entry) {
				if e.Event.Type == "subscription.started" {
					panic("the fold does not like subscriptions of " + c.ID)
				}
			}
		}
		store := live(rt, l, fold, rapid.IntRange(1, 40).Draw(rt, "batch"))
		memory := int64(rapid.SampledFrom([]int{0, 1, 3000, 10_000}).Draw(rt, "memory"))
		for p := range l.parts {
			want := newContents()
			want.add(rt, store, p)
			got, passes := anew(rt, l, p, refold.Options{Fold: fold, Memory: memory})
			if difference := want.differences(got); difference != "" {
				rt.Errorf("partition %d in %d passes: %s", p, passes, difference)
			}
		}
	})
}

// differences returns how other differs from c, empty when it does not. Where ticks came together, what they touched
// may be noted at either of them, so that is not compared.
func (c *contents) differences(other *contents) string {
	for id, want := range c.streams {
		if got := other.streams[id]; got != want {
			return fmt.Sprintf("stream %s is\n%s\nwant\n%s", id, got, want)
		}
	}
	for _, part := range []struct {
		name      string
		got, want any
	}{
		{"streams", len(other.streams), len(c.streams)},
		{"roll-ups", other.rollups.Digest(), c.rollups.Digest()},
		{"verdicts", other.rollups.Verdicts, c.rollups.Verdicts},
		{"records set aside", other.aside, c.aside},
		{"parked", other.parked, c.parked},
		{"policies", other.policies, c.policies},
		{"newest", other.newest, c.newest},
	} {
		if !reflect.DeepEqual(part.got, part.want) {
			return fmt.Sprintf("%s are %v, want %v", part.name, part.got, part.want)
		}
	}
	return ""
}

func TestAParkedStreamIsParkedAgainWithItsQueue(t *testing.T) {
	t.Parallel()
	fold := viewtest.DefaultFold()
	fold.Before = func(c *projections.Customer, _ *projections.Entry) {
		if c.ID == "C00003" {
			panic("the fold does not like this customer")
		}
	}
	l := &log{parts: viewtest.Purchases(200, 10).Partition(1), window: 30}
	last := l.parts[0][199]
	last.Offset++
	l.parts[0] = append(l.parts[0], controlRecord(last, "redrive", 1, "stream.redriven", domain.StreamRedriven{Stream: "C00003"}))
	want := newContents()
	want.add(t, live(t, l, fold, 7), 0)
	got, _ := anew(t, l, 0, refold.Options{Fold: fold, Memory: 10_000})
	if difference := want.differences(got); difference != "" || len(got.parked) != 1 {
		t.Errorf("%s; parked are %v", difference, got.parked)
	}
}

func TestALittleMemoryTakesManyPassesAndGivesTheSame(t *testing.T) {
	t.Parallel()
	l := &log{parts: viewtest.Generate(7, 4000, 900).Partition(1), window: 100}
	want, one := anew(t, l, 0, refold.Options{Fold: viewtest.DefaultFold()})
	got, many := anew(t, l, 0, refold.Options{Fold: viewtest.DefaultFold(), Memory: 1})
	if one != 1 || many != refold.Shares {
		t.Errorf("%d and %d passes, want 1 and one for each share", one, many)
	}
	if difference := want.differences(got); difference != "" {
		t.Error(difference)
	}
	if _, some := anew(t, l, 0, refold.Options{Fold: viewtest.DefaultFold(), Memory: 400_000}); some < 2 || some > 20 {
		t.Errorf("%d passes with memory for a third", some)
	}
}

func TestAPassGoesOnAtTheShareItIsTold(t *testing.T) {
	t.Parallel()
	l := &log{parts: viewtest.Generate(8, 1000, 200).Partition(1), window: 100}
	fold := viewtest.DefaultFold()
	stopped := errors.New("stopped")
	next, parts := 0, newContents()
	for rounds := 0; next < refold.Shares; rounds++ {
		err := refold.Partition(t.Context(), l, 0, l.ends()[0], refold.Options{Fold: fold, From: next, Memory: 100_000}, func(_ context.Context, pass *refold.Pass) error {
			if pass.From != next {
				t.Errorf("the pass begins at share %d, want %d", pass.From, next)
			}
			for _, store := range pass.Stores() {
				parts.add(t, store, 0)
			}
			next = pass.To
			return stopped
		})
		if !errors.Is(err, stopped) {
			t.Fatalf("round %d: %v", rounds, err)
		}
	}
	want, _ := anew(t, l, 0, refold.Options{Fold: fold})
	if difference := want.differences(parts); difference != "" {
		t.Error(difference)
	}
}

func TestOnlyTheStreamsThatAreAskedForAreFolded(t *testing.T) {
	t.Parallel()
	l := &log{parts: viewtest.Purchases(300, 30).Partition(1), window: 50}
	only := func(id []byte) bool { return string(id) == "C00007" }
	got, _ := anew(t, l, 0, refold.Options{Fold: viewtest.DefaultFold(), Only: only})
	if len(got.streams) != 1 || got.streams["C00007"] == "" || got.rollups.Verdicts[0] != 10 {
		t.Errorf("the streams are %v with verdicts %v", got.streams, got.rollups.Verdicts)
	}
}

func TestProgressGoesUpToTheWhole(t *testing.T) {
	t.Parallel()
	l := &log{parts: viewtest.Purchases(500, 100).Partition(1), window: 50}
	last := 0.0
	_, _ = anew(t, l, 0, refold.Options{Fold: viewtest.DefaultFold(), Progress: func(p refold.Progress) {
		if p.Done() <= last || p.Partition != 0 || p.End != 500 {
			t.Errorf("after %v it is at %v: %+v", last, p.Done(), p)
		}
		last = p.Done()
	}})
	if last != 1 {
		t.Errorf("it ends at %v, want 1", last)
	}
}

func TestWhatHasNoRoomIsGivenUpBeforeMuchOfItIsFolded(t *testing.T) {
	t.Parallel()
	l := &log{parts: viewtest.Purchases(20_000, 200).Partition(1), window: 200}
	first := int64(0)
	_, passes := anew(t, l, 0, refold.Options{Fold: viewtest.DefaultFold(), Memory: 1_000_000, Progress: func(p refold.Progress) {
		if first == 0 && p.To < refold.Shares {
			first = p.Next
		}
	}})
	if passes < 2 || first > 20_000/8 {
		t.Errorf("of %d passes the first gives shares up after %d of 20000 records", passes, first)
	}
}

func TestAnEmptyPartitionIsOnePass(t *testing.T) {
	t.Parallel()
	l := &log{parts: [][]eventstore.Record{nil}, window: 1}
	got, passes := anew(t, l, 0, refold.Options{Fold: viewtest.DefaultFold()})
	if passes != 1 || len(got.streams) != 0 {
		t.Errorf("%d passes with streams %v", passes, got.streams)
	}
}
