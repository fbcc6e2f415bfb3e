package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// CustomerAt returns a customer as it was at bound.At, as far as it was known at bound.Known, by folding its stream
// anew. It returns projections.ErrNotFound when the customer did not exist then.
func (r *Reader) CustomerAt(ctx context.Context, id string, bound projections.Bound) (*projections.CustomerView, error) {
	found, positions, err := r.records(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read customer as of: %w", err)
	}
	return single{r.fold(), r.log.PartitionOf, id, true}.view(ctx, found, positions, bound)
}

// records returns the accepted records of a stream and the control records that may have changed it, and how far the index
// has read the log.
func (r *Reader) records(ctx context.Context, id string) ([]eventstore.Record, eventstore.Positions, error) {
	stream, err := r.index.Stream(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	offsets := slices.Concat(stream.Offsets, stream.Control)
	slices.Sort(offsets)
	found, err := r.log.Read(ctx, stream.Partition, offsets)
	return found, stream.Positions, err
}

// log is the part of the event log that a replay reads.
type log interface {
	projections.Log
	Ends(ctx context.Context) (eventstore.Positions, error)
}

// Whole folds the log up to its present ends into memory: the views as of bound.At, as far as they were known at
// bound.Known. progress may be nil.
func Whole(ctx context.Context, l log, policy *domain.Policy, bound projections.Bound, progress *projections.Progress, logger *slog.Logger) (*memview.Store, error) {
	return Watched(ctx, l, projections.NewFold(policy), bound, progress, logger)
}

// Watched is Whole with a fold of the caller's, whose Before sees the events. When the fold panics on a customer, the log is
// read twice, and Before sees events twice.
func Watched(ctx context.Context, l log, fold *projections.Fold, bound projections.Bound, progress *projections.Progress, logger *slog.Logger) (*memview.Store, error) {
	ends, err := l.Ends(ctx)
	if err != nil {
		return nil, fmt.Errorf("replay the log: %w", err)
	}
	options := projections.RunnerOptions{Bound: bound, Progress: progress, Logger: logger}
	store, err := fill(ctx, l, fold, ends, options, true)
	if errors.Is(err, projections.ErrTorn) {
		// The fold panicked on a customer, which is rare enough to read the log twice then.
		store, err = fill(ctx, l, fold, ends, options, false)
	}
	if err != nil {
		return nil, fmt.Errorf("replay the log: %w", err)
	}
	return store, nil
}

// fill folds the log up to the given ends into a store, in place or by way of copies.
func fill(ctx context.Context, l log, fold *projections.Fold, ends eventstore.Positions, options projections.RunnerOptions, inPlace bool) (*memview.Store, error) {
	store := memview.NewWith(fold, l.Partitions(), memview.Options{At: options.Bound.At, InPlace: inPlace})
	return store, projections.NewRunner(l, store, fold, options).RunUntil(ctx, ends)
}

// Customer returns one customer as of bound.At, as far as it was known at bound.Known, without any views: it reads the
// customer's partition of the log up to its present end. It returns projections.ErrNotFound when the customer did not
// exist then.
func Customer(ctx context.Context, l log, policy *domain.Policy, id string, bound projections.Bound) (*projections.CustomerView, error) {
	ends, err := l.Ends(ctx)
	if err != nil {
		return nil, fmt.Errorf("replay customer: %w", err)
	}
	key := []byte(id)
	p := l.PartitionOf(key)
	var found []eventstore.Record
	if ends[p] > 0 {
		for batch, err := range l.Follow(ctx, p, 0, eventstore.FollowOptions{Until: ends[p]}) {
			if err != nil {
				return nil, fmt.Errorf("replay customer: %w", err)
			}
			for _, rec := range batch.Records {
				if bytes.Equal(rec.Key, key) || string(rec.Key) == domain.ControlSubject {
					found = append(found, cloneRecord(rec))
				}
			}
		}
	}
	return single{projections.NewFold(policy), l.PartitionOf, id, false}.view(ctx, found, ends, bound)
}

func cloneRecord(rec eventstore.Record) eventstore.Record {
	rec.Key, rec.Value, rec.Headers = bytes.Clone(rec.Key), bytes.Clone(rec.Value), slices.Clone(rec.Headers)
	for i := range rec.Headers {
		h := &rec.Headers[i]
		h.Value = bytes.Clone(h.Value)
	}
	return rec
}

// single folds the records of one stream and the control records that may have changed it.
type single struct {
	fold  *projections.Fold
	owner func(key []byte) int
	id    string
	// accepted says that every record was accepted when its partition was folded.
	accepted bool
}

// view folds the records as a log of their own and returns the customer with its real positions.
func (s single) view(ctx context.Context, records []eventstore.Record, ends eventstore.Positions, bound projections.Bound) (*projections.CustomerView, error) {
	p, err := s.play(ctx, records, bound)
	if err != nil {
		return nil, err
	}
	if _, err := p.folder.Fold(ctx, p.at, records); err != nil {
		return nil, fmt.Errorf("fold one stream: %w", err)
	}
	return p.view(ctx, s.id, ends, bound)
}

// play is a fold of one stream as a log of its own.
type play struct {
	store   *memview.Store
	folder  *projections.Folder
	at      projections.Checkpoint
	records []eventstore.Record
	// offsets are the real offsets of the records.
	offsets []int64
}

// play makes ready to fold the records, whose offsets it replaces by their places in the list.
func (s single) play(ctx context.Context, records []eventstore.Record, bound projections.Bound) (*play, error) {
	p := s.owner([]byte(s.id))
	x := &play{store: memview.NewWith(s.fold, p+1, memview.Options{At: bound.At}), records: records, offsets: make([]int64, len(records))}
	for i := range records {
		x.offsets[i], records[i].Offset = records[i].Offset, int64(i)
	}
	x.folder = projections.NewFolder(s.fold, x.store, projections.FolderOptions{
		PartitionOf: s.owner, Bound: bound, Trusted: s.accepted, Records: recordList(records),
	})
	var err error
	x.at, err = x.folder.Claim(ctx, p)
	return x, err
}

// view returns the customer as far as it was folded, with its real positions.
func (x *play) view(ctx context.Context, id string, ends eventstore.Positions, bound projections.Bound) (*projections.CustomerView, error) {
	view, err := x.store.Customer(ctx, id)
	if err != nil {
		return nil, err
	}
	head, err := newest(ctx, x.store, id, x.records, bound.At)
	if err != nil {
		return nil, err
	}
	view.Position.Offset, view.Positions = x.offsets[head], ends
	return view, nil
}

// recordList is records in memory, by their place in the list.
type recordList []eventstore.Record

// Read returns the records at the given places.
func (l recordList) Read(_ context.Context, _ int, offsets []int64) ([]eventstore.Record, error) {
	found := make([]eventstore.Record, len(offsets))
	for i, o := range offsets {
		found[i] = l[o]
	}
	return found, nil
}

// newest returns the index of the newest accepted record of the stream that had occurred by at.
func newest(ctx context.Context, store *memview.Store, id string, records []eventstore.Record, at domain.Instant) (int64, error) {
	stream, err := store.Stream(ctx, id)
	if err != nil {
		return 0, err
	}
	for _, i := range slices.Backward(stream.Offsets) {
		var ev domain.Event
		rec := &records[i]
		if err := wire.Decode(&ev, rec.Key, rec.Value, rec.Headers); err != nil {
			return 0, fmt.Errorf("record %s: %w", rec.Position(), err)
		}
		if at == 0 || ev.Time <= at {
			return i, nil
		}
	}
	return 0, fmt.Errorf("customer %q: %w", id, projections.ErrNotFound)
}
