package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// notes returns n events of some customers, one a line. Their ids are their numbers, from 1.
func notes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"specversion":"1.0","id":"%06d","source":"/a","type":"note.added","subject":"c%d","time":"2020-01-01T00:00:00Z","data":{"text":"x"}}`+"\n", i+1, i%7)
	}
	return b.String()
}

func notesFile(t *testing.T, n int) string {
	t.Helper()
	return writeFile(t, "notes.ndjson", notes(n))
}

// checkOrder checks that the log has each of n notes, once, in the order of the file within each customer. With
// repeated, a note may stand several times; the first ones count.
func checkOrder(t *testing.T, log *memoryLog, n int, repeated bool) {
	t.Helper()
	seen := make(map[string]bool)
	for subject, events := range log.events(t) {
		var ids []string
		for _, ev := range events {
			if seen[ev.ID] {
				if !repeated {
					t.Errorf("%s stands twice", ev.ID)
				}
				continue
			}
			seen[ev.ID] = true
			ids = append(ids, ev.ID)
		}
		if !slices.IsSorted(ids) {
			t.Errorf("the events of %s are out of order", subject)
		}
	}
	if len(seen) != n {
		t.Errorf("%d events are in the log, want %d", len(seen), n)
	}
}

func TestEventsOfACustomerKeepTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	log := newMemoryLog(3)
	var reports []Progress
	result, err := Import(t.Context(), log, openFile(t, notesFile(t, 1000), FileOptions{Format: CloudEvents}),
		Options{RoundRows: 17, Progress: func(p Progress) { reports = append(reports, p) }})
	if err != nil {
		t.Fatal(err)
	}
	checkOrder(t, log, 1000, false)
	if want := (Counts{Read: 1000, Appended: 1000}); result.Counts != want || covered(result.Positions) != 1000 {
		t.Errorf("result %+v", result)
	}
	if len(reports) == 0 || !slices.IsSortedFunc(reports, func(a, b Progress) int { return int(a.Read - b.Read) }) || reports[len(reports)-1].Read != 1000 {
		t.Errorf("reports %v", reports)
	}
}

func TestRecordsOfUnknownOutcomeAreAppendedAgainInTheirPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(3)
		seen := make(map[string]bool)
		log.before = func(call int, records []eventstore.Record) (int, error) {
			// What begins with the same record as before is an attempt to append it again.
			first := string(records[0].Value)
			if seen[first] {
				return 0, nil
			}
			seen[first] = true
			switch call % 4 {
			case 1: // nothing was written
				return 0, eventstore.ErrUnknownOutcome
			case 2: // some was, and acknowledged
				return len(records) / 2, eventstore.ErrUnknownOutcome
			case 3: // all was
				return len(records) / 3, errWritten
			}
			return 0, nil
		}
		_, err := Import(t.Context(), log, openFile(t, notesFile(t, 300), FileOptions{Format: CloudEvents}), Options{RoundRows: 50})
		if err != nil {
			t.Fatal(err)
		}
		checkOrder(t, log, 300, true)
		if n := len(slices.Concat(log.partitions...)); n <= 300 {
			t.Errorf("%d records are in the log: nothing was appended twice", n)
		}
	})
}

func TestAnOutcomeThatStaysUnknownEndsTheImport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog(1)
		log.before = func(int, []eventstore.Record) (int, error) { return 0, eventstore.ErrUnknownOutcome }
		result, err := Import(t.Context(), log, openFile(t, notesFile(t, 3), FileOptions{Format: CloudEvents}), Options{})
		if !errors.Is(err, eventstore.ErrUnknownOutcome) || result.Read != 0 || log.calls != attempts {
			t.Errorf("error %v after %d appends, result %+v", err, log.calls, result)
		}
	})
}

func TestAFailedImportGoesOnAfterTheLastDurableRound(t *testing.T) {
	t.Parallel()
	log := newMemoryLog(3)
	state := filepath.Join(t.TempDir(), "dir", "state.json")
	path := notesFile(t, 1000)
	refused := errors.New("refused")
	log.before = func(call int, _ []eventstore.Record) (int, error) {
		if call > 12 {
			return 0, refused
		}
		return 0, nil
	}
	first, err := Import(t.Context(), log, openFile(t, path, FileOptions{Format: CloudEvents}), Options{RoundRows: 100, State: state})
	if !errors.Is(err, refused) {
		t.Fatalf("error %v", err)
	}
	if first.Read < 200 || first.Read > 400 || first.Read != first.Appended || first.Read%100 != 0 {
		t.Errorf("result %+v after 12 appends in rounds of 100 rows to 3 partitions", first)
	}
	log.before = nil
	second, err := Import(t.Context(), log, openFile(t, path, FileOptions{Format: CloudEvents}), Options{RoundRows: 100, State: state})
	if err != nil {
		t.Fatal(err)
	}
	if second.Resumed != first.Read || second.Read != 1000 || second.Appended != 1000 {
		t.Errorf("result %+v after %+v", second, first)
	}
	checkOrder(t, log, 1000, true)
	if _, err := os.Stat(state); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state of a finished import is still there: %v", err)
	}
}

func TestAnInterruptedImportAppendsWhatItReadAndGoesOn(t *testing.T) {
	t.Parallel()
	log := newMemoryLog(2)
	state := filepath.Join(t.TempDir(), "state.json")
	path := notesFile(t, 1000)
	ctx, interrupt := context.WithCancel(t.Context())
	log.before = func(call int, _ []eventstore.Record) (int, error) {
		if call == 5 {
			interrupt()
		}
		return 0, nil
	}
	first, err := Import(ctx, log, openFile(t, path, FileOptions{Format: CloudEvents}), Options{RoundRows: 50, State: state})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if first.Read == 0 || first.Read == 1000 || covered(first.Positions) != first.Appended {
		t.Errorf("result %+v", first)
	}
	second, err := Import(t.Context(), log, openFile(t, path, FileOptions{Format: CloudEvents}), Options{RoundRows: 50, State: state})
	if err != nil || second.Resumed != first.Read || second.Read != 1000 {
		t.Errorf("result %+v, error %v", second, err)
	}
	checkOrder(t, log, 1000, false)
}

func TestAStateIsUsedForTheSameFileAndTheSameLogOnly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		change  func(t *testing.T, path string, log **memoryLog, opts *Options)
		resumed bool
	}{
		{"nothing changed", func(*testing.T, string, **memoryLog, *Options) {}, true},
		{"another file", func(t *testing.T, path string, _ **memoryLog, _ *Options) {
			t.Helper()
			if err := os.WriteFile(path, []byte(notes(999)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"another log", func(_ *testing.T, _ string, log **memoryLog, _ *Options) { *log = newMemoryLog(3) }, false},
		{"a log with other partitions", func(_ *testing.T, _ string, log **memoryLog, _ *Options) {
			longer := newMemoryLog(4)
			longer.partitions = append((*log).partitions, nil)
			*log = longer
		}, false},
		{"asked to restart", func(_ *testing.T, _ string, _ **memoryLog, opts *Options) { opts.Restart = true }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			log := newMemoryLog(3)
			opts := Options{RoundRows: 50, State: filepath.Join(t.TempDir(), "state.json")}
			path := notesFile(t, 1000)
			ctx, interrupt := context.WithCancel(t.Context())
			opts.Progress = func(Progress) { interrupt() }
			if _, err := Import(ctx, log, openFile(t, path, FileOptions{Format: CloudEvents}), opts); !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
			opts.Progress = nil
			test.change(t, path, &log, &opts)
			result, err := Import(t.Context(), log, openFile(t, path, FileOptions{Format: CloudEvents}), opts)
			if err != nil || (result.Resumed > 0) != test.resumed {
				t.Errorf("result %+v, error %v", result, err)
			}
		})
	}
}

func TestAStateThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	state := writeFile(t, "state.json", "{")
	_, err := Import(t.Context(), newMemoryLog(1), openFile(t, notesFile(t, 1), FileOptions{Format: CloudEvents}), Options{State: state})
	if err == nil || !strings.Contains(err.Error(), "load state "+state) {
		t.Errorf("error %v", err)
	}
}

func TestRowsThatBreakRulesAreReportedAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	// The header is line 1. Row 4 has the catalogue against it, row 5 the envelope.
	path := writeFile(t, "online.csv", "InvoiceNo,CustomerID,kind,Country,at,lines,units,amount\n"+
		"1,7,purchase,France,2011-01-01 10:00:00,1,1,1.00\n"+
		"2,7,purchase,France,2011-01-01 10:00:00,1,1\n"+
		"3,7,purchase,France,2011-01-01,1,1,1.00\n"+
		"4,7,purchase,France,2011-01-01 10:00:00,1,0,1.00\n"+
		"5,,return,France,2011-01-01 10:00:00,1,-1,-1.00\n"+
		"6,7,gift,France,2011-01-01 10:00:00,1,1,1.00\n"+
		"7,7,return,France,2011-01-01 10:00:00,1,-1,-1.00\n")
	log := newMemoryLog(2)
	var got []string
	result, err := Import(t.Context(), log, openFile(t, path, FileOptions{Format: OnlineRetail}), Options{Reject: func(r *Rejection) error {
		got = append(got, r.Error())
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"online.csv: row 2 (line 3): must have 8 columns and has 7 (length)",
		"online.csv: row 3 (line 4): /time must be a time in a layout of the mapping (format)",
		"online.csv: row 4 (line 5): /data/quantity must be at least 1 (min)",
		"online.csv: row 5 (line 6): /subject is required (required)",
		"online.csv: row 6 (line 7): /type must be one of the values of the mapping (oneof)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rejections\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if want := (Counts{Read: 7, Appended: 2, Invalid: 5}); result.Counts != want {
		t.Errorf("counts %+v, want %+v", result.Counts, want)
	}
	events := log.events(t)["online-retail-7"]
	if len(events) != 2 || events[1].Type != "purchase.returned" || fmt.Sprint(events[1].Extensions) != "[{country France}]" ||
		string(events[1].Data) != `{"amount":{"minor":100,"currency":"GBP"},"quantity":1,"order_id":"7"}` {
		t.Errorf("events %v", events)
	}
}

func TestControlRecordsAreNotImported(t *testing.T) {
	t.Parallel()
	tick, ok := domain.Lookup("clock.ticked")
	if !ok {
		t.Fatal("there is no clock.ticked")
	}
	path := writeFile(t, "a.ndjson", `{"specversion":"1.0","id":"1","source":"/a","type":"clock.ticked","subject":"rapport:control","time":"2020-01-01T00:00:00Z","data":`+string(tick.Example())+`}`)
	result, err := Import(t.Context(), newMemoryLog(1), openFile(t, path, FileOptions{Format: CloudEvents}), Options{Reject: func(r *Rejection) error {
		if r.Problems[0].Rule != "control" {
			t.Errorf("rejection %v", r)
		}
		return nil
	}})
	if err != nil || result.Invalid != 1 || result.Appended != 0 {
		t.Errorf("result %+v, error %v", result, err)
	}
}

func TestEventsThatAreTooLargeAreRejected(t *testing.T) {
	t.Parallel()
	var extensions strings.Builder
	for i := range 100 {
		fmt.Fprintf(&extensions, `"x%d":"%s",`, i, strings.Repeat("y", 4000))
	}
	event := `{"specversion":"1.0",` + extensions.String() + `"id":"1","source":"/a","type":"note.added","subject":"c1","time":"2020-01-01T00:00:00Z","data":{"text":"x"}}`
	log := newMemoryLog(1)
	result, err := Import(t.Context(), log, openFile(t, writeFile(t, "a.ndjson", event+"\n"+notes(1)), FileOptions{Format: CloudEvents}), Options{})
	if err != nil || result.Invalid != 1 || result.Appended != 1 {
		t.Errorf("result %+v, error %v", result, err)
	}
}

func TestAnErrorOfTheReportStopsTheImport(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	path := writeFile(t, "a.ndjson", "{}\n"+notes(3))
	_, err := Import(t.Context(), newMemoryLog(1), openFile(t, path, FileOptions{Format: CloudEvents}), Options{Reject: func(*Rejection) error { return full }})
	if !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}

func TestWhatComesBeforeTheEndOfATruncatedArchiveIsAppended(t *testing.T) {
	t.Parallel()
	packed := gzipped(t, notes(50_000))
	log := newMemoryLog(2)
	result, err := Import(t.Context(), log, openFile(t, writeFile(t, "a.gz", packed[:len(packed)/2]), FileOptions{Format: CloudEvents}), Options{RoundRows: 1000})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("read after row %d: the archive is truncated", result.Read)) {
		t.Errorf("error %v after %d rows", err, result.Read)
	}
	if result.Appended == 0 || result.Appended != result.Read || covered(result.Positions) != result.Appended {
		t.Errorf("result %+v", result)
	}
	checkOrder(t, log, int(result.Appended), false)
}

func TestFilesWithoutEventsAreImported(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state.json")
	for _, text := range []string{"", "{}\n{}\n"} {
		result, err := Import(t.Context(), newMemoryLog(2), openFile(t, writeFile(t, "a.ndjson", text), FileOptions{Format: CloudEvents}), Options{State: state, RoundRows: 1})
		if err != nil || result.Appended != 0 || result.Read != result.Invalid {
			t.Errorf("%q: result %+v, error %v", text, result, err)
		}
	}
}

func TestTheNameOfAStateTellsFilesAndLogsApart(t *testing.T) {
	t.Parallel()
	paths := make(map[string]bool)
	for _, target := range []string{"one", "other"} {
		for _, file := range []string{"a", "b"} {
			path, err := StatePath("dir", target, file)
			if err != nil {
				t.Fatal(err)
			}
			paths[path] = true
		}
	}
	if len(paths) != 4 {
		t.Errorf("the states are %v", paths)
	}
}
