package verify

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/refold"
)

// stored is views at one moment whose rows can be read; see pgview.Snapshot.
type stored interface {
	Positions() eventstore.Positions
	AsOf() domain.Instant
	Digest(ctx context.Context) (projections.Digest, error)
	Sample(ctx context.Context, size int) ([]projections.StreamView, error)
	Compare(ctx context.Context, pass *refold.Pass, report pgview.Report) (int64, error)
	CompareStream(ctx context.Context, pass *refold.Pass, id string, report pgview.Report) error
	CompareQuarantine(ctx context.Context, pass *refold.Pass, report pgview.Report) error
	ComparePartition(ctx context.Context, partition int, want *refold.Total, report pgview.Report) error
}

// Rows compares every row of stored views with a fold of the log up to their positions. fold is under the policy with
// which the views began. With a sample only the rows of some streams are compared, each with a fold of the records in its
// posting list. It returns ErrAhead when the log is not that of the views.
func Rows(ctx context.Context, log Log, fold *projections.Fold, views stored, options Options) (*Report, error) {
	v := &rowVerification{
		log: log, fold: fold, views: views, options: options.withDefaults(), totals: make(map[int]*refold.Total),
		report: &Report{Positions: views.Positions(), Differences: []refold.Difference{}},
	}
	run := v.whole
	if options.Sample > 0 {
		run = v.sample
	}
	if err := run(ctx); err != nil {
		return nil, fmt.Errorf("verify the views: %w", err)
	}
	return v.report, nil
}

// rowVerification compares rows with the log.
type rowVerification struct {
	log     Log
	fold    *projections.Fold
	views   stored
	options Options
	report  *Report

	mu     sync.Mutex
	sum    whole
	totals map[int]*refold.Total
}

func (v *rowVerification) whole(ctx context.Context) error {
	// A state that cannot be read has no digest; the comparison says whose it is.
	live, unreadable := v.views.Digest(ctx)
	err := foldAll(ctx, v.log, v.views.Positions(), refold.Options{
		Fold: v.fold, At: v.views.AsOf(), Memory: v.options.Memory, Progress: v.options.Progress, Logger: v.options.Logger,
	}, v.pass)
	if err != nil {
		return err
	}
	for p, total := range v.totals {
		if err := v.views.ComparePartition(ctx, p, total, v.report.add); err != nil {
			return err
		}
	}
	if unreadable != nil && v.report.Different == 0 {
		return unreadable
	}
	v.report.DigestLive = live.String()
	v.report.DigestLog = v.sum.standing(v.fold, v.views.AsOf(), v.views.Positions()).Digest.String()
	return nil
}

// pass compares what a pass holds and adds it to the sums.
func (v *rowVerification) pass(ctx context.Context, pass *refold.Pass) error {
	checked, err := v.views.Compare(ctx, pass, v.report.add)
	if err != nil {
		return err
	}
	if err := v.views.CompareQuarantine(ctx, pass, v.report.add); err != nil {
		return err
	}
	v.report.checked(checked)
	v.mu.Lock()
	defer v.mu.Unlock()
	total := v.totals[pass.Partition]
	if total == nil {
		total = new(refold.Total)
		v.totals[pass.Partition] = total
	}
	if err := total.Add(pass); err != nil {
		return err
	}
	return v.sum.add(pass)
}

// sampled is how many streams of a sample are folded at a time.
const sampled = 4

func (v *rowVerification) sample(ctx context.Context) error {
	if err := check(ctx, v.log, v.views.Positions()); err != nil {
		return err
	}
	streams, err := v.views.Sample(ctx, v.options.Sample)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sampled)
	for i := range streams {
		group.Go(func() error { return v.stream(ctx, &streams[i]) })
	}
	return group.Wait()
}

// stream compares one stream with a fold of its posting list.
func (v *rowVerification) stream(ctx context.Context, s *projections.StreamView) error {
	offsets := slices.Concat(s.Offsets, s.Control)
	slices.Sort(offsets)
	records, err := v.log.Read(ctx, s.Partition, slices.Compact(offsets))
	if err != nil {
		return err
	}
	records = slices.DeleteFunc(records, func(r eventstore.Record) bool {
		return string(r.Key) != s.ID && string(r.Key) != domain.ControlSubject
	})
	pass, err := refold.Stream(ctx, v.log, s.Partition, s.ID, records, refold.Options{Fold: v.fold, At: v.views.AsOf()})
	if err != nil {
		return err
	}
	v.report.checked(1)
	return v.views.CompareStream(ctx, pass, s.ID, v.report.add)
}
