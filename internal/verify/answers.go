package verify

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

// answers is what is asked of views that cannot be read but through their queries, such as those of a running server.
type answers interface {
	Summary(ctx context.Context) (*projections.Summary, error)
	Customers(ctx context.Context, filter projections.CustomerFilter) (*projections.CustomerPage, error)
}

// attempts is how often a list is read anew because the views moved meanwhile.
const attempts = 10

// Answers compares what views answer with a fold of the log up to the positions of the answers. fold is under the policy
// with which the views began. The digest of the whole is compared first; when it differs, the list of customers is read
// and compared customer by customer. It returns ErrMoving when that list never was of one moment, ErrAhead when the log
// is not that of the views.
func Answers(ctx context.Context, log Log, fold *projections.Fold, views answers, options Options) (*Report, error) {
	v := &verification{log: log, fold: fold, views: views, options: options.withDefaults()}
	report, err := v.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify the views: %w", err)
	}
	return report, nil
}

// verification compares answers with the log.
type verification struct {
	log     Log
	fold    *projections.Fold
	views   answers
	options Options
}

func (v *verification) run(ctx context.Context) (*Report, error) {
	if v.options.Sample > 0 {
		return v.compare(ctx)
	}
	s, err := v.views.Summary(ctx)
	if err != nil {
		return nil, err
	}
	var sum whole
	var mu sync.Mutex
	err = v.refold(ctx, s.Positions, s.AsOf, nil, func(_ context.Context, pass *refold.Pass) error {
		mu.Lock()
		defer mu.Unlock()
		return sum.add(pass)
	})
	if err != nil {
		return nil, err
	}
	st := sum.standing(v.fold, s.AsOf, s.Positions)
	had := v.fold.Summary(st)
	if had.Digest == s.Digest {
		return &Report{
			Checked: had.Customers, DigestLive: s.Digest, DigestLog: had.Digest, Positions: s.Positions,
			Differences: []refold.Difference{},
		}, nil
	}
	report, err := v.compare(ctx)
	if err != nil {
		return nil, err
	}
	report.DigestLive, report.DigestLog = s.Digest, had.Digest
	if equalPositions(report.Positions, s.Positions) {
		err = report.addFields(refold.Difference{Kind: "summary"}, s, had, "digest", "positions")
	}
	return report, err
}

// refold folds the log up to the given positions, with the given instant as "now".
func (v *verification) refold(ctx context.Context, ends eventstore.Positions, asOf domain.Instant, only func([]byte) bool, visit func(context.Context, *refold.Pass) error) error {
	return foldAll(ctx, v.log, ends, refold.Options{
		Fold: v.fold, At: asOf, Memory: v.options.Memory, Only: only, Progress: v.options.Progress, Logger: v.options.Logger,
	}, visit)
}

// compare compares the customers in the list of the views, or a sample of them, with those of the log.
func (v *verification) compare(ctx context.Context) (*Report, error) {
	list, err := v.read(ctx)
	if err != nil {
		return nil, err
	}
	report := &Report{Positions: list.at, Differences: []refold.Difference{}}
	var only func([]byte) bool
	if v.options.Sample > 0 {
		// The passes of one partition take customers out of the list while another partition is read.
		chosen := maps.Clone(list.items)
		only = func(id []byte) bool { _, found := chosen[string(id)]; return found }
	}
	var mu sync.Mutex
	err = v.refold(ctx, list.at, list.asOf, only, func(_ context.Context, pass *refold.Pass) error {
		mu.Lock()
		defer mu.Unlock()
		return list.comparePass(pass, report)
	})
	if err != nil {
		return nil, err
	}
	for id, item := range list.items {
		// What is left is not in the log.
		if err := report.addItem(v.log.PartitionOf([]byte(id)), id, item, nil); err != nil {
			return nil, err
		}
	}
	return report, nil
}

// comparePass compares the customers of a pass and takes them out of the list.
func (l *list) comparePass(pass *refold.Pass, report *Report) error {
	for _, store := range pass.Stores() {
		contents, err := store.Contents(0)
		if err != nil {
			return err
		}
		for c := range contents.Streams() {
			if !c.IsCustomer() || c.Events == 0 {
				continue
			}
			had := contents.Fold.Item(c, l.asOf)
			report.Checked++
			var shown *projections.CustomerItem
			if item, listed := l.items[c.ID]; listed {
				shown = &item
			}
			delete(l.items, c.ID)
			if err := report.addItem(pass.Partition, c.ID, shown, &had); err != nil {
				return err
			}
		}
	}
	return nil
}

// addItem adds a difference when the items of a customer differ; nil stands for an item that is absent.
func (r *Report) addItem(partition int, id string, live, log any) error {
	return r.addFields(refold.Difference{Partition: partition, Kind: "customer", ID: id}, live, log)
}

func (r *Report) addFields(d refold.Difference, live, log any, without ...string) (err error) {
	if d.Fields, err = fields(live, log, without...); err == nil && len(d.Fields) > 0 {
		r.add(d)
	}
	return err
}
