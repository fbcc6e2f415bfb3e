package projections_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

func TestComplaintsAreTheSameInWhateverOrderTheirEventsAreRecorded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := drawComplaints(t, 3, true)
		ordersAreEqual(t, events)
	})
}

func TestOneComplaintIsTheSameInWhateverOrderEventsWithoutItsIDAreRecorded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := drawComplaints(t, 1, false)
		ordersAreEqual(t, events)
	})
}

func ordersAreEqual(t *rapid.T, events []complaintEvent) {
	var inOrder, shuffled projections.Effects
	want := shownComplaints(t, foldComplaints(events, &inOrder), &inOrder)
	again := rapid.Permutation(events).Draw(t, "recorded")
	equal(t, shownComplaints(t, foldComplaints(again, &shuffled), &shuffled), want)
}

func TestNoOrderOfEventsLosesAComplaintOrLeavesAnImpossibleState(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.Permutation(drawComplaints(t, 3, true)).Draw(t, "recorded")
		steps := make(map[string]string)
		for _, x := range events {
			steps[x.id] = x.complaint
		}
		var out projections.Effects
		c := foldComplaints(events, &out)
		matters := make(map[string]bool)
		for _, m := range c.Matters.Open {
			matters[string(m.Kind)+m.ID] = true
		}
		for _, x := range c.Cases(projections.CaseComplaint) {
			d, err := x.Complaint()
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range d.Steps {
				if steps[s.Event] != x.ID || i > 0 && s.At < d.Steps[i-1].At {
					t.Fatalf("step %d of complaint %s: %+v", i, x.ID, s)
				}
				delete(steps, s.Event)
			}
			if fault := impossible(&x, d); fault != "" {
				t.Fatalf("complaint %s: %s\n%s", x.ID, fault, x.Detail)
			}
			filed, open := d.FiledAt != 0, x.Ended == 0
			followUpDue := filed && !open && len(d.Rounds[len(d.Rounds)-1].FollowUps) == 0
			if matters["complaint"+x.ID] != (filed && open) || matters["follow_up"+x.ID] != followUpDue {
				t.Fatalf("complaint %s: open matters %v\n%s", x.ID, matters, x.Detail)
			}
		}
		if len(steps) != 0 {
			t.Fatalf("lost: %v", steps)
		}
	})
}

// impossible says what of a complaint cannot be.
func impossible(x *projections.Case, d *projections.ComplaintDetail) string {
	open, running := x.Ended == 0, 0
	for i, r := range d.Rounds {
		last := i == len(d.Rounds)-1
		if r.ResolvedAt != 0 && r.ResolvedAt < r.OpenedAt || (r.ResolvedAt == 0) != (last && open) || !last && d.Rounds[i+1].OpenedAt < r.ResolvedAt {
			return fmt.Sprintf("round %d", i)
		}
		for _, f := range r.FollowUps {
			if f.At < r.ResolvedAt {
				return "followed up before it was resolved"
			}
		}
	}
	for i, h := range d.Custody.Holdings {
		if h.To == 0 {
			running++
		} else if h.To < h.From || i+1 < len(d.Custody.Holdings) && d.Custody.Holdings[i+1].From < h.To {
			return fmt.Sprintf("holding %d", i)
		}
	}
	closed := d.Status == projections.StepResolved || d.Status == projections.StepFollowedUp
	filed := d.FiledAt != 0
	switch {
	case filed != (d.Status != projections.StepNotFiled):
		return "status without filing"
	case filed && closed == open:
		return "status and end differ"
	case running > 1 || running == 1 && !open:
		return "holdings that run"
	case d.Custody.Pending && running != 1:
		return "a hand-over is pending with nobody"
	case d.Custody.Orphaned != (open && x.Holder == "") || open && x.Holder != "" && running != 1:
		return "orphaned"
	case d.Reopened != max(0, len(d.Rounds)-1) || d.Custody.Returned > d.Custody.HandedOver:
		return "counts"
	}
	return ""
}

func TestComplaintsComeBackFromTheirBinaryForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var out projections.Effects
		want := foldComplaints(drawComplaints(t, 3, false), &out)
		state := want.AppendState(nil)
		got := projections.NewCustomer("c")
		if err := got.LoadState(state); err != nil {
			t.Fatal(err)
		}
		equal(t, shownComplaints(t, got, &out), shownComplaints(t, want, &out))
		if again := got.AppendState(nil); string(again) != string(state) {
			t.Fatalf("state %x became %x", state, again)
		}
	})
}

func TestAnEarlierCopyKeepsItsComplaints(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.Permutation(drawComplaints(t, 2, false)).Draw(t, "recorded")
		var out projections.Effects
		cut := rapid.IntRange(0, len(events)).Draw(t, "cut")
		c := foldComplaints(events[:cut], &out)
		earlier := *c
		before := string(earlier.AppendState(nil))
		for i := range events[cut:] {
			x := &events[cut+i]
			ev := &domain.Event{ID: x.id, Type: x.typ, Subject: "c", Time: x.at}
			complaintFold.Apply(c, &projections.Entry{Event: ev, Data: x.data}, &out)
		}
		if after := string(earlier.AppendState(nil)); after != before {
			t.Fatalf("state %x became %x", before, after)
		}
	})
}

func TestStepsThatNeverFindAFilingDoNotPileUp(t *testing.T) {
	t.Parallel()
	var events []complaintEvent
	for i := range 200 {
		events = append(events, complaintEvent{
			at: domain.Instant(i+1) * domain.Day, typ: "complaint.acknowledged", id: fmt.Sprintf("e%03d", i),
			data: &domain.ComplaintAcknowledged{Employee: "E1"},
		})
	}
	var out projections.Effects
	some := len(foldComplaints(events[:100], &out).AppendState(nil))
	all := len(foldComplaints(events, &out).AppendState(nil))
	if all > some+64 {
		t.Errorf("the state grew from %d to %d bytes", some, all)
	}
}

func TestEachStepOfAComplaintHasANameThatIsReadBack(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for s := projections.StepNotFiled; s.String() != "unknown"; s++ {
		var back projections.ComplaintStep
		if err := back.UnmarshalText([]byte(s.String())); err != nil || back != s || seen[s.String()] {
			t.Errorf("%s: read back as %s, %v", s, back, err)
		}
		seen[s.String()] = true
	}
	if len(seen) != 18 {
		t.Errorf("%d names", len(seen))
	}
	if err := new(projections.ComplaintStep).UnmarshalText([]byte("unheard_of")); err == nil {
		t.Error("a name that no step has was read")
	}
}
