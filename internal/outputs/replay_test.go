package outputs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/demo"
	"github.com/rapport-crm/rapport/internal/outputs"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// tape keeps the bytes of what is published, by topic and partition.
type tape struct {
	mu      sync.Mutex
	written map[string]*bytes.Buffer
}

func (k *tape) Publish(_ context.Context, topic string, records []eventstore.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range records {
		name := fmt.Sprint(topic, partitionOf(r.Key))
		if k.written[name] == nil {
			k.written[name] = new(bytes.Buffer)
		}
		fmt.Fprintf(k.written[name], "%s %s\n", r.Key, r.Value)
	}
	return nil
}

const partitions = 4

func partitionOf(key []byte) int {
	sum := 0
	for _, b := range key {
		sum = sum*31 + int(b)
	}
	return sum & (partitions - 1)
}

// history returns a demo group's life in partitions, with a tick every day and a policy in the middle.
func history(t *testing.T) [][]eventstore.Record {
	t.Helper()
	world, err := demo.New(demo.Options{Customers: 300, Days: 400, Seed: 3, End: domain.InstantOf(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))})
	if err != nil {
		t.Fatal(err)
	}
	log := make([][]eventstore.Record, partitions)
	add := func(p int, ev domain.Event) {
		log[p] = append(log[p], eventstore.Record{
			Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers(),
			Partition: p, Offset: int64(len(log[p])), RecordedAt: ev.Time.Time(),
		})
	}
	control := func(typ string, at domain.Instant, data string) {
		for p := range partitions {
			add(p, domain.Event{
				ID: fmt.Sprint(typ, at), Source: "rapport", Type: typ, Subject: domain.ControlSubject, Time: at,
				ExpectedVersion: domain.NoExpectation, Data: []byte(data),
			})
		}
	}
	const document = "version: second\nlifecycle:\n  decline_gaps: 1.5\n"
	var last domain.Instant
	days := 0
	for ev := range world.Events() {
		if last == 0 {
			last = ev.Time
		}
		for ; ev.Time >= last+domain.Day; last += domain.Day {
			control("clock.ticked", last+domain.Day, fmt.Sprintf(`{"at":%q}`, last+domain.Day))
			if days++; days == 200 {
				control("policy.published", last+domain.Day, fmt.Sprintf(`{"version":"second","document":%q}`, document))
			}
		}
		add(partitionOf([]byte(ev.Subject)), ev)
	}
	return log
}

// replay folds the log in batches of random length, the partitions side by side, and returns what was published and what
// people see.
func replay(t *testing.T, log [][]eventstore.Record, seed uint64) (map[string]*bytes.Buffer, string) {
	t.Helper()
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.New(fold, partitions)
	published := &tape{written: make(map[string]*bytes.Buffer)}
	group, ctx := errgroup.WithContext(t.Context())
	for p, records := range log {
		random := rand.New(rand.NewPCG(seed, uint64(p)))
		longest := 1 + random.IntN(3000)
		group.Go(func() error {
			folder := projections.NewFolder(fold, store, projections.FolderOptions{
				PartitionOf: partitionOf, Outlet: outputs.NewPublisher(published, outputs.Options{}),
			})
			at, err := folder.Claim(ctx, p)
			for err == nil && int(at.Next) < len(records) {
				n := min(1+random.IntN(longest), len(records)-int(at.Next))
				at, err = folder.Fold(ctx, at, records[at.Next:int(at.Next)+n])
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return published.written, seen(t, store)
}

func seen(t *testing.T, store projections.Query) string {
	t.Helper()
	summary, err := store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := store.Lifecycle(t.Context(), projections.LifecycleFilter{})
	if err != nil {
		t.Fatal(err)
	}
	all := []any{summary, report}
	var filter projections.CustomerFilter
	for {
		page, err := store.Customers(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			view, err := store.Customer(t.Context(), item.ID)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, item, view)
		}
		if filter.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// It changes GOMAXPROCS, so it does not run beside other tests.
func TestReplaysInOtherBatchesAndOnOtherProcessorsGiveTheSameBytes(t *testing.T) {
	log := history(t)
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	want, views := replay(t, log, 1)
	if len(want) == 0 {
		t.Fatal("nothing was published")
	}
	for seed, processors := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(processors)
		got, seen := replay(t, log, uint64(seed)+2)
		if seen != views {
			t.Errorf("on %d processors the views differ", processors)
		}
		for name, text := range want {
			if other := got[name]; other == nil || !bytes.Equal(text.Bytes(), other.Bytes()) {
				t.Errorf("on %d processors what is published on %s differs", processors, name)
			}
		}
	}
}
