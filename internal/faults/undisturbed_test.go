package faults

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/demo"
	"github.com/rapport-crm/rapport/internal/outputs"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// historyPolicy is the policy for a history, which has its clock in itself: nodes add no ticks to it.
const historyPolicy = "clock: events\n"

// The dealer group of a history, and the day on which it ends. In a year warnings are raised, escalate and are cleared,
// deadlines are missed, and customers leave.
const (
	historyCustomers = 100
	historyDays      = 365
)

var historyEnd = domain.InstantOf(time.Date(2026, time.July, 1, 0, 0, 0, 0, time.UTC))

// chapter is a part of a history: records by partition.
type chapter [partitions][]eventstore.Record

// history returns the life of a dealer group in so many chapters of the same length, with a tick in every partition at the
// end of each day.
func history(t *testing.T, seed uint64, chapters int, partitionOf func([]byte) int) []chapter {
	t.Helper()
	world, err := demo.New(demo.Options{Customers: historyCustomers, Days: historyDays, Seed: seed, End: historyEnd})
	if err != nil {
		t.Fatal(err)
	}
	all := make([]chapter, chapters)
	day := 0
	add := func(p int, ev *domain.Event) {
		c := &all[day*chapters/historyDays]
		c[p] = append(c[p], eventstore.Record{Key: []byte(ev.Subject), Value: wire.Encode(nil, ev), Headers: wire.Headers()})
	}
	for ev := range world.Events() {
		for day < historyDays-1 {
			evening := historyEnd - domain.Instant(historyDays-1-day)*domain.Day
			if ev.Time < evening {
				break
			}
			for p := range partitions {
				add(p, tickAt(evening))
			}
			day++
		}
		add(partitionOf([]byte(ev.Subject)), &ev)
	}
	return all
}

// tickAt returns the control record that tells a partition what time it is.
func tickAt(at domain.Instant) *domain.Event {
	return &domain.Event{
		ID: "tick-" + at.String(), Source: "rapport", Type: "clock.ticked", Subject: domain.ControlSubject, Time: at,
		ExpectedVersion: domain.NoExpectation, Data: fmt.Appendf(nil, `{"at":%q}`, at),
	}
}

// undisturbed returns what one fold tells that reads the log up to the given ends from its beginning.
func undisturbed(ctx context.Context, log *eventstore.Log, ends eventstore.Positions) (*ledger, error) {
	policy, err := domain.ParsePolicy([]byte(historyPolicy))
	if err != nil {
		return nil, err
	}
	told := newLedger()
	fold := projections.NewFold(policy)
	folder := projections.NewFolder(fold, memview.New(fold, log.Partitions()), projections.FolderOptions{
		PartitionOf: log.PartitionOf,
		Outlet:      outputs.NewPublisher(told, outputs.Options{Origin: fmt.Sprintf("%s.%d", policy.Digest(), projections.StateFormat)}),
	})
	for p, end := range ends {
		at, err := folder.Claim(ctx, p)
		if err != nil {
			return nil, err
		}
		for batch, err := range log.Follow(ctx, p, 0, eventstore.FollowOptions{Until: end}) {
			if err != nil {
				return nil, err
			}
			if at, err = folder.Fold(ctx, at, batch.Records); err != nil {
				return nil, err
			}
		}
	}
	return told, nil
}

// Publish takes in what a fold tells.
func (l *ledger) Publish(_ context.Context, _ string, records []eventstore.Record) error {
	for i := range records {
		l.take(records[i].Value)
	}
	return nil
}
