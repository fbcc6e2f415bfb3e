package training_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/internal/importer"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/internal/training"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dataFile returns the path of a data set that is not part of the project. Without it the test is skipped, except on CI.
func dataFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the data set %s is missing", name)
		}
		t.Skipf("the data set %s is not here", name)
	}
	return path
}

// imported returns a log with the events of a data set.
func imported(t testing.TB, name string, options importer.FileOptions) *eventstore.Log {
	t.Helper()
	return importedFile(t, dataFile(t, name), options)
}

// importedTable is imported for a table that is written for the test.
func importedTable(t testing.TB, text, mapping string) *eventstore.Log {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	options := importer.FileOptions{Format: importer.CDNow}
	if mapping != "" {
		options = importer.FileOptions{Format: importer.CSV, Mapping: []byte(mapping)}
	}
	return importedFile(t, path, options)
}

func importedFile(t testing.TB, path string, options importer.FileOptions) *eventstore.Log {
	t.Helper()
	log := logtest.Embedded(t, 2)
	file, err := importer.OpenFile(path, options)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := importer.Import(t.Context(), log, file, importer.Options{}); err != nil {
		t.Fatal(err)
	}
	return log
}

// historic is the policy of the tests: "now" is the newest event.
func historic(t testing.TB, lines string) *domain.Policy {
	t.Helper()
	p, err := domain.ParsePolicy([]byte("version: historic\nclock: events\ntime_zone: UTC\n" + lines))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func at(t testing.TB, text string) domain.Instant {
	t.Helper()
	i, err := domain.ParseInstant(text)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func train(t testing.TB, log *eventstore.Log, policy *domain.Policy, o training.Options) *training.Outcome {
	t.Helper()
	out, err := training.Train(t.Context(), log, policy, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// whole folds the log into memory.
func whole(t testing.TB, log *eventstore.Log, policy *domain.Policy) *memview.Store {
	t.Helper()
	store, err := replay.Whole(t.Context(), log, policy, projections.Bound{}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// record puts what was fitted in force and returns where.
func record(t testing.TB, log *eventstore.Log, policy *domain.Policy, out *training.Outcome) *control.Recorded {
	t.Helper()
	event, err := out.Event()
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := control.NewWriter(log, whole(t, log, policy), time.Now).RecordModel(t.Context(), policy, event, "analyst")
	if err != nil {
		t.Fatal(err)
	}
	return recorded
}
