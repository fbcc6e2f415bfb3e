package projections

import (
	"context"
	"fmt"
	"iter"
	"math/bits"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// Bound limits which events of the log a fold takes in. Zero fields do not limit.
type Bound struct {
	// At leaves out what occurred later: as_of.
	At domain.Instant
	// Known leaves out what was recorded later: known_at.
	Known domain.Instant
}

// FolderOptions say where a folder works and who hears of it.
type FolderOptions struct {
	// PartitionOf names the partition a key belongs to. Required.
	PartitionOf func(key []byte) int
	// Bound leaves out part of the log. Default: nothing is left out.
	Bound Bound
	// Owner names the folder as the writer of its partition. Default: empty.
	Owner string
	// Trusted takes records as those of a posting list: each was in time when the partition was folded, which the
	// timestamps of a part of it may not show.
	Trusted bool
	// Outcomes is told what became of each record, after the batch of the record was committed. Default: nobody is told.
	Outcomes *Outcomes
	// Outlet takes the outputs of a batch before it is committed. Default: none are made.
	Outlet Outlet
	// Register takes the states of the customers that a batch changed, before it is committed. Default: none are made.
	Register Register
	// Records reads the queue of a parked customer. Without it a record that redrives one is refused.
	Records interface {
		Read(ctx context.Context, partition int, offsets []int64) ([]eventstore.Record, error)
	}
}

// Folder folds the records of one partition into a store, batch by batch. Not safe for concurrent use.
type Folder struct {
	base *Fold
	// fold is the fold in force, known the policies that were read.
	fold    *Fold
	known   *policyMemory
	store   Store
	options FolderOptions
	decoder *domain.Decoder
	event   domain.Event
	// typeName is the name under which the event is counted.
	typeName string
	entry    Entry
	effects  Effects
	changes  Changes
	batch    uint64
	// current is the customer that the fold is at work on.
	current string
	// park are the customers that this batch parks, because the fold panicked on them; careful says that it looks out for
	// more of them, and foresee that silence alone is one thing on which it panics.
	park             map[string]*panicked
	careful, foresee bool
	folded           []Outcome
	states           []domain.CustomerState
	// unfilled says that the register has to be filled at the end of the sweep that was under way at the claim.
	unfilled bool
}

// NewFolder returns a folder that stores into the given store. The fold's policy holds until a published one does.
func NewFolder(fold *Fold, store Store, options FolderOptions) *Folder {
	return &Folder{base: fold, fold: fold, known: fold.known, store: store, options: options, decoder: domain.NewDecoder()}
}

// Claim makes the folder the writer of a partition and returns the checkpoint from which it goes on.
func (x *Folder) Claim(ctx context.Context, partition int) (Checkpoint, error) {
	resume, err := x.store.Claim(ctx, partition, x.options.Owner)
	if err != nil {
		return Checkpoint{}, err
	}
	x.fold = x.base
	if p := resume.Policy; p != nil {
		if x.fold, err = x.under(p.Document); err != nil {
			return Checkpoint{}, fmt.Errorf("claim partition %d: policy published at offset %d: %w", partition, p.Offset, err)
		}
	}
	if err := x.claimRegister(ctx, resume.Checkpoint); err != nil {
		return Checkpoint{}, fmt.Errorf("claim partition %d: %w", partition, err)
	}
	if x.options.Outcomes != nil {
		x.options.Outcomes.resume(partition, resume.Checkpoint.Next)
	}
	return resume.Checkpoint, nil
}

// under returns the fold under the policy of the document.
func (x *Folder) under(document string) (*Fold, error) {
	policy, err := x.known.parse(document)
	if err != nil {
		return nil, err
	}
	fold := NewFold(policy)
	fold.Before, fold.known = x.base.Before, x.known
	return fold, nil
}

// Fold applies consecutive records that begin at the checkpoint and commits them. Events before, between and after
// control records are batches of their own, and a control record that concerns many customers takes several; so after
// an error some of the records may have been committed. It returns the checkpoint after what was committed.
func (x *Folder) Fold(ctx context.Context, at Checkpoint, records []eventstore.Record) (Checkpoint, error) {
	if len(records) > 0 && records[0].Offset != at.Next {
		return at, fmt.Errorf("fold partition %d: record %d does not follow the checkpoint at %d", at.Partition, records[0].Offset, at.Next)
	}
	for len(records) > 0 {
		n := 0
		for n < len(records) && !isControl(&records[n]) {
			n++
		}
		var err error
		if n > 0 {
			at, err = x.foldEvents(ctx, at, records[:n])
		} else {
			at, n, err = x.foldControl(ctx, at, records)
		}
		if err != nil {
			return at, fmt.Errorf("fold partition %d: %w", at.Partition, err)
		}
		records = records[n:]
	}
	return at, nil
}

// isControl reports whether the record bears the key of the engine's own records.
func isControl(r *eventstore.Record) bool { return string(r.Key) == domain.ControlSubject }

func (x *Folder) foldEvents(ctx context.Context, at Checkpoint, records []eventstore.Record) (Checkpoint, error) {
	return x.commit(ctx, at, keys(records), func(_ context.Context, b Batch) error {
		for i := range records {
			outcome := x.record(b, &records[i])
			if x.options.Outcomes != nil {
				x.folded = append(x.folded, outcome)
			}
		}
		x.pass(&records[len(records)-1])
		return nil
	})
}

// pass moves the checkpoint behind a record.
func (x *Folder) pass(r *eventstore.Record) {
	x.changes.Next, x.changes.Last, x.changes.Sweep = r.Offset+1, Fingerprint(r), ""
	x.changes.Recorded = max(x.changes.Recorded, domain.InstantOf(r.RecordedAt))
}

// Fingerprint tells a record from another one at the same offset of a topic that was made anew.
func Fingerprint(r *eventstore.Record) uint64 {
	return xxhash.Sum64(r.Key) ^ bits.RotateLeft64(xxhash.Sum64(r.Value), 1)
}

func (x *Folder) begin(at Checkpoint) {
	// The number of the batch tells the customers that it has changed already from those it has not. It goes up with
	// every attempt, and begins at a place in the log so that a customer that a store keeps in memory bears no number
	// that another folder gives out again.
	x.batch = max(x.batch+1, uint64(at.Epoch)<<40)
	x.effects.Reset()
	x.effects.publish = x.options.Outlet != nil
	x.current = ""
	clear(x.folded)
	x.folded = x.folded[:0]
	clear(x.changes.Changed)
	x.changes = Changes{
		Next: at.Next, Sweep: at.Sweep, Last: at.Last, Newest: at.Newest, Recorded: at.Recorded, Effects: &x.effects,
		Changed: x.changes.Changed[:0], Quarantined: x.changes.Quarantined[:0],
	}
}

// changed notes that the batch changed the customer.
func (x *Folder) changed(c *Customer) {
	if c.batch != x.batch {
		c.batch = x.batch
		x.changes.Changed = append(x.changes.Changed, c)
	}
}

// keys returns the keys of the records, borrowed.
func keys(records []eventstore.Record) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range records {
			if k := records[i].Key; len(k) > 0 && !yield(unsafe.String(&k[0], len(k))) {
				return
			}
		}
	}
}

// none names no customers.
func none(func(string) bool) {}
