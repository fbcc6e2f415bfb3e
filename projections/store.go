package projections

import (
	"context"
	"errors"
	"iter"

	"github.com/rapport-crm/rapport/domain"
)

// Store keeps one generation of views with the states and checkpoints they were folded from, and answers queries about
// them. Memory and PostgreSQL implement it behind one conformance suite (package viewtest). It is safe for concurrent
// use; each partition has one writer that is effective at a time.
type Store interface {
	Query

	// Claim makes the caller the writer of a partition and returns its checkpoint under a new epoch. From then on the
	// commits of earlier writers fail with ErrFenced.
	Claim(ctx context.Context, partition int) (Checkpoint, error)

	// Begin opens a batch on top of the checkpoint, for the named customers; a name may come more than once, and the
	// names need not outlive the call. The batch must be ended by Commit or Rollback before the next one of the
	// partition is opened. It returns ErrFenced when the checkpoint is not the latest of its epoch.
	Begin(ctx context.Context, at Checkpoint, customers iter.Seq[string]) (Batch, error)
}

// Batch is one transaction on a partition. It is used by one goroutine.
type Batch interface {
	// Customer returns the state of one of the named customers, a fresh one for an unknown id. The caller may change it
	// until Commit.
	Customer(id string) *Customer

	// Commit makes the changes visible all at once, together with the checkpoint, or not at all. It returns the new
	// checkpoint, or ErrFenced when another writer has taken over.
	Commit(ctx context.Context, changes *Changes) (Checkpoint, error)

	// Rollback ends the batch without an effect: states that were changed are as they were. After Commit it does
	// nothing.
	Rollback()
}

// ErrFenced says that another writer has taken over the partition.
var ErrFenced = errors.New("another writer has taken over the partition")

// ErrNotFound says that there is no such customer.
var ErrNotFound = errors.New("no such customer")

// ErrOtherLog says that the log is not the one the views were folded from.
var ErrOtherLog = errors.New("the log is not the one these views were folded from; it was made anew or cut off")

// Checkpoint says how far a partition was folded, and by whom.
type Checkpoint struct {
	Partition int
	// Epoch counts the writers of the partition.
	Epoch int64
	// Next is the offset of the next record to fold.
	Next int64
	// Last is the fingerprint of the record before Next, zero when there is none. A topic that was made anew under the
	// same name shows by another one.
	Last uint64
	// Newest is the newest occurred_at that was accepted.
	Newest domain.Instant
	// Recorded is when the record before Next was recorded; times of recording never decrease within a partition.
	Recorded domain.Instant
}

// Changes is what a batch commits besides the states of its customers.
type Changes struct {
	// Next, Last, Newest and Recorded become those of the checkpoint.
	Next     int64
	Last     uint64
	Newest   domain.Instant
	Recorded domain.Instant
	// Changed are the customers whose state is to be stored, each once.
	Changed []*Customer
	// Effects are the moves and the increments of the roll-ups.
	Effects *Effects
	// Quarantined are the records that were not accepted because something is wrong with them.
	Quarantined []Quarantine
}
