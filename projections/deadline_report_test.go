package projections_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// deadlineView returns what the stores return of the cells of some lives.
func deadlineView(filter projections.CellFilter, lives ...*deadlineLife) *projections.CellView {
	sum := make(projections.CellSum)
	for _, b := range lives {
		sum.Add(b.rollups.Cells, &filter)
	}
	return &projections.CellView{Policy: deadlineFold().Policy(), Cells: sum.Sorted()}
}

func TestTheShareOfDeadlinesKeptIsReported(t *testing.T) {
	t.Parallel()
	b := newDeadlineLife()
	// Ten hours each: six are done in time, one late, one never, and one still runs.
	for i := range 9 {
		begun := deadlineAct{kind: "elapsed", id: fmt.Sprint(i), at: monday + domain.Instant(i)*domain.Day, starts: true}
		b.apply(2*i, &begun)
		done := begun
		done.starts = false
		switch {
		case i < 6:
			done.at += 9 * domain.Hour
		case i == 6:
			done.at += 11 * domain.Hour
		default:
			continue
		}
		b.apply(2*i+1, &done)
	}
	var all projections.DeadlineFilter
	r := projections.NewDeadlineReport(deadlineView(all.Cells(), b), &all)
	if len(r.Kinds) != 1 || len(r.Units) != 1 || len(r.Months) != 1 || len(r.Employees) != 1 {
		t.Fatalf("got %s", jsonOf(t, r))
	}
	row := r.Kinds[0]
	if row.Kind != "elapsed" || row.Started != 9 || row.Running != 1 || row.Decided != 8 || row.Kept != 6 || row.Missed != 2 || row.Late != 1 {
		t.Errorf("got %s", jsonOf(t, row))
	}
	// Wilson's interval of 6 of 8, from its formula with z = 1.959964.
	if in := row.InTime; *in.Value != 0.75 || math.Abs(in.Interval.Low-0.4093) > 5e-5 || math.Abs(in.Interval.High-0.9285) > 5e-5 {
		t.Errorf("the share in time is %s", jsonOf(t, in))
	}
	// Nobody is known to be responsible for the misses; the seventh was late when it was missed already.
	if e := r.Employees[0]; e.Employee != "wang" || e.Kept != 6 || e.Decided != 6 {
		t.Errorf("got %s", jsonOf(t, e))
	}
	one := projections.DeadlineFilter{Employee: "wang"}
	r = projections.NewDeadlineReport(deadlineView(one.Cells(), b), &one)
	if row := r.Kinds[0]; row.Decided != 6 || row.Started != 0 || row.Running != 0 {
		t.Errorf("for one employee: %s", jsonOf(t, row))
	}
}

func TestAReportOnDeadlinesOfFewShowsNoShare(t *testing.T) {
	t.Parallel()
	b := newDeadlineLife()
	begun := deadlineAct{kind: "elapsed", id: "i", at: monday, starts: true}
	b.apply(1, &begun)
	var all projections.DeadlineFilter
	if r := projections.NewDeadlineReport(deadlineView(all.Cells(), b), &all); r.Kinds[0].InTime.Value != nil || r.Kinds[0].InTime.Suppressed {
		t.Errorf("of none: %s", jsonOf(t, r.Kinds[0]))
	}
	b.silence(monday + domain.Day)
	if r := projections.NewDeadlineReport(deadlineView(all.Cells(), b), &all); r.Kinds[0].InTime.Value != nil || !r.Kinds[0].InTime.Suppressed {
		t.Errorf("of one: %s", jsonOf(t, r.Kinds[0]))
	}
	none := projections.NewDeadlineReport(deadlineView(all.Cells()), &all)
	if none.Kinds == nil || none.Units == nil || none.Months == nil || none.Employees == nil {
		t.Errorf("a report on nothing has no lists: %s", jsonOf(t, none))
	}
}

// The rows by unit and by month sum to those by kind, over customers in any partition, and what runs is what is listed.
func TestTheRowsOfAReportOnDeadlinesSumUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lives := []*deadlineLife{newDeadlineLife(), newDeadlineLife()}
		running := make(map[string]int64)
		end := monday + 40*domain.Day
		for _, b := range lives {
			for i, a := range drawDeadlineActs(t) {
				b.apply(i, &a)
			}
			b.silence(end)
			for _, c := range b.customer.Cases(projections.CaseDeadline) {
				if c.StatusAt(end) != projections.CaseOverdue {
					running[c.Topic]++
				}
			}
		}
		var all projections.DeadlineFilter
		r := projections.NewDeadlineReport(deadlineView(all.Cells(), lives...), &all)
		want := make(map[string][4]int64)
		for _, row := range r.Kinds {
			want[row.Kind] = [4]int64{row.Started, row.Kept, row.Missed, row.Running}
			if row.Running != running[row.Kind] {
				t.Fatalf("%d of kind %s run, listed are %d", row.Running, row.Kind, running[row.Kind])
			}
		}
		for _, rows := range [][]projections.DeadlineRow{r.Units, r.Months} {
			got := make(map[string][4]int64)
			for _, row := range rows {
				sum := got[row.Kind]
				for i, n := range [4]int64{row.Started, row.Kept, row.Missed, row.Running} {
					sum[i] += n
				}
				got[row.Kind] = sum
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("the rows sum to %v, want %v", got, want)
			}
		}
	})
}
