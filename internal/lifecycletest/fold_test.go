package lifecycletest

import (
	"bufio"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/importer"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// dataSet is a file of purchases, and the instants at which the fold is compared with the oracle, besides its end.
type dataSet struct {
	file     string
	format   importer.Format
	read     func(t *testing.T, path string) map[string][]Event
	instants []string
}

var dataSets = []dataSet{
	{
		"cdnow/CDNOW_master.txt", importer.CDNow, readCDNow,
		[]string{"1997-04-01T00:00:00Z", "1997-09-30T00:00:00Z", "1997-12-31T15:59:59.999999Z", "1998-06-30T00:00:00Z", "2001-01-01T08:30:00Z"},
	},
	{
		"cdnow/CDNOW_sample.txt", importer.CDNow, readCDNow,
		[]string{"1997-04-01T00:00:00Z", "1997-09-30T00:00:00Z", "1997-10-01T00:00:00.000001Z", "1998-06-30T00:00:00Z"},
	},
	{
		"online_retail/online_retail_invoices.csv", importer.OnlineRetail, readOnlineRetail,
		[]string{"2010-12-01T12:00:00Z", "2011-04-01T00:00:00Z", "2011-09-30T16:20:30Z", "2013-06-01T00:00:00Z"},
	},
}

func TestTheFoldDecidesRealHistoriesAsTheOracleDoes(t *testing.T) {
	t.Parallel()
	for _, set := range dataSets {
		t.Run(set.file, func(t *testing.T) {
			t.Parallel()
			path := dataFile(t, set.file)
			histories := set.read(t, path)
			if len(histories) > mostCustomers {
				t.Skip("too slow under the race detector; make test-full runs it")
			}
			events := readEvents(t, path, set.format)
			if len(events) != len(histories) {
				t.Fatalf("%d customers were imported, want %d", len(events), len(histories))
			}
			instants := []time.Time{newest(histories)}
			for _, text := range set.instants {
				instants = append(instants, at(text))
			}
			oracle := make(map[string][]Move)
			for id, history := range histories {
				oracle[id] = Moves(history, slices.MaxFunc(instants, time.Time.Compare), domain.DefaultPolicy().Location())
			}
			log := records(events)
			for _, until := range instants {
				compareMoves(t, events, oracle, until)
				compareStages(t, log, oracle, until)
			}
		})
	}
}

// upTo returns the moves up to an instant.
func upTo(moves []Move, until time.Time) []Move {
	n := 0
	for n < len(moves) && !moves[n].At.After(until) {
		n++
	}
	return moves[:n]
}

// compareMoves folds each customer up to an instant and compares the moves and the stage with the oracle's.
func compareMoves(t *testing.T, events map[string][]folded, oracle map[string][]Move, until time.Time) {
	t.Helper()
	fold := projections.NewFold(domain.DefaultPolicy())
	different := 0
	for id, moves := range oracle {
		want := upTo(moves, until)
		got, stage := foldMoves(fold, id, events[id], domain.InstantOf(until))
		if slices.Equal(got, want) && stage == StageAt(want, until) {
			continue
		}
		if different++; different <= 5 {
			t.Errorf("as of %s customer %s is in %s with moves\n%v\nwant %s with\n%v", until, id, stage, got, StageAt(want, until), want)
		}
	}
	if different > 0 {
		t.Errorf("as of %s, %d of %d customers differ", until, different, len(oracle))
	}
}

// compareStages replays all records up to an instant into memory and compares the population of the stages.
func compareStages(t *testing.T, records []eventstore.Record, oracle map[string][]Move, until time.Time) {
	t.Helper()
	want := make(map[string]int64)
	for _, moves := range oracle {
		want[StageAt(moves, until)]++
	}
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.NewWith(fold, 1, memview.Options{At: domain.InstantOf(until)})
	folder := projections.NewFolder(fold, store, projections.FolderOptions{
		PartitionOf: func([]byte) int { return 0 }, Bound: projections.Bound{At: domain.InstantOf(until)},
	})
	checkpoint, err := folder.Claim(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for batch := range slices.Chunk(records, 4096) {
		if checkpoint, err = folder.Fold(t.Context(), checkpoint, batch); err != nil {
			t.Fatal(err)
		}
	}
	summary, err := store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range domain.Stages() {
		if got := summary.Stages[stage.String()]; got != want[stage.String()] {
			t.Errorf("as of %s %d customers are in %s, want %d", until, got, stage, want[stage.String()])
		}
	}
	t.Logf("as of %s: %v", until.Format(time.RFC3339Nano), summary.Stages)
}

// foldMoves returns the moves of one customer by the fold, and the stage.
func foldMoves(fold *projections.Fold, id string, events []folded, until domain.Instant) ([]Move, string) {
	c := projections.NewCustomer(id)
	var out projections.Effects
	for i := range events {
		if events[i].event.Time > until {
			break
		}
		fold.Apply(c, &projections.Entry{Event: &events[i].event, Data: events[i].data}, &out)
	}
	snapshot, ahead := fold.At(c, until)
	var moves []Move
	for _, m := range append(out.Moves, ahead...) {
		moves = append(moves, Move{At: m.At.Time(), From: m.From.String(), To: m.To.String(), WonBack: m.WonBack, Inferred: m.Inferred})
	}
	return moves, snapshot.Lifecycle.Stage.String()
}

// folded is an event with its data.
type folded struct {
	event domain.Event
	data  any
}

// readEvents reads the events of a file as an import does, by customer and in order.
func readEvents(t *testing.T, path string, format importer.Format) map[string][]folded {
	t.Helper()
	f, err := importer.OpenFile(path, importer.FileOptions{Format: format})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	decoder := domain.NewDecoder()
	all := make(map[string][]folded)
	for row, err := range f.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		var e folded // with a copy of the event: the row is used again
		if err := wire.DecodeJSON(&e.event, wire.Encode(nil, row.Event)); err != nil {
			t.Fatal(err)
		}
		e.data = dataOf(t, decoder, &e.event)
		all[e.event.Subject] = append(all[e.event.Subject], e)
	}
	return all
}

// dataOf decodes the data of a purchase or a return into a struct of its own: a decoder uses its structs again.
func dataOf(t *testing.T, decoder *domain.Decoder, ev *domain.Event) any {
	t.Helper()
	_, data, err := decoder.DecodeEvent(ev)
	if err != nil {
		t.Fatal(err)
	}
	switch d := data.(type) {
	case *domain.PurchaseRecorded:
		own := *d
		return &own
	case *domain.PurchaseReturned:
		own := *d
		return &own
	}
	t.Fatalf("an event of type %s", ev.Type)
	return nil
}

// records returns the events as records of one partition.
func records(events map[string][]folded) []eventstore.Record {
	var all []eventstore.Record
	for id, list := range events {
		for i := range list {
			all = append(all, eventstore.Record{
				Key: []byte(id), Value: wire.Encode(nil, &list[i].event), Headers: wire.Headers(),
				Offset: int64(len(all)), RecordedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
			})
		}
	}
	return all
}

// newest returns the time of the newest event.
func newest(histories map[string][]Event) time.Time {
	var last time.Time
	for _, h := range histories {
		if at := h[len(h)-1].At; at.After(last) {
			last = at
		}
	}
	return last
}

// readCDNow reads either file of CDNOW without the code of the import.
func readCDNow(t *testing.T, path string) map[string][]Event {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	histories := make(map[string][]Event)
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		if len(fields) < 4 || fields[0] == "customer_id" {
			continue
		}
		date, err := time.Parse("20060102", fields[len(fields)-3])
		if err != nil {
			t.Fatal(err)
		}
		id := "cdnow-" + fields[0]
		histories[id] = append(histories[id], Event{At: date, Purchase: true})
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return histories
}

// readOnlineRetail reads the invoices without the code of the import.
func readOnlineRetail(t *testing.T, path string) map[string][]Event {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	histories := make(map[string][]Event)
	for _, row := range rows[1:] {
		when, err := time.Parse(time.DateTime, row[4])
		if err != nil {
			t.Fatal(err)
		}
		id := "online-retail-" + row[1]
		histories[id] = append(histories[id], Event{At: when, Purchase: row[2] == "purchase"})
	}
	return histories
}

// dataFile returns the path of one of the real data sets, and skips the test where they are absent.
func dataFile(t *testing.T, name string) string {
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
