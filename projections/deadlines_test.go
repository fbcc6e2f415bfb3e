package projections_test

import (
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

func TestAStreamThatNobodyAnswersDoesNotGrow(t *testing.T) {
	t.Parallel()
	b := newDeadlineLife()
	for i := range 1000 {
		b.apply(i, &deadlineAct{kind: "elapsed", id: fmt.Sprint(i), at: monday + domain.Instant(i)*domain.Minute, starts: true})
	}
	b.silence(monday + 2*domain.Day)
	cases := b.customer.Cases(projections.CaseDeadline)
	if len(cases) != 256 {
		t.Errorf("%d deadlines are waited for", len(cases))
	}
	for _, c := range cases {
		if c.Opened < monday+744*domain.Minute {
			t.Errorf("%s of %s is waited for, and a newer one is not", c.ID, c.Opened)
		}
	}
	if got := b.cells()["elapsed"]; got[started] != 1000 || got[missed] != 1000 {
		t.Errorf("counted %v", *got)
	}
	for i := range 20 {
		b.apply(2000+i, &deadlineAct{kind: "dated", id: fmt.Sprint(i), at: monday + 2*domain.Day})
	}
	if n := len(b.customer.AppendState(nil)); n > 60_000 {
		t.Errorf("the state has %d bytes", n)
	}
}

// A store rewrites the rows of the cases that a fold names: every case that came, changed or went is among them.
func TestEveryChangeOfACaseOfADeadlineIsNamed(t *testing.T) {
	t.Parallel()
	policy, err := domain.ParsePolicy([]byte("deadlines: {complaint: {within: 1h}, terms: {stop: {}}}"))
	if err != nil {
		t.Fatal(err)
	}
	fold, decoder := projections.NewFold(policy), domain.NewDecoder()
	c := projections.NewCustomer("c-1")
	shown := func() map[string]string {
		all := make(map[string]string)
		for _, x := range c.Cases(projections.CaseDeadline) {
			all[x.ID] = jsonOf(t, x)
		}
		return all
	}
	check := func(step string, work func(out *projections.Effects)) {
		before := shown()
		var out projections.Effects
		work(&out)
		named := make(map[string]bool)
		for _, ref := range out.Cases {
			named[ref.ID] = named[ref.ID] || ref.Kind == projections.CaseDeadline && ref.Customer == "c-1"
		}
		after := shown()
		for id := range after {
			if before[id] != after[id] && !named[id] {
				t.Errorf("%s: %s became %s and is not named", step, before[id], after[id])
			}
		}
		for id := range before {
			if after[id] == "" && !named[id] {
				t.Errorf("%s: %s went and is not named", step, id)
			}
		}
	}
	at := monday
	for i, e := range []struct{ typ, data, unit string }{
		{"complaint.filed", `{"complaint_id":"k1"}`, "north"},
		{"inquiry.received", `{"inquiry_id":"i1"}`, ""},
		{"customer.owner_assigned", `{"employee":"li"}`, ""},
		{"customer.owner_assigned", `{"employee":"wang"}`, ""},
		{"customer.owner_released", `{"employee":"li"}`, ""},
		{"complaint.handed_over", `{"complaint_id":"k1","to":"chen"}`, ""},
		{"complaint.handover_accepted", `{"complaint_id":"k1"}`, ""},
		{"terms.granted", `{"terms_id":"t1","expires_at":"2026-03-02T00:30:00Z"}`, "south"},
		{"complaint.reopened", `{"complaint_id":"k1"}`, ""},
		{"complaint.resolved", `{"complaint_id":"k1"}`, ""},
		{"inquiry.answered", `{"inquiry_id":"i1"}`, ""},
	} {
		at += domain.Minute
		ev := &domain.Event{ID: fmt.Sprint("e", i), Type: e.typ, Subject: "c-1", Time: at, OrgUnit: e.unit, Data: []byte(e.data)}
		typ, _ := domain.Lookup(e.typ)
		data, err := decoder.Decode(typ, ev.Data)
		if err != nil {
			t.Fatal(err)
		}
		check(e.typ, func(out *projections.Effects) { fold.Apply(c, &projections.Entry{Event: ev, Data: data}, out) })
	}
	check("silence", func(out *projections.Effects) { fold.Advance(c, at+domain.Day, out) })
	without, err := domain.ParsePolicy([]byte("deadlines: {complaint_follow_up: {off: true}, terms: {off: true}}"))
	if err != nil {
		t.Fatal(err)
	}
	check("another policy", func(out *projections.Effects) {
		if !projections.NewFold(without).Reconsider(c, at+domain.Day, out) {
			t.Error("the policy took deadlines away and changed nothing")
		}
	})
	if left := shown(); len(left) != 0 {
		t.Errorf("left are %v", left)
	}
}

// BenchmarkAComplaintFromFilingToFollowUp folds three events, of which each starts or stops a deadline.
func BenchmarkAComplaintFromFilingToFollowUp(b *testing.B) {
	fold, decoder := projections.NewFold(domain.DefaultPolicy()), domain.NewDecoder()
	var out projections.Effects
	ev := domain.Event{Subject: "c-1", Time: monday}
	b.ReportAllocs()
	for b.Loop() {
		c := projections.NewCustomer("c-1")
		for _, e := range []struct{ typ, data string }{
			{"complaint.filed", `{"complaint_id":"k1"}`},
			{"complaint.resolved", `{"complaint_id":"k1"}`},
			{"complaint.followed_up", `{"complaint_id":"k1","channel":"phone"}`},
		} {
			ev.ID, ev.Type, ev.Data = e.typ, e.typ, []byte(e.data)
			ev.Time += domain.Minute
			typ, _ := domain.Lookup(e.typ)
			data, err := decoder.Decode(typ, ev.Data)
			if err != nil {
				b.Fatal(err)
			}
			fold.Apply(c, &projections.Entry{Event: &ev, Data: data}, &out)
		}
		out.Reset()
	}
}
