package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// quick is a policy under which two occasions make a customer mature.
const quick = awake + "version: quick\nlifecycle:\n  maturity_occasions: 2\n  maturity_tenure_days: 0\n"

func (b *bench) publish(document string) *Published {
	b.t.Helper()
	p, err := b.writer.Publish(b.t.Context(), []byte(document), "employee:e1")
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func TestAPublishedPolicyHoldsFromItsPlaceOnInEveryPartition(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	names := b.apart()
	for _, name := range names {
		b.buy(name, "1", day)
	}
	b.at(day + domain.Day)
	published := b.publish(quick)
	if published.Version != "quick" || len(published.Positions) != 2 || published.At != day+domain.Day {
		t.Fatalf("published %+v", published)
	}
	for _, name := range names {
		b.buy(name, "2", day+2*domain.Day)
	}
	b.foldAll()
	for _, name := range names {
		view := b.customer(name)
		if view.PolicyVersion != "quick" || view.Stage != domain.StageMaturity {
			t.Errorf("%s is in %s under %s", name, view.Stage, view.PolicyVersion)
		}
		for _, m := range view.Lifecycle.Moves {
			want := "default-1"
			if m.At >= published.At {
				want = "quick"
			}
			if m.Policy != want {
				t.Errorf("%s moved to %s at %s under %s, want %s", name, m.To, m.At, m.Policy, want)
			}
		}
	}
	policies, err := b.store.Policies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(policies) != 1 || policies[0].Version != "quick" || !slices.Equal(policies[0].Positions, published.Positions) {
		t.Errorf("the views know %+v", policies)
	}
}

func TestAVersionNamesOnePolicy(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	b.publish(quick)
	b.foldAll()
	_, err := b.writer.Publish(t.Context(), []byte(quick+"  maturity_renewals: 9\n"), "")
	wants(t, err, ErrConflicting)
	if n := b.records(); n != 2 {
		t.Errorf("the log has %d records, want those of the first", n)
	}
	// The same values written in another way are the same policy; another version may have any values.
	b.publish("# again\n" + quick)
	b.publish(strings.Replace(quick, "version: quick", "version: slow", 1) + "  maturity_renewals: 9\n")
	b.foldAll()
	if n := b.records(); n != 6 {
		t.Errorf("the log has %d records", n)
	}
}

// records returns how many records the log has.
func (b *bench) records() (n int64) {
	b.t.Helper()
	ends, err := b.log.Ends(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, end := range ends {
		n += end
	}
	return n
}

func TestADocumentThatIsNoPolicyIsNotPublished(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	_, err := b.writer.Publish(t.Context(), []byte("version: x\nclock: sun\nmax_future: -1h\n"), "")
	var faulty *domain.PolicyError
	if !errors.As(err, &faulty) || len(faulty.Faults) != 2 || b.records() != 0 {
		t.Errorf("got %v, the log has %d records", err, b.records())
	}
}

func TestPublishingAgainCompletesAPolicyThatReachedSomePartitions(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	names := b.apart()
	b.writer.log = &refused{Log: b.log, left: 1}
	_, err := b.writer.Publish(t.Context(), []byte(quick), "")
	wants(t, err, ErrUnavailable)
	wants(t, err, eventstore.ErrUnknownOutcome)
	b.writer.log = b.log
	b.foldAll()
	b.publish(quick)
	for _, name := range names {
		b.buy(name, "1", day+domain.Day)
	}
	b.foldAll()
	for _, name := range names {
		if v := b.customer(name).PolicyVersion; v != "quick" {
			t.Errorf("%s is seen by %s", name, v)
		}
	}
}

func TestARecordOfTheFutureIsAcceptedWhenItIsRedrivenLater(t *testing.T) {
	t.Parallel()
	// The time of recording is the machine's. What is in the future of one is in the past of one that comes later, so the
	// limit is moved instead of waiting.
	b := setup(t, awake+"max_future: 1h\n")
	b.at(domain.InstantOf(time.Now()))
	ahead := domain.InstantOf(time.Now().Add(2 * time.Hour))
	at := b.buy("c1", "1", ahead)
	b.foldAll()
	if e := b.entry(at); e.Status != projections.StatusOpen || e.Problems[0].Rule != "future" {
		t.Fatalf("the entry is %+v", e)
	}
	b.publish(awake + "version: patient\nmax_future: 3h\n")
	b.foldAll()
	redriven, err := b.writer.Redrive(t.Context(), at, "employee:e1")
	if err != nil {
		t.Fatal(err)
	}
	if redriven.Stream != "c1" || redriven.Event != "1" || redriven.Position.Offset <= at.Offset {
		t.Errorf("redriven %+v", redriven)
	}
	b.foldAll()
	e := b.entry(at)
	if e.Status != projections.StatusRedriven || e.Redriven != redriven.Position.String() || e.ResolvedBy != "employee:e1" {
		t.Errorf("the entry is %+v", e)
	}
	if view := b.customer("c1"); view.Version != 1 || view.Position != redriven.Position {
		t.Errorf("the customer is %+v", view)
	}
	_, err = b.writer.Redrive(t.Context(), at, "")
	wants(t, err, ErrResolved)
	_, err = b.writer.Discard(t.Context(), at, "late", "")
	wants(t, err, ErrResolved)
}

func TestAnActorThatCannotBeRecordedIsRefusedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	ev := purchase("c1", "1", day)
	ev.Data = []byte(`{}`)
	at := b.append(ev)
	b.foldAll()
	for name, do := range map[string]func(actor string) error{
		"redrive": func(actor string) error { _, err := b.writer.Redrive(t.Context(), at, actor); return err },
		"discard": func(actor string) error { _, err := b.writer.Discard(t.Context(), at, "x", actor); return err },
		"publish": func(actor string) error { _, err := b.writer.Publish(t.Context(), []byte(quick), actor); return err },
	} {
		var invalid *domain.Invalid
		if err := do("a\x00b"); !errors.As(err, &invalid) || invalid.Problems[0].Pointer != "/actor" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n := b.records(); n != 1 {
		t.Errorf("the log has %d records", n)
	}
}

func TestARecordThatIsStillWrongIsSetAsideAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	b.buy("c1", "1", day)
	ev := purchase("c1", "2", day)
	ev.ExpectedVersion = 7
	at := b.append(ev)
	b.foldAll()
	redriven, err := b.writer.Redrive(t.Context(), at, "")
	if err != nil {
		t.Fatal(err)
	}
	b.foldAll()
	if e := b.entry(at); e.Status != projections.StatusRedriven {
		t.Errorf("the first entry is %+v", e)
	}
	if e := b.entry(redriven.Position); e.Status != projections.StatusOpen || e.Verdict != eventstore.Conflict {
		t.Errorf("the second entry is %+v", e)
	}
}

func TestARecordInTheWrongPartitionIsRedrivenIntoTheRightOne(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	name := b.apart()[0]
	ev := purchase(name, "1", day)
	stray := eventstore.Record{Key: []byte(name), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
	if _, err := b.log.AppendTo(t.Context(), 1, []eventstore.Record{stray}); err != nil {
		t.Fatal(err)
	}
	b.foldAll()
	at := eventstore.Position{Partition: 1}
	redriven, err := b.writer.Redrive(t.Context(), at, "")
	if err != nil {
		t.Fatal(err)
	}
	b.foldAll()
	if e := b.entry(at); redriven.Position.Partition != 0 || b.customer(name).Version != 1 || e.Status != projections.StatusRedriven {
		t.Errorf("redriven %+v, the entry is %+v", redriven, e)
	}
}

func TestARedriveThatBrokeOffIsDoneAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	b.buy("c1", "1", day)
	ev := purchase("c1", "2", day)
	ev.ExpectedVersion = 2
	at := b.append(ev)
	b.foldAll()
	b.buy("c1", "3", day)
	b.foldAll()
	// The record is appended anew and the note about it is not: the entry stays open, and the second time is a duplicate.
	b.writer.log = &refused{Log: b.log}
	_, err := b.writer.Redrive(t.Context(), at, "")
	wants(t, err, ErrUnavailable)
	b.writer.log = b.log
	b.foldAll()
	if e := b.entry(at); e.Status != projections.StatusOpen || b.customer("c1").Version != 3 {
		t.Fatalf("the entry is %+v", e)
	}
	if _, err := b.writer.Redrive(t.Context(), at, ""); err != nil {
		t.Fatal(err)
	}
	b.foldAll()
	if e := b.entry(at); e.Status != projections.StatusRedriven || b.customer("c1").Version != 3 {
		t.Errorf("the entry is %+v, the customer has version %d", e, b.customer("c1").Version)
	}
}

func TestADiscardedRecordSaysWhyAndByWhom(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	ev := purchase("c1", "1", day)
	ev.Data = []byte(`{}`)
	at := b.append(ev)
	b.foldAll()
	_, err := b.writer.Discard(t.Context(), at, "", "employee:e1")
	var invalid *domain.Invalid
	if !errors.As(err, &invalid) || invalid.Problems[0].Pointer != "/data/reason" {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := b.writer.Discard(t.Context(), at, "a test of the shop's", "employee:e1"); err != nil {
		t.Fatal(err)
	}
	b.foldAll()
	if e := b.entry(at); e.Status != projections.StatusDiscarded || e.Reason != "a test of the shop's" || e.ResolvedBy != "employee:e1" || e.ResolvedAt != day {
		t.Errorf("the entry is %+v", e)
	}
	_, err = b.writer.Redrive(t.Context(), at, "")
	wants(t, err, ErrResolved)
	backlog, err := b.store.Backlog(t.Context())
	if err != nil || backlog.Quarantined != 0 {
		t.Errorf("the backlog is %+v, %v", backlog, err)
	}
}

func TestWhatWasNeverSetAsideCannotBeRedriven(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	at := b.buy("c1", "1", day)
	b.foldAll()
	for _, at := range []eventstore.Position{at, {Partition: 1, Offset: 99}, {Partition: 7}} {
		_, err := b.writer.Redrive(t.Context(), at, "")
		wants(t, err, ErrNotFound)
		_, err = b.writer.Discard(t.Context(), at, "x", "")
		wants(t, err, ErrNotFound)
	}
	_, err := b.writer.RedriveStream(t.Context(), "c1", "")
	wants(t, err, ErrNotFound)
	if n := b.records(); n != 1 {
		t.Errorf("the log has %d records", n)
	}
}

func TestAParkedStreamIsFoldedInOrderOnceTheFoldIsFixed(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	var broken atomic.Bool
	broken.Store(true)
	b.fold.Before = func(_ *projections.Customer, e *projections.Entry) {
		if broken.Load() && e.Event.ID == "bad" {
			panic("no rule for this")
		}
	}
	b.buy("c1", "1", day)
	bad := b.buy("c1", "bad", day+domain.Hour)
	for i := range 3 {
		b.buy("c1", fmt.Sprint("later-", i), day+domain.Instant(i+2)*domain.Hour)
		b.buy("c2", fmt.Sprint(i), day)
	}
	b.foldAll()
	if v := b.customer("c2").Version; v != 3 {
		t.Errorf("another customer has version %d", v)
	}
	b.checkParked(t, bad, 4)

	// As long as nothing is fixed, a redrive changes nothing.
	b.redriveStream(t, "c1")
	b.checkParked(t, bad, 4)

	broken.Store(false)
	b.redriveStream(t, "c1")
	if left := b.parked(); len(left) != 0 {
		t.Errorf("parked: %+v", left)
	}
	view := b.customer("c1")
	if view.Version != 5 || view.Trade.Purchases != 5 || view.LateEvents != 0 {
		t.Errorf("version %d, %d purchases, %d late events", view.Version, view.Trade.Purchases, view.LateEvents)
	}
	_, err := b.writer.RedriveStream(t.Context(), "c1", "")
	wants(t, err, ErrNotFound)
}

func (b *bench) redriveStream(t *testing.T, id string) {
	t.Helper()
	if _, err := b.writer.RedriveStream(t.Context(), id, "employee:e1"); err != nil {
		t.Fatal(err)
	}
	b.foldAll()
}

// checkParked checks that c1 is parked by the record, with so many records waiting.
func (b *bench) checkParked(t *testing.T, by eventstore.Position, queue int64) {
	t.Helper()
	all := b.parked()
	if len(all) != 1 || all[0].Customer != "c1" || all[0].Queue != queue || !strings.Contains(all[0].Error, "no rule for this") {
		t.Fatalf("parked: %+v", all)
	}
	if all[0].Partition != by.Partition || b.customer("c1").Version != 1 {
		t.Errorf("parked in partition %d at version %d", all[0].Partition, b.customer("c1").Version)
	}
}

func TestARepeatedControlRecordChangesNothingFurther(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	ev := purchase("c1", "1", day)
	ev.Data = []byte(`{}`)
	at := b.append(ev)
	b.foldAll()
	twice := &repeating{Log: b.log}
	b.writer.log = twice
	if _, err := b.writer.Discard(t.Context(), at, "twice", "e"); err != nil {
		t.Fatal(err)
	}
	b.publish(quick)
	if _, err := b.writer.Tick(t.Context(), 0, day); err != nil {
		t.Fatal(err)
	}
	b.foldAll()
	sum, err := b.store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if e := b.entry(at); e.Status != projections.StatusDiscarded || sum.Verdicts["quarantined"] != 1 || sum.PolicyVersion != "quick" {
		t.Errorf("the entry is %+v, the summary %+v", e, sum)
	}
}

// repeating is a log that writes every control record twice, as one does whose first acknowledgement was lost.
type repeating struct{ *eventstore.Log }

func (l *repeating) AppendTo(ctx context.Context, partition int, records []eventstore.Record) ([]eventstore.Appended, error) {
	if _, err := l.Log.AppendTo(ctx, partition, records); err != nil {
		return nil, err
	}
	return l.Log.AppendTo(ctx, partition, records)
}
