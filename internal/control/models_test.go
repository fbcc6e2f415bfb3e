package control

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

func nbd(r string) *domain.ModelFitted {
	return &domain.ModelFitted{Model: "nbd", Parameters: []byte(`{"alpha":12,"r":` + r + `}`), N: 200}
}

func (b *bench) recordModel(m *domain.ModelFitted) *Recorded {
	b.t.Helper()
	recorded, err := b.writer.RecordModel(b.t.Context(), b.fold.Policy(), m, "employee:e1")
	if err != nil {
		b.t.Fatal(err)
	}
	return recorded
}

// inForce returns the version of the policy of each partition.
func (b *bench) inForce() (versions []string) {
	b.t.Helper()
	partitions, err := b.store.Partitions(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range partitions {
		versions = append(versions, partitions[i].PolicyVersion)
	}
	return versions
}

func TestAFittedModelIsInForceInEveryPartition(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	b.buy(b.apart()[0], "1", day)
	b.foldAll()
	b.at(day + domain.Day)
	first := b.recordModel(nbd("0.4"))
	if len(first.Positions) != 2 || len(first.IDs) != 2 || first.At != day+domain.Day {
		t.Errorf("recorded %+v", first)
	}
	b.foldAll()
	versions := b.inForce()
	if versions[0] != versions[1] || !strings.HasPrefix(versions[0], "default-1+") {
		t.Errorf("in force are %q", versions)
	}
	b.pass(time.Hour)
	if again := b.recordModel(nbd("0.4")); len(again.Positions) != 0 || again.At != 0 {
		t.Errorf("the model that is in force was recorded again: %+v", again)
	}
	b.recordModel(nbd("0.5"))
	b.foldAll()
	back := b.recordModel(nbd("0.4"))
	b.foldAll()
	if back.IDs[0] != first.IDs[0] || back.IDs[1] != first.IDs[1] || b.inForce()[0] != versions[0] {
		t.Errorf("the model is back as %+v under %q, it was %+v under %q", back, b.inForce(), first, versions)
	}
}

func TestRecordingAgainCompletesAModelThatReachedSomePartitions(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	b.writer.log = &refused{Log: b.log, left: 1}
	_, err := b.writer.RecordModel(t.Context(), b.fold.Policy(), nbd("0.4"), "")
	wants(t, err, ErrUnavailable)
	b.writer.log = b.log
	b.foldAll()
	if v := b.inForce(); v[0] == v[1] {
		t.Fatalf("in force are %q", v)
	}
	if completed := b.recordModel(nbd("0.4")); len(completed.Positions) != 1 || completed.Positions[0].Partition != 1 {
		t.Errorf("recorded %+v", completed)
	}
	b.foldAll()
	if v := b.inForce(); v[0] != v[1] {
		t.Errorf("in force are %q", v)
	}
}

func TestWhatIsNoModelIsNotRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	for _, m := range []*domain.ModelFitted{nbd("-1"), {Model: "sbg", Parameters: []byte(`{"alpha":1,"beta":1}`)}} {
		_, err := b.writer.RecordModel(t.Context(), b.fold.Policy(), m, "")
		if _, ok := errors.AsType[*domain.Invalid](err); !ok || b.records() != 0 {
			t.Errorf("%s: %v, the log has %d records", m.Model, err, b.records())
		}
	}
}

func TestAPublishedVersionNamesOnePolicyWhateverWasFittedSince(t *testing.T) {
	t.Parallel()
	b := setup(t, awake)
	bare := strings.Replace(quick, "quick", "bare", 1) + "models: {}\n"
	for _, document := range []string{quick, bare} {
		b.publish(document)
		b.foldAll()
		b.recordModel(nbd("0.4"))
		b.foldAll()
		b.publish(document)
		b.foldAll()
	}
	if v := b.inForce(); v[0] != "bare" {
		t.Errorf("in force are %q: a policy that puts no models in force was published again", v)
	}
	_, err := b.writer.Publish(t.Context(), []byte(quick+"max_future: 1h\n"), "")
	wants(t, err, ErrConflicting)
}
