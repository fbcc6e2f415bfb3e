package projections_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// followUpCells folds events of one customer and returns the cells of follow-ups.
func followUpCells(events []projections.Entry) []projections.CellCount {
	var out projections.Effects
	c := projections.NewCustomer("c")
	for i := range events {
		defaultFold.Apply(c, &events[i], &out)
		// What is not kept in the state must not count.
		if err := c.LoadState(c.AppendState(nil)); err != nil {
			panic(err)
		}
	}
	sum := projections.CellSum{}
	for cell, n := range out.Rollups.Cells {
		if cell.Kind == projections.CellFollowUp {
			sum.AddCount(cell, n)
		}
	}
	return sum.Sorted()
}

func TestFollowUpsCountTheSameInAnyOrderOfRecording(t *testing.T) {
	t.Parallel()
	at := domain.InstantOf(time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC))
	rapid.Check(t, func(t *rapid.T) {
		var events []projections.Entry
		add := func(day int, data any) {
			ev := &domain.Event{ID: fmt.Sprint("e", len(events)), Subject: "c", OrgUnit: "b/r/d1", Time: at + domain.Instant(day)*domain.Day}
			events = append(events, projections.Entry{Event: ev, Data: data})
		}
		for i := range rapid.IntRange(1, 4).Draw(t, "handovers") {
			add(10*i, &domain.DeliveryHandedOver{DeliveryID: fmt.Sprint("d", i)})
		}
		for range rapid.IntRange(0, 8).Draw(t, "follow-ups") {
			of, day := fmt.Sprint("d", rapid.IntRange(0, 4).Draw(t, "of")), rapid.IntRange(0, 60).Draw(t, "day")
			reached := rapid.SampledFrom([]*bool{nil, new(true), new(false)}).Draw(t, "reached")
			if rapid.Bool().Draw(t, "in vain") {
				add(day, &domain.FollowUpAttempted{Of: of, Channel: domain.ChannelPhone, Reached: reached})
			} else {
				add(day, &domain.FollowUpCompleted{Of: of, Channel: domain.ChannelEmail, Reached: reached, Employee: "e-1"})
			}
		}
		want := followUpCells(slices.Clone(events))
		if got := followUpCells(rapid.Permutation(events).Draw(t, "order")); !slices.Equal(got, want) {
			t.Fatalf("cells\n%v\nwant\n%v", got, want)
		}
	})
}

func TestCoverageIsWhatWasFollowedUpOfWhatWasHandedOver(t *testing.T) {
	t.Parallel()
	cell := func(employee, channel string, counts map[int]int64) projections.CellCount {
		c := projections.CellCount{Cell: projections.Cell{Kind: projections.CellFollowUp, Month: 2026 * 12, Unit: "b/r/d1", Employee: employee}}
		c.Names = [4]string{"handover", channel}
		for slot, n := range counts {
			c.Counts[slot] = n
		}
		return c
	}
	calls := map[int]int64{
		projections.FollowUpAttempts: 4, projections.FollowUpCompletions: 8, projections.FollowUpReached: 7,
		projections.FollowUpSatisfied: 3, projections.FollowUpDissatisfied: 3,
	}
	other := cell("", "", map[int]int64{projections.FollowUpDue: 5})
	other.Unit, other.Month = "b/r/d2", other.Month+1
	view := &projections.CellView{Policy: domain.DefaultPolicy(), Cells: []projections.CellCount{
		cell("", "", map[int]int64{
			projections.FollowUpDue: 10, projections.FollowUpTried: 9, projections.FollowUpDone: 8, projections.FollowUpHeard: 7,
		}),
		cell("", "phone", calls), cell("e-1", "phone", calls), other,
	}}
	r := projections.NewFollowUpReport(view, &projections.FollowUpFilter{})
	if len(r.Kinds) != 1 || len(r.Units) != 2 || len(r.Months) != 2 || len(r.Channels) != 1 || len(r.Employees) != 1 {
		t.Fatalf("report %s", jsonOf(t, r))
	}
	if k := r.Kinds[0]; k.Due != 15 || k.Outstanding != 7 || k.Unreachable != 2 || k.Coverage.Count != 15 || *k.Coverage.Value != 8./15 {
		t.Errorf("all handovers %s", jsonOf(t, k))
	}
	if u := r.Units[0]; u.OrgUnit != "b/r/d1" || *u.Coverage.Value != 0.8 || *r.Units[1].Coverage.Value != 0 {
		t.Errorf("by unit %s", jsonOf(t, r.Units))
	}
	if c := r.Channels[0]; c.Channel != "phone" || c.Unreached != 5 || *c.Satisfied.Value != 0.5 || r.Employees[0].Completed != 8 {
		t.Errorf("by channel %s", jsonOf(t, r.Channels))
	}
	one := projections.NewFollowUpReport(view, &projections.FollowUpFilter{OrgUnit: "b/r/d2"})
	if len(one.Kinds) != 1 || one.Kinds[0].Due != 5 || len(one.Channels) != 0 {
		t.Errorf("one unit %s", jsonOf(t, one))
	}
}

func TestTheStateOfFollowUpsIsBounded(t *testing.T) {
	t.Parallel()
	var out projections.Effects
	c := projections.NewCustomer("c")
	var length int
	for i := range 700 {
		at := domain.Instant(63900000000+i) * domain.Second
		for j, data := range []any{
			&domain.ServiceCompleted{RequestID: fmt.Sprint("r", i)},
			&domain.FollowUpCompleted{Of: fmt.Sprint("nothing", i), Channel: domain.ChannelPhone},
		} {
			ev := &domain.Event{ID: fmt.Sprint("e", i, "-", j), Subject: "c", Time: at}
			defaultFold.Apply(c, &projections.Entry{Event: ev, Data: data}, &out)
		}
		if i == 350 {
			length = len(c.AppendState(nil))
		}
	}
	if now := len(c.AppendState(nil)); now > length+64 {
		t.Errorf("the state has %d bytes after 700 services and %d after 350", now, length)
	}
}
