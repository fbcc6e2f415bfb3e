package pgview_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

// memoryLog is a log in memory that grows while it is read.
type memoryLog struct {
	mu    sync.Mutex
	parts [][]eventstore.Record
	grown chan struct{}
}

func newMemoryLog(parts [][]eventstore.Record) *memoryLog {
	return &memoryLog{parts: parts, grown: make(chan struct{})}
}

func (l *memoryLog) Partitions() int { return len(l.parts) }

func (l *memoryLog) PartitionOf(key []byte) int { return viewtest.Owner(len(l.parts))(key) }

func (l *memoryLog) Ends(context.Context) (eventstore.Positions, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ends := make(eventstore.Positions, len(l.parts))
	for p := range l.parts {
		ends[p] = int64(len(l.parts[p]))
	}
	return ends, nil
}

// append adds records to a partition.
func (l *memoryLog) append(p int, records ...eventstore.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range records {
		r.Partition, r.Offset = p, int64(len(l.parts[p]))
		if r.Offset > 0 && l.parts[p][r.Offset-1].RecordedAt.After(r.RecordedAt) {
			r.RecordedAt = l.parts[p][r.Offset-1].RecordedAt
		}
		l.parts[p] = append(l.parts[p], r)
	}
	close(l.grown)
	l.grown = make(chan struct{})
}

// window is how many records a follower gets at a time.
const window = 100

func (l *memoryLog) Follow(ctx context.Context, p int, from int64, o eventstore.FollowOptions) iter.Seq2[eventstore.Batch, error] {
	return func(yield func(eventstore.Batch, error) bool) {
		for o.Until == 0 || from < o.Until {
			l.mu.Lock()
			grown := l.grown
			to := min(from+window, int64(len(l.parts[p])))
			if o.Until != 0 {
				to = min(to, o.Until)
			}
			records := l.parts[p][from:to]
			l.mu.Unlock()
			if len(records) > 0 {
				if err := ctx.Err(); err != nil {
					yield(eventstore.Batch{}, err)
					return
				}
				if !yield(eventstore.Batch{Partition: p, Records: records}, nil) {
					return
				}
				from = to
				continue
			}
			select {
			case <-grown:
			case <-ctx.Done():
				yield(eventstore.Batch{}, ctx.Err())
				return
			}
		}
	}
}

func (l *memoryLog) Read(_ context.Context, p int, offsets []int64) ([]eventstore.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var records []eventstore.Record
	for _, o := range offsets {
		records = append(records, l.parts[p][o])
	}
	return records, nil
}

// controlled puts control records between those of a history: ticks some days ahead, and a policy in the middle.
func controlled(t *testing.T, parts [][]eventstore.Record) *memoryLog {
	t.Helper()
	l := newMemoryLog(make([][]eventstore.Record, len(parts)))
	for p, records := range parts {
		for i, r := range records {
			l.append(p, r)
			if i%40 == 39 {
				at := domain.InstantOf(time.Date(2024, 1, 1+20*(i/40), 0, 0, 0, 0, time.UTC))
				l.append(p, control(t, r, "clock.ticked", domain.ClockTicked{At: at}))
			}
			if i == len(records)/2 {
				document := "version: p2\nlifecycle: {maturity_tenure_days: 10, decline_gaps: 1.5}\n"
				l.append(p, control(t, r, "policy.published", domain.PolicyPublished{Version: "p2", Document: document}))
			}
		}
	}
	return l
}

func control(t *testing.T, at eventstore.Record, typ string, data any) eventstore.Record {
	t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	ev := domain.Event{
		ID: fmt.Sprintf("%s-%d-%d", typ, at.Partition, at.Offset), Source: "rapport", Type: typ, Subject: domain.ControlSubject, Data: text,
		Time: domain.InstantOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)), ExpectedVersion: domain.NoExpectation,
	}
	at.Key, at.Value, at.Headers = []byte(ev.Subject), wire.Encode(nil, &ev), wire.Headers()
	return at
}

// reference folds the log into memory.
func reference(t *testing.T, l *memoryLog, fold *projections.Fold) projections.Store {
	t.Helper()
	store := memview.New(fold, l.Partitions())
	ends, err := l.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := projections.NewRunner(l, store, fold, projections.RunnerOptions{}).RunUntil(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	return store
}

// onMessage returns a logger that calls act at the first line with the message.
func onMessage(message string, act func()) *slog.Logger {
	return slog.New(&listener{Handler: slog.DiscardHandler, message: message, act: act})
}

type listener struct {
	slog.Handler
	message string
	once    sync.Once
	act     func()
}

func (h *listener) Enabled(context.Context, slog.Level) bool { return true }

func (h *listener) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		h.once.Do(h.act)
	}
	return nil
}
