package refold_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/refold"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// log is a log in memory that hands out its records in windows of the given length.
type log struct {
	parts  [][]eventstore.Record
	window int
}

func (l *log) PartitionOf(key []byte) int { return viewtest.Owner(len(l.parts))(key) }

func (l *log) Follow(_ context.Context, p int, from int64, o eventstore.FollowOptions) iter.Seq2[eventstore.Batch, error] {
	return func(yield func(eventstore.Batch, error) bool) {
		for records := range slices.Chunk(l.parts[p][from:o.Until], l.window) {
			if !yield(eventstore.Batch{Partition: p, Records: records}, nil) {
				return
			}
		}
	}
}

func (l *log) Read(_ context.Context, p int, offsets []int64) ([]eventstore.Record, error) {
	var records []eventstore.Record
	for _, o := range offsets {
		records = append(records, l.parts[p][o])
	}
	return records, nil
}

func (l *log) ends() eventstore.Positions {
	ends := make(eventstore.Positions, len(l.parts))
	for p, records := range l.parts {
		ends[p] = int64(len(records))
	}
	return ends
}

// withControl returns the records of a partition with control records between them: mostly ticks at about the time of
// the events around them, policies, and what people decide about records that were set aside or parked.
func withControl(t *rapid.T, records []eventstore.Record, subjects []string) []eventstore.Record {
	var all []eventstore.Record
	newest := domain.Instant(0)
	add := func(r eventstore.Record) {
		r.Offset = int64(len(all))
		all = append(all, r)
	}
	for i, r := range records {
		var ev domain.Event
		if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err == nil && ev.Time < domain.InstantOf(r.RecordedAt) {
			newest = max(newest, ev.Time)
		}
		add(r)
		for rapid.IntRange(0, 3).Draw(t, "control") == 0 {
			typ, data := drawControl(t, newest, len(all), subjects)
			add(controlRecord(r, fmt.Sprintf("control-%d-%d", i, len(all)), newest, typ, data))
		}
	}
	return all
}

func drawControl(t *rapid.T, now domain.Instant, offsets int, subjects []string) (typ string, data any) {
	offset := int64(rapid.IntRange(0, offsets-1).Draw(t, "offset"))
	switch kind := rapid.IntRange(0, 11).Draw(t, "kind"); {
	case kind < 7:
		days := domain.Instant(rapid.IntRange(0, 400).Draw(t, "days"))
		return "clock.ticked", domain.ClockTicked{At: now + days*domain.Day}
	case kind == 7:
		version := fmt.Sprint("p", rapid.IntRange(1, 3).Draw(t, "version"))
		document := "version: " + version + fmt.Sprintf("\nlifecycle: {maturity_tenure_days: %d, decline_gaps: 1.5, termination_days: %d}\n",
			rapid.IntRange(1, 200).Draw(t, "tenure"), rapid.IntRange(30, 400).Draw(t, "termination"))
		return "policy.published", domain.PolicyPublished{Version: version, Document: document}
	case kind == 8:
		return "quarantine.redriven", domain.QuarantineRedriven{Offset: offset, Position: "0:1"}
	case kind == 9:
		return "quarantine.discarded", domain.QuarantineDiscarded{Offset: offset, Reason: "a test"}
	case kind == 10:
		return "stream.redriven", domain.StreamRedriven{Stream: rapid.SampledFrom(subjects).Draw(t, "stream")}
	default:
		return "clock.ticked", map[string]any{} // is refused
	}
}

func controlRecord(at eventstore.Record, id string, now domain.Instant, typ string, data any) eventstore.Record {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	ev := domain.Event{
		ID: id, Source: "rapport", Type: typ, Subject: domain.ControlSubject, Time: now, Actor: "ann", Data: text,
		ExpectedVersion: domain.NoExpectation,
	}
	at.Key, at.Value, at.Headers = []byte(ev.Subject), wire.Encode(nil, &ev), wire.Headers()
	return at
}

// live folds the records as a runner does, in batches of the given length.
func live(t failer, l *log, fold *projections.Fold, batch int) *memview.Store {
	store := memview.New(fold, len(l.parts))
	for p, records := range l.parts {
		folder := projections.NewFolder(fold, store, projections.FolderOptions{PartitionOf: l.PartitionOf, Records: l})
		at, err := folder.Claim(context.Background(), p)
		if err != nil {
			t.Fatal(err)
		}
		for chunk := range slices.Chunk(records, batch) {
			if at, err = folder.Fold(context.Background(), at, chunk); err != nil {
				t.Fatal(err)
			}
		}
	}
	return store
}

type failer interface{ Fatal(args ...any) }

// contents is everything that was folded, in a form that can be compared.
type contents struct {
	streams  map[string]string
	rollups  projections.Rollups
	aside    map[int64]string
	parked   map[string]string
	policies string
	newest   domain.Instant
}

func newContents() *contents {
	return &contents{streams: make(map[string]string), aside: make(map[int64]string), parked: make(map[string]string)}
}

// add adds what a store holds in a partition.
func (c *contents) add(t failer, store *memview.Store, p int) {
	part, err := store.Contents(p)
	if err != nil {
		t.Fatal(err)
	}
	for stream, moves := range part.Streams() {
		if _, twice := c.streams[stream.ID]; twice {
			t.Fatal("stream " + stream.ID + " is in two shares")
		}
		c.streams[stream.ID] = fmt.Sprintf("%x %v %v %+v", stream.AppendState(nil), slices.Collect(stream.Stream.Offsets()), len(stream.Touched) > 0, moves)
	}
	c.rollups.Add(part.Rollups)
	for _, q := range part.Quarantine {
		c.aside[q.Offset] = fmt.Sprintf("%+v", q)
	}
	for _, k := range part.Parked {
		k.Error = ""
		c.parked[k.Customer] = fmt.Sprintf("%+v", k)
	}
	for _, q := range part.Queued {
		c.parked[q.Customer] += fmt.Sprintf(" %d", q.Offset)
	}
	c.policies = fmt.Sprintf("%+v under %s", part.Policies, part.Fold.Policy().Version)
	c.newest = max(c.newest, part.Checkpoint.Newest)
}

// anew folds a partition anew and returns the contents of all passes together, and their number.
func anew(t failer, l *log, p int, o refold.Options) (*contents, int) {
	all := newContents()
	passes := 0
	err := refold.Partition(context.Background(), l, p, int64(len(l.parts[p])), o, func(_ context.Context, pass *refold.Pass) error {
		passes++
		for _, store := range pass.Stores() {
			all.add(t, store, 0)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, passes
}
