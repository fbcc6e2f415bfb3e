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

	// Claim makes the caller the writer of a partition under a new epoch and returns what it goes on from. From then on
	// the commits of earlier writers fail with ErrFenced. owner names the caller to people who ask who folds the partition.
	Claim(ctx context.Context, partition int, owner string) (*Resume, error)

	// Queue returns the offsets of the first records that wait behind a parked stream, ascending: at most limit, which is
	// at least 1, and none when it is not parked.
	Queue(ctx context.Context, partition int, stream string, limit int) ([]int64, error)

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

	// Due adds to the batch the customers with a timer that is due at or before until, in the order of (due, id), and
	// returns them: at most limit, which is at least 1. Those that this batch has changed already are taken as they were
	// before it, so it is called first.
	Due(ctx context.Context, until domain.Instant, limit int) ([]*Customer, error)

	// After adds to the batch the streams whose id comes after the given one, in order of id, and returns them: at most
	// limit, which is at least 1. It is called before any customer was changed.
	After(ctx context.Context, id string, limit int) ([]*Customer, error)

	// Commit makes the changes visible all at once, together with the checkpoint, or not at all. It returns the new
	// checkpoint, or ErrFenced when another writer has taken over.
	Commit(ctx context.Context, changes *Changes) (Checkpoint, error)

	// Rollback ends the batch without an effect: states that were changed are as they were. After Commit it does
	// nothing.
	Rollback()
}

// ErrFenced says that another writer has taken over the partition.
var ErrFenced = errors.New("another writer has taken over the partition")

// ErrTorn says that a store which is filled in place has kept a part of a batch that was not committed: it has to be
// filled anew.
var ErrTorn = errors.New("a batch that worked in place was not committed")

// ErrNotFound says that there is no such customer.
var ErrNotFound = errors.New("no such customer")

// ErrOtherLog says that the log is not the one the views were folded from.
var ErrOtherLog = errors.New("the log is not the one these views were folded from; it was made anew or cut off")

// Resume is what the writer of a partition goes on from.
type Resume struct {
	Checkpoint Checkpoint
	// Policy is the policy that was published last before the checkpoint, nil when none was: then the policy holds that
	// the views began with.
	Policy *PublishedPolicy
}

// PublishedPolicy is a policy that holds from a record of a partition on.
type PublishedPolicy struct {
	// Offset is the place of the record.
	Offset int64
	// At is when it was published.
	At domain.Instant
	// Version and Document are the policy.
	Version  string
	Document string
}

// Checkpoint says how far a partition was folded, and by whom.
type Checkpoint struct {
	Partition int
	// Epoch counts the writers of the partition.
	Epoch int64
	// Next is the offset of the next record to fold.
	Next int64
	// Sweep says how far the control record at Next was applied when the batches stopped in the middle of it; otherwise it
	// is empty. For a published policy or a tick it is the id of the last stream, for the redrive of a stream the offset of
	// the next record in its queue.
	Sweep string
	// Last is the fingerprint of the record before Next, zero when there is none. A topic that was made anew under the
	// same name shows by another one.
	Last uint64
	// Newest is the newest occurred_at that was accepted, or the newest tick.
	Newest domain.Instant
	// Recorded is when the record before Next was recorded; times of recording never decrease within a partition.
	Recorded domain.Instant
}

// Changes is what a batch commits besides the states of its customers.
type Changes struct {
	// Next, Sweep, Last, Newest and Recorded become those of the checkpoint.
	Next     int64
	Sweep    string
	Last     uint64
	Newest   domain.Instant
	Recorded domain.Instant
	// Fold is the fold that holds after the batch, nil for the one before. Readers of the partition see by it.
	Fold *Fold
	// Coming is the fold whose policy a sweep is about to put in force, nil outside of one. What this batch changed is folded
	// under it already, and is seen by it once the last batch of the sweep has made it Fold.
	Coming *Fold
	// Policy is the policy of Fold when it was published by this batch, nil otherwise.
	Policy *PublishedPolicy
	// Changed are the customers whose state is to be stored, each once.
	Changed []*Customer
	// Effects are the moves and the increments of the roll-ups.
	Effects *Effects
	// Quarantined are the records that were not accepted because something is wrong with them.
	Quarantined []Quarantine
	// Resolved says what became of records that were quarantined before.
	Resolved []Resolution
	// Released is a parked customer whose queue was folded, or the beginning of it; nil when there is none. It goes before
	// Parked.
	Released *Released
	// Parked are the customers that were parked, and Queued the records that wait behind parked ones.
	Parked []Parked
	Queued []Queued
}
