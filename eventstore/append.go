package eventstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Append writes records and returns, in their order, what became of each. It returns when every record is settled:
// acknowledged by all in-sync replicas, or failed. The error is that of the first record that failed, nil when all were
// acknowledged.
//
// Records of the same key, more generally of the same partition, keep their order within a call and between calls that
// follow one another. Concurrent calls share requests: what arrives for a partition while a request for it is in flight
// goes out together in the next. When a record fails, later records of the same call and partition are not sent and
// fail with ErrNotSent, so that a retry keeps the order.
//
// A record without a key or above the size limit fails alone, before anything is sent; see ErrEmptyKey and ErrTooLarge.
// When ctx ends, records that were not sent yet fail with ctx's error and are not in the log; records in flight fail
// with ErrUnknownOutcome. The bytes of the records are not used after Append has returned.
func (l *Log) Append(ctx context.Context, records []Record) ([]Appended, error) {
	return l.append(ctx, records, l.partitionOf)
}

// AppendTo is Append to a given partition, whatever the keys of the records: a control record is for all streams of a
// partition and its key is the name of what it controls. Records of AppendTo and Append keep their order among each
// other too. The error for a partition that the log does not have is ErrTopicMissing. Records of a customer do not
// belong here: in another partition than PartitionOf says they are not part of their stream.
func (l *Log) AppendTo(ctx context.Context, partition int, records []Record) ([]Appended, error) {
	if partition < 0 || partition >= len(l.partitions) {
		err := fmt.Errorf("append to partition %d of %s: %w", partition, l.cfg, ErrTopicMissing)
		return failAll(make([]Appended, len(records)), err), err
	}
	return l.append(ctx, records, func(*Record) int { return partition })
}

// partitionOf is the choice of Append.
func (l *Log) partitionOf(r *Record) int { return l.PartitionOf(r.Key) }

// append writes each record to the partition that choose returns for it.
func (l *Log) append(ctx context.Context, records []Record, choose func(*Record) int) ([]Appended, error) {
	out := make([]Appended, len(records))
	err := ctx.Err()
	if l.cfg.ReadOnly {
		err = errReadOnly
	}
	if err != nil {
		return failAll(out, err), fmt.Errorf("append to %s: %w", l.cfg, err)
	}
	parts := l.partition(records, out, choose)
	waiting := make([]*pending, 0, len(parts))
	for _, p := range parts {
		if err := l.lanes[p.partition].enqueue(ctx, p); err != nil {
			p.fail(err)
			continue
		}
		waiting = append(waiting, p)
	}
	for _, p := range waiting {
		select {
		case <-p.done:
		case <-ctx.Done():
			l.lanes[p.partition].abandon(p, ctx.Err())
		}
	}
	for _, p := range parts {
		for i, result := range p.results {
			out[p.index[i]] = result
		}
	}
	for i := range out {
		if err := out[i].Err; err != nil {
			return out, fmt.Errorf("append to %s: record %d of %d: %w", l.cfg, i+1, len(out), err)
		}
	}
	return out, nil
}

// errReadOnly is the answer of a log that was opened with ReadOnly. No caller can act on it but by not appending.
var errReadOnly = errors.New("log is open for reading only")

// failAll sets every result to err.
func failAll(out []Appended, err error) []Appended {
	for i := range out {
		out[i].Err = err
	}
	return out
}

// partition sorts the valid records by the partition that choose returns and sets the results of the others.
func (l *Log) partition(records []Record, out []Appended, choose func(*Record) int) []*pending {
	var parts []*pending
	for i := range records {
		r := &records[i]
		if out[i].Err = l.checkRecord(r); out[i].Err != nil {
			continue
		}
		partition := choose(r)
		at := slices.IndexFunc(parts, func(p *pending) bool { return p.partition == partition })
		if at < 0 {
			at = len(parts)
			parts = append(parts, &pending{partition: partition, done: make(chan struct{})})
		}
		parts[at].index = append(parts[at].index, i)
		parts[at].records = append(parts[at].records, r)
	}
	for _, p := range parts {
		p.results = make([]Appended, len(p.records))
	}
	return parts
}

// checkRecord returns an error when the log does not take the record.
func (l *Log) checkRecord(r *Record) error {
	switch size := r.size(); {
	case len(r.Key) == 0:
		return ErrEmptyKey
	case size > l.maxRecord:
		return &TooLargeError{Size: size, Limit: l.maxRecord}
	}
	return nil
}

// pending is the share of one Append call in one partition. Its fields belong to the lane's lock from enqueue until
// done is closed or the call abandons it.
type pending struct {
	partition int
	records   []*Record
	// index holds the place of each record in the call.
	index   []int
	results []Appended
	// encoded and settled count the records that were copied into a request and those that have a result.
	encoded, settled int
	done             chan struct{}
}

// fail gives err to every record that has no result yet.
func (p *pending) fail(err error) {
	for i := p.settled; i < len(p.results); i++ {
		p.results[i].Err = err
	}
	p.settled = len(p.results)
}

// notSent is the error of the records after one that failed with cause. It hides the kind of cause on purpose: cause
// may be an unknown outcome, and that of these records is known.
func notSent(cause error) error {
	return fmt.Errorf("%w: an earlier record failed: %s", ErrNotSent, cause.Error())
}
