package refold

import (
	"context"
	"iter"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// Shares is the number of shares of a partition.
const Shares = 64

// shareBits is the number of bits of a hash that name a share.
const shareBits = 6

// ShareOf returns the share of a stream.
func ShareOf(id string) int { return int(xxhash.Sum64String(id) >> (64 - shareBits)) }

// shareOfKey is ShareOf for the key of a record.
func shareOfKey(key []byte) int { return int(xxhash.Sum64(key) >> (64 - shareBits)) }

// controlShare is the share that counts control records which are refused, so that they are counted once.
const controlShare = 0

// share is the fold of the streams of one share. It is the store of its folder: the memory store, except that the
// records of other streams are missing between its own.
type share struct {
	*memview.Store
	number int
	folder *projections.Folder
	// at is the checkpoint of the memory store.
	at projections.Checkpoint
	// group are the records that wait to be folded in one batch, text their keys and values.
	group []eventstore.Record
	text  []byte
	// bytes is about how much memory the share takes.
	bytes int64
	// accepted and moves count what the estimate rests on.
	accepted, moves, cases, aside int64
}

func newShare(ctx context.Context, number int, o *Options, log Log, partition int) (*share, error) {
	s := &share{Store: memview.NewWith(o.Fold, 1, memview.Options{At: o.At, InPlace: !o.copies}), number: number}
	s.folder = projections.NewFolder(o.Fold, s, projections.FolderOptions{
		PartitionOf: log.PartitionOf, Records: records{log, partition}, Trusted: o.Trusted,
	})
	var err error
	s.at, err = s.folder.Claim(ctx, 0)
	return s, err
}

// fold folds some records of the share, which need not be consecutive.
func (s *share) fold(ctx context.Context, records []eventstore.Record) error {
	at := s.at
	at.Next = records[0].Offset
	_, err := s.folder.Fold(ctx, at, records)
	return err
}

// keep lets a record wait. Its bytes are put beside those of the others that wait: the records of a share lie far apart in what
// was fetched, where the processor would wait for each of them.
func (s *share) keep(r *eventstore.Record) {
	from := len(s.text)
	s.text = append(append(s.text, r.Key...), r.Value...)
	text := s.text[from:len(s.text):len(s.text)]
	s.group = append(s.group, *r)
	kept := &s.group[len(s.group)-1]
	kept.Key, kept.Value = text[:len(r.Key):len(r.Key)], text[len(r.Key):]
}

// mostText is how many bytes of room a share keeps for records that wait. It needs more when most of what was fetched is of
// one share, which is not to stay taken when the next has it.
const mostText = 1 << 20

// flush folds the records that wait.
func (s *share) flush(ctx context.Context) error {
	err := s.fold(ctx, s.group)
	s.group, s.text = s.group[:0], s.text[:0]
	if cap(s.text) > mostText {
		s.release()
	}
	return err
}

// release gives the room for waiting records back.
func (s *share) release() { s.group, s.text = nil, nil }

// Begin opens a batch at the place of the memory store, whatever records of other shares lie before at.
func (s *share) Begin(ctx context.Context, _ projections.Checkpoint, customers iter.Seq[string]) (projections.Batch, error) {
	b, err := s.Store.Begin(ctx, s.at, customers)
	if err != nil {
		return nil, err
	}
	return &batch{Batch: b, share: s}, nil
}

// batch is a batch of the memory store.
type batch struct {
	projections.Batch
	share *share
}

// Commit commits the batch, without a control record that was refused unless this share counts those.
func (b *batch) Commit(ctx context.Context, changes *projections.Changes) (projections.Checkpoint, error) {
	s := b.share
	if q := changes.Quarantined; s.number != controlShare && len(q) == 1 && q[0].Customer == domain.ControlSubject {
		changes.Quarantined = nil
		changes.Effects.Rollups.Verdicts[q[0].Verdict]--
	}
	s.accepted += changes.Effects.Rollups.Verdicts[eventstore.Accepted]
	s.moves += int64(len(changes.Effects.Moves))
	s.cases += int64(len(changes.Effects.Cases))
	s.aside += int64(len(changes.Quarantined) + len(changes.Queued))
	at, err := b.Batch.Commit(ctx, changes)
	if err == nil {
		s.at = at
		err = s.measure()
	}
	return at, err
}

// What the parts of a share take, in bytes, measured on the streams of the demo and of the benchmarks: a stream with its
// state and a place in the index, an accepted event in the index of its stream, a move with its evidence, what a change of
// a case adds to the state, a cell, and a record that was set aside.
const (
	streamBytes = 900
	eventBytes  = 80
	moveBytes   = 220
	caseBytes   = 300
	cellBytes   = 560
	asideBytes  = 700
)

func (s *share) measure() error {
	contents, err := s.Contents(0)
	if err != nil {
		return err
	}
	s.bytes = int64(contents.Len())*streamBytes + s.accepted*eventBytes + s.moves*moveBytes + s.cases*caseBytes +
		int64(len(contents.Rollups.Cells))*cellBytes + s.aside*asideBytes
	return nil
}

// expected returns about how many bytes the share will take at least when ahead times as many records as until now were
// folded: the streams that are there go on, and there may be new ones.
func (s *share) expected(ahead float64) int64 {
	return s.bytes + int64(ahead*float64(s.accepted*eventBytes+s.cases*caseBytes))
}

// records reads records of one partition, whatever number the share gives its own.
type records struct {
	log       Log
	partition int
}

// Read returns the records at the given offsets.
func (r records) Read(ctx context.Context, _ int, offsets []int64) ([]eventstore.Record, error) {
	return r.log.Read(ctx, r.partition, offsets)
}
