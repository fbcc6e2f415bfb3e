package backtest_test

import (
	"context"
	"hash/fnv"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/backtest"
	"github.com/rapport-crm/rapport/internal/importer"
)

// memoryLog is a log in memory.
type memoryLog struct{ partitions [][]eventstore.Record }

func newLog(partitions int) *memoryLog { return &memoryLog{make([][]eventstore.Record, partitions)} }

func (l *memoryLog) Partitions() int { return len(l.partitions) }

func (l *memoryLog) PartitionOf(key []byte) int {
	h := fnv.New32a()
	h.Write(key)
	return int(h.Sum32() % uint32(len(l.partitions)))
}

func (l *memoryLog) Ends(context.Context) (eventstore.Positions, error) {
	ends := make(eventstore.Positions, len(l.partitions))
	for p, records := range l.partitions {
		ends[p] = int64(len(records))
	}
	return ends, nil
}

func (l *memoryLog) Read(_ context.Context, partition int, offsets []int64) ([]eventstore.Record, error) {
	found := make([]eventstore.Record, len(offsets))
	for i, o := range offsets {
		found[i] = l.partitions[partition][o]
	}
	return found, nil
}

func (l *memoryLog) Follow(ctx context.Context, partition int, from int64, o eventstore.FollowOptions) iter.Seq2[eventstore.Batch, error] {
	return func(yield func(eventstore.Batch, error) bool) {
		const window = 2048
		for at := from; at < o.Until; {
			end := min(at+window, o.Until)
			batch := eventstore.Batch{Records: append([]eventstore.Record(nil), l.partitions[partition][at:end]...)}
			if at = end; !yield(batch, ctx.Err()) {
				return
			}
		}
	}
}

// add appends an event, which was recorded on the first day of 2026.
func (l *memoryLog) add(ev *domain.Event) {
	p := l.PartitionOf([]byte(ev.Subject))
	l.addTo(p, ev)
}

func (l *memoryLog) addTo(p int, ev *domain.Event) {
	l.partitions[p] = append(l.partitions[p], eventstore.Record{
		Partition: p, Offset: int64(len(l.partitions[p])), Key: []byte(ev.Subject), Value: wire.Encode(nil, ev), Headers: wire.Headers(),
		RecordedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	})
}

// imported returns the log that the import of a data set makes. Without the data set the test is skipped, except on CI.
func imported(t testing.TB, name string, format importer.Format) *memoryLog {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the data set %s is missing", name)
		}
		t.Skipf("the data set %s is not here", name)
	}
	f, err := importer.OpenFile(path, importer.FileOptions{Format: format})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log := newLog(2)
	for row, err := range f.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		log.add(row.Event)
	}
	return log
}

// policy parses a document over the default policy.
func policy(t testing.TB, document string) backtest.Policy {
	t.Helper()
	p, err := domain.ParsePolicy([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return backtest.Policy{Name: p.Version, Policy: p}
}

// utc is the default policy with days as data sets count them.
func utc(t testing.TB) backtest.Policy {
	t.Helper()
	return policy(t, "version: utc\ntime_zone: UTC\n")
}

func date(t testing.TB, text string) domain.Date {
	t.Helper()
	d, err := domain.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func run(t testing.TB, log *memoryLog, o backtest.Options) *backtest.Report {
	t.Helper()
	r, err := backtest.Run(t.Context(), log, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// days returns a length of time.
func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
