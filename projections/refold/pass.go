package refold

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// Pass is what some shares of a partition were folded into.
type Pass struct {
	// Partition is the partition, and End the offset before which all its records were read.
	Partition int
	End       int64
	// From and To are the shares of the pass: From and those above it below To.
	From, To int
	// Last is the fingerprint of the last record, and Recorded when it was recorded.
	Last     uint64
	Recorded domain.Instant

	options *Options
	shares  []*share
	control control
	warned  bool
}

// control reads control records only as far as to see which shares they concern.
type control struct {
	decoder *domain.Decoder
	event   domain.Event
}

func newPass(ctx context.Context, o *Options, log Log, partition int, end int64, from, to int) (*Pass, error) {
	p := &Pass{Partition: partition, End: end, From: from, To: to, options: o, control: control{decoder: domain.NewDecoder()}}
	for number := from; number < to; number++ {
		s, err := newShare(ctx, number, o, log, partition)
		if err != nil {
			return nil, err
		}
		p.shares = append(p.shares, s)
	}
	return p, nil
}

// Stores returns the memory stores of the shares. The streams and counts of each are in its partition 0.
func (p *Pass) Stores() []*memview.Store {
	stores := make([]*memview.Store, len(p.shares))
	for i, s := range p.shares {
		stores[i] = s.Store
	}
	return stores
}

// Has reports whether the stream belongs to the shares of the pass.
func (p *Pass) Has(id string) bool {
	n := ShareOf(id)
	return n >= p.From && n < p.To
}

// Contents returns what the share of a stream was folded into, nil when the share is none of the pass.
func (p *Pass) Contents(id string) (*memview.Contents, error) {
	if !p.Has(id) {
		return nil, nil
	}
	return p.shares[ShareOf(id)-p.From].Contents(0)
}

// Bytes returns about how much memory the streams of the pass take.
func (p *Pass) Bytes() int64 {
	var total int64
	for _, s := range p.shares {
		total += s.bytes
	}
	return total
}

// Newest returns the newest occurred_at that was accepted in the shares of the pass, or the newest tick.
func (p *Pass) Newest() domain.Instant {
	var newest domain.Instant
	for _, s := range p.shares {
		newest = max(newest, s.at.Newest)
	}
	return newest
}

// read folds the records of the partition up to the end.
func (p *Pass) read(ctx context.Context, log Log) error {
	if p.End == 0 {
		return nil
	}
	for batch, err := range log.Follow(ctx, p.Partition, 0, eventstore.FollowOptions{Until: p.End, WindowBytes: p.options.WindowBytes}) {
		if err != nil {
			return err
		}
		if len(batch.Records) == 0 {
			continue
		}
		if err := p.fold(ctx, batch.Records); err != nil {
			return err
		}
		last := &batch.Records[len(batch.Records)-1]
		p.Last, p.Recorded = projections.Fingerprint(last), domain.InstantOf(last.RecordedAt)
		p.giveUp(ctx, last.Offset+1)
		if p.options.Progress != nil {
			p.options.Progress(Progress{Partition: p.Partition, From: p.From, To: p.To, Next: last.Offset + 1, End: p.End})
		}
	}
	for _, s := range p.shares {
		s.release()
	}
	return nil
}

// fold hands the records to their shares. The order of records is kept within each share.
func (p *Pass) fold(ctx context.Context, records []eventstore.Record) error {
	for i := range records {
		r := &records[i]
		if string(r.Key) == domain.ControlSubject {
			if err := p.flush(ctx); err != nil {
				return err
			}
			if err := p.foldControl(ctx, records[i:i+1]); err != nil {
				return err
			}
			continue
		}
		if n := shareOfKey(r.Key); n >= p.From && n < p.To && (p.options.Only == nil || p.options.Only(r.Key)) {
			p.shares[n-p.From].keep(r)
		}
	}
	return p.flush(ctx)
}

// flush folds the records that wait. The shares are folded at the same time, so that one partition keeps the processors
// busy, be it the only one or the others being written.
func (p *Pass) flush(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, s := range p.shares {
		if len(s.group) > 0 {
			group.Go(func() error { return s.flush(ctx) })
		}
	}
	return group.Wait()
}

// foldControl hands a control record to every share. A tick that fires no timer of a share would do nothing there but
// move its newest instant, for which one share is enough.
func (p *Pass) foldControl(ctx context.Context, record []eventstore.Record) error {
	until, tick := p.control.tick(&record[0])
	for i, s := range p.shares {
		if tick && i > 0 {
			due, err := s.Due(0)
			if err != nil {
				return err
			}
			if due == 0 || due > until {
				continue
			}
		}
		if err := s.fold(ctx, record); err != nil {
			return err
		}
	}
	return nil
}

// tick returns the instant of a tick, or that the record is none that can be read.
func (c *control) tick(r *eventstore.Record) (domain.Instant, bool) {
	if err := wire.Decode(&c.event, r.Key, r.Value, r.Headers); err != nil {
		return 0, false
	}
	_, data, err := c.decoder.DecodeEvent(&c.event)
	if err != nil {
		return 0, false
	}
	d, ok := data.(*domain.ClockTicked)
	if !ok {
		return 0, false
	}
	return d.At, true
}

// giveUp leaves the highest shares to a later pass when all of them together will take more memory than allowed, down to
// three quarters of it: the earlier, the less is folded in vain. The lowest share is never given up. next of the records
// were read.
func (p *Pass) giveUp(ctx context.Context, next int64) {
	// The first records may be unlike the others.
	ahead := 0.0
	if next >= p.End/16 {
		ahead = float64(p.End-next) / float64(next)
	}
	var total int64
	for _, s := range p.shares {
		total += s.expected(ahead)
	}
	if p.options.Memory <= 0 || total <= p.options.Memory {
		return
	}
	for p.To > p.From+1 && total > p.options.Memory/4*3 {
		p.To--
		total -= p.shares[p.To-p.From].expected(ahead)
		p.shares[p.To-p.From] = nil
		p.shares = p.shares[:p.To-p.From]
	}
	if total > p.options.Memory && !p.warned {
		p.warned = true
		p.options.Logger.LogAttrs(ctx, slog.LevelWarn, "one share takes more memory than allowed",
			slog.Int("partition", p.Partition), slog.Int("share", p.From), slog.Int64("bytes", total))
	}
}

func (p *Pass) wrap(err error) error {
	return fmt.Errorf("fold shares %d to %d of partition %d: %w", p.From, p.To-1, p.Partition, err)
}
