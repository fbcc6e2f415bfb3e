package control

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// awake is a policy under which the log of a test is never historic.
const awake = "historic_after: 87600h\n"

// declineAfter is the silence after which a customer with one purchase declines under the default policy.
func declineAfter() domain.Instant {
	l := domain.DefaultPolicy().Lifecycle
	return l.DeclineAfter(l.UsualGap(0, 0))
}

func TestTicksFireTheTimersOfSilentCustomersThroughTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	names := b.apart()
	b.buy(names[0], "1", day)
	b.buy(names[1], "1", day+domain.Hour)
	b.foldAll()
	b.at(day + declineAfter() + domain.Hour - 1)
	if n := b.look(); n != 2 {
		t.Fatalf("%d ticks, want one in each partition", n)
	}
	b.foldAll()
	for i, want := range []domain.Stage{domain.StageDecline, domain.StageGrowth} {
		if got := b.stage(names[i]); got != want {
			t.Errorf("customer %d is in %s, want %s", i, got, want)
		}
	}
	partitions, err := b.store.Partitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, fired := range []bool{true, false} {
		if first := day + domain.Instant(i)*domain.Hour + declineAfter(); (partitions[i].Due > first) != fired {
			t.Errorf("partition %d has its next timer at %s, the first one was at %s", i, partitions[i].Due, first)
		}
	}
	// A replay of the log has no clock at all and comes to the same.
	again := memview.New(b.fold, 2)
	b.foldInto(again)
	live, err := b.store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	replayed, err := again.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if live.Digest != replayed.Digest || live.Stages["decline"] != 1 {
		t.Errorf("live %+v, replayed %+v", live, replayed)
	}
}

func TestATickComesWhenItIsTimeOrWhenATimerIsDue(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	names := b.apart()
	due := day + declineAfter()
	b.buy(names[0], "1", day)
	b.foldAll()
	b.at(due - domain.Instant(5*time.Second.Microseconds()))
	// Each step passes so much time and wants so many ticks. Partition 1 is empty and has nothing that is due.
	for i, step := range []struct {
		pass time.Duration
		want int
	}{
		{0, 2},                // the first ones
		{4 * time.Second, 0},  // too early
		{time.Second, 1},      // the timer is due
		{time.Second, 0},      // it fired
		{23 * time.Second, 0}, // 29 s after the first ones
		{time.Second, 1},      // 30 s for the empty partition
		{5 * time.Second, 1},  // 30 s for the other one
		{30 * time.Second, 2},
	} {
		b.pass(step.pass)
		if n := b.look(); n != step.want {
			t.Errorf("step %d: %d ticks, want %d", i, n, step.want)
		}
		b.foldAll()
	}
	if got := b.stage(names[0]); got != domain.StageDecline {
		t.Errorf("the customer is in %s", got)
	}
}

func TestThereIsNoTickWhileTheViewsLag(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	names := b.apart()
	b.buy(names[0], "1", day)
	b.buy(names[1], "1", day)
	b.foldAll()
	b.at(day + declineAfter())
	b.buy(names[0], "2", day+declineAfter()-domain.Hour)
	if n := b.look(); n != 1 {
		t.Errorf("%d ticks, want that of the partition without a lag", n)
	}
	b.pass(time.Minute)
	if n := b.look(); n != 0 {
		t.Errorf("%d ticks before the views reflect the last ones", n)
	}
	b.foldAll()
	if n := b.look(); n != 2 {
		t.Errorf("%d ticks once the views have caught up", n)
	}
	b.foldAll()
	// The purchase put off what a tick before it would have fired.
	if got := b.customer(names[0]); got.Stage != domain.StageGrowth || got.LateEvents != 0 {
		t.Errorf("the customer is in %s with %d late events", got.Stage, got.LateEvents)
	}
}

func TestAPartitionThatIsNeverIdleIsTickedAllTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	name := b.apart()[0]
	b.at(day)
	for i := range 40 {
		// Between the look at the views and that at the log something always arrives.
		b.foldAll()
		b.buy(name, string(rune('a'+i)), day+domain.Instant(i))
		if n := b.ticks(t, 0); n != 0 && i < 30 {
			t.Fatalf("ticked after %d s", i)
		}
		b.pass(time.Second)
	}
	if b.ticked == 0 {
		t.Error("a busy partition is not ticked")
	}
}

// ticks lets the ticker look at one partition.
func (b *bench) ticks(t *testing.T, partition int) int {
	t.Helper()
	before := b.ticked
	if err := b.ticker.look(t.Context(), []int{partition}); err != nil {
		t.Fatal(err)
	}
	return b.ticked - before
}

func TestThereIsNoTickWithoutARunningClock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy string
		buys   bool
		after  domain.Instant
		want   int
	}{
		"empty log":                    {awake, false, domain.Day, 0},
		"clock of the events":          {"clock: events\n", true, domain.Day, 0},
		"historic log":                 {"historic_after: 48h\n", true, 2*domain.Day + 1, 0},
		"log that is not quite so old": {"historic_after: 48h\n", true, 2 * domain.Day, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.policy)
			if c.buys {
				b.buy("c1", "1", day)
			}
			b.foldAll()
			b.at(day + c.after)
			if n := b.look(); n != c.want {
				t.Errorf("%d ticks, want %d", n, c.want)
			}
		})
	}
}

func TestTheClockIsTheOneThatThePolicyNames(t *testing.T) {
	t.Parallel()
	wall, events := domain.DefaultPolicy(), domain.DefaultPolicy()
	events.Clock = domain.ClockEvents
	month := domain.Instant(wall.HistoricAfter.Microseconds())
	for i, c := range []struct {
		policy      *domain.Policy
		newest, now domain.Instant
		want        domain.Instant
		running     bool
	}{
		{wall, 0, day, day, false},
		{wall, day, day + month, day + month, true},
		{wall, day, day + month + 1, day, false},
		{wall, day, day - domain.Hour, day - domain.Hour, true},
		{events, day, day + 1, day, false},
		{events, 0, day, day, false},
	} {
		if at, running := Clock(c.policy, c.newest, c.now.Time()); at != c.want || running != c.running {
			t.Errorf("case %d: %s, %t, want %s, %t", i, at, running, c.want, c.running)
		}
	}
}

func TestATickThatFailsIsTriedAgainAndHoldsNoOtherPartitionUp(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	b.buy("c1", "1", day)
	b.foldAll()
	broken := &refused{Log: b.log, left: 0}
	b.writer.log = broken
	wants(t, b.ticker.look(t.Context(), []int{0, 1}), ErrUnavailable)
	broken.left = 1
	wants(t, b.ticker.look(t.Context(), []int{0, 1}), ErrUnavailable)
	if b.ticked != 1 {
		t.Errorf("%d partitions were ticked, want the one that works", b.ticked)
	}
	broken.left = 1
	if err := b.ticker.look(t.Context(), []int{1}); err != nil || b.ticked != 2 {
		t.Errorf("then %d ticks, %v", b.ticked, err)
	}
}

// still is a log in which nothing happens but ticks, with views that reflect it at once.
type still struct {
	log
	next eventstore.Positions
}

type stillViews struct {
	views
	of *still
}

func (s *still) AppendTo(_ context.Context, p int, _ []eventstore.Record) ([]eventstore.Appended, error) {
	s.next[p]++
	return []eventstore.Appended{{Position: eventstore.Position{Partition: p, Offset: s.next[p] - 1}}}, nil
}

func (s *still) Ends(context.Context) (eventstore.Positions, error) { return s.next.Clone(), nil }

func (v stillViews) Partitions(context.Context) ([]projections.PartitionView, error) {
	all := make([]projections.PartitionView, len(v.of.next))
	for p := range all {
		all[p] = projections.PartitionView{Partition: p, Next: v.of.next[p], Newest: domain.InstantOf(time.Now())}
	}
	return all, nil
}

func TestTheTickerTicksUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &still{next: make(eventstore.Positions, 3)}
		ticker := NewTicker(NewWriter(s, stillViews{of: s}, time.Now), s, domain.DefaultPolicy, 10*time.Second, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithTimeout(t.Context(), 65*time.Second)
		defer stop()
		if err := ticker.Run(ctx, []int{0, 2}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
		if want := "0:7,1:0,2:7"; s.next.String() != want {
			t.Errorf("the log ends at %s, want %s: at once and every 10 s in the partitions that were named", s.next, want)
		}
	})
}
