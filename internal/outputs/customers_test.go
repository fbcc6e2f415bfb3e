package outputs_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/outputs"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// ledger is the note of who filled the register, for every partition.
type ledger struct {
	mu     sync.Mutex
	epochs map[int]int64
}

func (l *ledger) Filled(_ context.Context, partition int) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if epoch, ok := l.epochs[partition]; ok {
		return epoch, nil
	}
	return -1, nil
}

func (l *ledger) NoteFilled(_ context.Context, partition int, epoch int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epochs[partition] = epoch
	return nil
}

// topic keeps the last record of each key, as a compacted topic does, and all that came.
type topic struct {
	mu      sync.Mutex
	last    map[string][]byte
	records int
}

func (k *topic) Publish(_ context.Context, _ string, records []eventstore.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.records += len(records)
	for _, r := range records {
		k.last[string(r.Key)] = r.Value
	}
	return nil
}

// TestTheStateOfEveryCustomerOfADealerGroupFollowsItsSchema folds two years of dealers' business, and fills the register a
// second time after a writer that put nothing.
func TestTheStateOfEveryCustomerOfADealerGroupFollowsItsSchema(t *testing.T) {
	t.Parallel()
	log := history(t)
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.New(fold, partitions)
	written, notes, era := &topic{last: make(map[string][]byte)}, &ledger{epochs: make(map[int]int64)}, 3
	register := outputs.NewCustomers(written, notes, outputs.Options{Era: func() int { return era }})
	claim := func(p int, options projections.FolderOptions) (*projections.Folder, projections.Checkpoint, error) {
		options.PartitionOf = partitionOf
		folder := projections.NewFolder(fold, store, options)
		at, err := folder.Claim(t.Context(), p)
		return folder, at, err
	}
	var group errgroup.Group
	for p, records := range log {
		group.Go(func() error {
			folder, at, err := claim(p, projections.FolderOptions{Register: register})
			for err == nil && int(at.Next) < len(records) {
				at, err = folder.Fold(t.Context(), at, records[at.Next:min(int(at.Next)+500, len(records))])
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	summary, err := store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := states(t, written)
	if int64(len(before)) != summary.Customers || len(before) == 0 {
		t.Errorf("%d of %d customers have a state", len(before), summary.Customers)
	}
	count := written.records
	for p := range log {
		if _, _, err := claim(p, projections.FolderOptions{Register: register}); err != nil {
			t.Fatal(err)
		}
	}
	if written.records != count {
		t.Errorf("%d states came again though every writer put all", written.records-count)
	}
	era = 4
	for p := range log {
		_, _, silent := claim(p, projections.FolderOptions{})
		if _, _, err := claim(p, projections.FolderOptions{Register: register}); err != nil || silent != nil {
			t.Fatal(err, silent)
		}
	}
	after := states(t, written)
	for id, s := range before {
		now := after[id]
		if now.Sequence <= s.Sequence {
			t.Errorf("the state of %s has the sequence %s after %s", id, now.Sequence, s.Sequence)
		}
		now.Sequence, now.Position, now.PolicyVersion, s.Sequence, s.Position, s.PolicyVersion = "", "", "", "", "", ""
		if a, b := encoded(t, s), encoded(t, now); a != b {
			t.Errorf("the state of %s was %s and is put again as %s", id, a, b)
		}
	}
}

// states reads the topic.
func states(t *testing.T, k *topic) map[string]domain.CustomerState {
	t.Helper()
	decoder := domain.NewDecoder()
	read := make(map[string]domain.CustomerState)
	for id, value := range k.last {
		if _, err := decoder.Decode(domain.CustomerStateType(), value); err != nil {
			t.Fatalf("%s: %v", value, err)
		}
		var s domain.CustomerState
		if err := json.Unmarshal(value, &s); err != nil {
			t.Fatal(err)
		}
		read[id] = s
	}
	return read
}

func encoded(t *testing.T, s domain.CustomerState) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
