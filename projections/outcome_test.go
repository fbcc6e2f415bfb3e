package projections_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// remembering is a folder of one partition that tells outcomes, with its checkpoint.
type remembering struct {
	t        testing.TB
	folder   *projections.Folder
	outcomes *projections.Outcomes
	at       projections.Checkpoint
}

func remember(t testing.TB, kept int) *remembering {
	t.Helper()
	store := memview.New(defaultFold, 1)
	outcomes := projections.NewOutcomes(1, projections.OutcomesOptions{Kept: kept})
	folder := projections.NewFolder(defaultFold, store, projections.FolderOptions{PartitionOf: inPartitionZero, Outcomes: outcomes})
	at, err := folder.Claim(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return &remembering{t, folder, outcomes, at}
}

// fold folds records as one batch.
func (x *remembering) fold(records ...eventstore.Record) {
	x.t.Helper()
	for i := range records {
		records[i].Offset = x.at.Next + int64(i)
	}
	var err error
	if x.at, err = x.folder.Fold(x.t.Context(), x.at, records); err != nil {
		x.t.Fatal(err)
	}
}

// offsets returns positions in partition 0.
func offsets(list ...int64) []eventstore.Position {
	at := make([]eventstore.Position, len(list))
	for i, o := range list {
		at[i].Offset = o
	}
	return at
}

// words returns an outcome in one line.
func words(o projections.Outcome) string {
	if !o.Known {
		return "unknown"
	}
	text := fmt.Sprintf("%s v%d", o.Verdict, o.Version)
	if o.Reason != eventstore.NoReason {
		text += " " + o.Reason.String()
	}
	for _, p := range o.Problems {
		text += " " + p.Pointer + " " + p.Rule
	}
	return text
}

func TestAnOutcomeHasTheVerdictTheVersionAndTheReason(t *testing.T) {
	t.Parallel()
	x := remember(t, 0)
	x.fold(
		envelope("c", event("a", "purchase.recorded", paid)),
		envelope("c", event("a", "purchase.recorded", paid)),
		envelope("c", event("a", "purchase.returned", paid)),
		envelope("c", event("b", "purchase.recorded", `"expectedversion":"0",`+paid)),
		envelope("c", event("b", "purchase.recorded", `"expectedversion":"1",`+paid)),
		envelope("c", event("d", "purchase.recorded", `"data":{}`)),
		envelope("c", `{`),
	)
	got, err := x.outcomes.Wait(t.Context(), offsets(0, 1, 2, 3, 4, 5, 6))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"accepted v1", "duplicate v1", "conflict v1 id reused /id id_reused", "conflict v1 version mismatch /expectedversion version",
		"accepted v2", "quarantined v0 /data/amount required", "quarantined v0  syntax",
	} {
		if words(got[i]) != want {
			t.Errorf("record %d is %q, want %q", i, words(got[i]), want)
		}
	}
}

func TestAnOutcomeIsNotKnownBeforeTheCommit(t *testing.T) {
	t.Parallel()
	store := memview.New(defaultFold, 1)
	outcomes := projections.NewOutcomes(1, projections.OutcomesOptions{})
	failing := projections.NewFolder(defaultFold, failingCommits{store}, projections.FolderOptions{PartitionOf: inPartitionZero, Outcomes: outcomes})
	at, err := failing.Claim(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	records := []eventstore.Record{envelope("c", event("a", "purchase.recorded", paid))}
	if _, err := failing.Fold(t.Context(), at, records); err == nil {
		t.Fatal("the commit did not fail")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := outcomes.Wait(ended, offsets(0)); !errors.Is(err, context.Canceled) || got[0].Known {
		t.Errorf("after a failed commit it is %q, %v", words(got[0]), err)
	}
	// Another store has not seen the record yet, so the same folding succeeds there.
	x := remember(t, 0)
	x.fold(records...)
	if got, err := x.outcomes.Wait(ended, offsets(0)); err != nil || !got[0].Known {
		t.Errorf("after the commit it is %q, %v", words(got[0]), err)
	}
}

func TestWhoWaitsMissesNothingOfABatchThatIsLongerThanWhatIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := remember(t, 4)
		type answer struct {
			outcomes []projections.Outcome
			err      error
		}
		answers := make(chan answer)
		go func() {
			outcomes, err := x.outcomes.Wait(t.Context(), offsets(11, 0, 5, 0))
			answers <- answer{outcomes, err}
		}()
		synctest.Wait()
		batch := make([]eventstore.Record, 10)
		for i := range batch {
			batch[i] = envelope("c", event(fmt.Sprint(i), "purchase.recorded", paid))
		}
		x.fold(batch...)
		synctest.Wait()
		select {
		case early := <-answers:
			t.Fatalf("the answer came before the last record: %v", early)
		default:
		}
		x.fold(envelope("c", event("x", "purchase.recorded", paid)), envelope("c", event("y", "purchase.recorded", paid)))
		late := <-answers
		if late.err != nil {
			t.Fatal(late.err)
		}
		for i, version := range []int64{12, 1, 6, 1} {
			if late.outcomes[i].Version != version {
				t.Errorf("outcome %d is %q, want version %d", i, words(late.outcomes[i]), version)
			}
		}
		got, err := x.outcomes.Wait(t.Context(), offsets(8, 7))
		if !errors.Is(err, projections.ErrOutcomeUnknown) || words(got[0]) != "accepted v9" || got[1].Known {
			t.Errorf("who asks afterwards gets %q and %q, %v", words(got[0]), words(got[1]), err)
		}
	})
}

func TestAWaitThatIsGivenUpReturnsWhatIsKnown(t *testing.T) {
	t.Parallel()
	x := remember(t, 0)
	x.fold(envelope("c", event("a", "purchase.recorded", paid)))
	why := errors.New("nobody is interested")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	got, err := x.outcomes.Wait(ctx, offsets(0, 1))
	if !errors.Is(err, why) || !strings.Contains(err.Error(), "0:1") || words(got[0]) != "accepted v1" || got[1].Known {
		t.Errorf("got %q and %q, %v", words(got[0]), words(got[1]), err)
	}
	x.fold(envelope("c", event("b", "purchase.recorded", paid)))
	if got[1].Known {
		t.Error("what was returned has changed")
	}
}

func TestAPositionOutsideTheLogHasNoOutcome(t *testing.T) {
	t.Parallel()
	x := remember(t, 0)
	for _, p := range []eventstore.Position{{Partition: 1}, {Partition: -1}} {
		if _, err := x.outcomes.Wait(t.Context(), []eventstore.Position{p}); !errors.Is(err, projections.ErrOutcomeUnknown) {
			t.Errorf("%s: %v", p, err)
		}
	}
	if got, err := x.outcomes.Wait(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("nothing is %v, %v", got, err)
	}
}

// judged is one stream as the verdict rule decides it, apart from the folder.
type judged struct {
	stream   eventstore.Stream
	outcomes []string
}

// draw adds records to the stream and returns them.
func (j *judged) draw(t *rapid.T) []eventstore.Record {
	var batch []eventstore.Record
	for range rapid.IntRange(1, 12).Draw(t, "records") {
		id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "id")
		typ := rapid.SampledFrom([]string{"purchase.recorded", "purchase.returned"}).Draw(t, "type")
		expected, member := rapid.Int64Range(-1, 4).Draw(t, "expected"), ""
		if expected >= 0 {
			member = fmt.Sprintf(`"expectedversion":"%d",`, expected)
		}
		batch = append(batch, envelope("c", event(id, typ, member+paid)))
		content := wire.IDKey(typ)
		verdict, reason := j.stream.Judge(wire.IDKey(id), content, expected)
		if verdict == eventstore.Accepted {
			j.stream.Accept(wire.IDKey(id), content, int64(len(j.outcomes)))
		}
		j.outcomes = append(j.outcomes, brief(projections.Outcome{Verdict: verdict, Version: j.stream.Version(), Reason: reason}))
	}
	return batch
}

func brief(o projections.Outcome) string {
	return fmt.Sprintf("%s v%d %s", o.Verdict, o.Version, o.Reason)
}

// Random records are folded in random batches. Who waits for the last record of a batch gets its outcome, whenever the
// wait begins; who asks afterwards gets those that are kept and no other.
func TestOutcomesAreThoseOfTheVerdictRule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		kept := rapid.IntRange(1, 8).Draw(rt, "kept")
		x := remember(t, kept)
		var model judged
		for range rapid.IntRange(1, 5).Draw(rt, "batches") {
			batch := model.draw(rt)
			last := len(model.outcomes) - 1
			waited := make(chan projections.Outcome)
			go func() {
				got, _ := x.outcomes.Wait(t.Context(), offsets(int64(last)))
				waited <- got[0]
			}()
			x.fold(batch...)
			if got := brief(<-waited); got != model.outcomes[last] {
				rt.Fatalf("who waits for record %d gets %q, want %q", last, got, model.outcomes[last])
			}
			for i, want := range model.outcomes {
				got, err := x.outcomes.Wait(t.Context(), offsets(int64(i)))
				switch remembered := i > last-kept; {
				case remembered && (err != nil || brief(got[0]) != want):
					rt.Fatalf("record %d is %q, %v, want %q", i, brief(got[0]), err, want)
				case !remembered && !errors.Is(err, projections.ErrOutcomeUnknown):
					rt.Fatalf("record %d of %d with %d kept is %q, %v", i, last+1, kept, words(got[0]), err)
				}
			}
		}
	})
}

// running is a runner that tells outcomes, until stop.
func running(t *testing.T, log *eventstore.Log, store projections.Store, outcomes *projections.Outcomes) (stop func()) {
	t.Helper()
	runner := projections.NewRunner(log, store, defaultFold, projections.RunnerOptions{Outcomes: outcomes})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the runner ended with %v", err)
		}
	}
}

func TestWhoWaitsWhileTheRunnerIsStartedAgainIsAnswered(t *testing.T) {
	t.Parallel()
	log, store := logtest.Embedded(t, 2), memview.New(defaultFold, 2)
	outcomes := projections.NewOutcomes(2, projections.OutcomesOptions{})
	first, err := log.Append(t.Context(), []eventstore.Record{purchase("a", "1")})
	if err != nil {
		t.Fatal(err)
	}
	stop := running(t, log, store, outcomes)
	if _, err := outcomes.Wait(t.Context(), []eventstore.Position{first[0].Position}); err != nil {
		t.Fatal(err)
	}
	later := first[0].Position
	later.Offset++
	answer := make(chan string)
	go func() {
		got, err := outcomes.Wait(t.Context(), []eventstore.Position{later})
		answer <- fmt.Sprint(words(got[0]), err)
	}()
	stop()
	if _, err := log.Append(t.Context(), []eventstore.Record{purchase("a", "2")}); err != nil {
		t.Fatal(err)
	}
	stop = running(t, log, store, outcomes)
	defer stop()
	if got := <-answer; got != "accepted v2<nil>" {
		t.Errorf("the answer is %s", got)
	}
	// The runner went on where it had stopped, so the outcomes of before are still there.
	if _, err := outcomes.Wait(t.Context(), []eventstore.Position{first[0].Position}); err != nil {
		t.Error(err)
	}
}

func TestWhatAnotherRunnerFoldedHasNoOutcomeHere(t *testing.T) {
	t.Parallel()
	log, store := logtest.Embedded(t, 2), memview.New(defaultFold, 2)
	outcomes := projections.NewOutcomes(2, projections.OutcomesOptions{})
	appended, err := log.Append(t.Context(), []eventstore.Record{purchase("a", "1"), purchase("a", "2")})
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan error)
	go func() {
		_, err := outcomes.Wait(t.Context(), []eventstore.Position{appended[1].Position})
		answer <- err
	}()
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := projections.NewRunner(log, store, defaultFold, projections.RunnerOptions{}).RunUntil(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	defer running(t, log, store, outcomes)()
	if err := <-answer; !errors.Is(err, projections.ErrOutcomeUnknown) {
		t.Errorf("got %v", err)
	}
}
