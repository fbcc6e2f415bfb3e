package projections_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// life folds events and checks that every change of a case of any kind is named.
type life struct {
	t       *testing.T
	fold    *projections.Fold
	c       *projections.Customer
	decoder *domain.Decoder
	n       int
	out     []projections.Output
	rollups projections.Rollups
}

func newLife(t *testing.T, policy string) *life {
	t.Helper()
	p, err := domain.ParsePolicy([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	return &life{t: t, fold: projections.NewFold(p), c: projections.NewCustomer("c-1"), decoder: domain.NewDecoder()}
}

func (l *life) shown() map[projections.CaseRef]string {
	all := map[projections.CaseRef]string{}
	for _, kind := range projections.CaseKinds() {
		for _, x := range l.c.Cases(kind) {
			all[projections.CaseRef{Customer: l.c.ID, Kind: kind, ID: x.ID}] = jsonOf(l.t, x)
		}
	}
	return all
}

func (l *life) work(step string, work func(out *projections.Effects)) {
	l.t.Helper()
	before := l.shown()
	var out projections.Effects
	out.Publish()
	work(&out)
	named := map[projections.CaseRef]bool{}
	for _, r := range out.Cases {
		named[r] = true
	}
	after := l.shown()
	for ref, text := range after {
		if before[ref] != text && !named[ref] {
			l.t.Errorf("%s: %v became\n%s from\n%s\nand is not named", step, ref, text, before[ref])
		}
	}
	for ref := range before {
		if after[ref] == "" && !named[ref] {
			l.t.Errorf("%s: %v went and is not named", step, ref)
		}
	}
	l.out = append(l.out, out.Outputs...)
	l.rollups.Add(&out.Rollups)
}

func (l *life) event(at domain.Instant, typ, data string) {
	l.t.Helper()
	l.n++
	ev := &domain.Event{ID: fmt.Sprint("e", l.n), Source: "test", Type: typ, Subject: l.c.ID, Time: at, Data: []byte(data)}
	e := &projections.Entry{Event: ev}
	if known, ok := domain.Lookup(typ); ok {
		d, err := l.decoder.Decode(known, ev.Data)
		if err != nil {
			l.t.Fatal(err)
		}
		e.Data = d
	}
	l.work(typ, func(out *projections.Effects) { l.fold.Apply(l.c, e, out) })
}

func TestAPolicyThatEndsTheDeadlineOfAComplaintNamesTheComplaint(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	l.event(monday, "complaint.filed", `{"complaint_id":"k1"}`)
	p, _ := domain.ParsePolicy([]byte("version: v2\ndeadlines: {complaint: {off: true}}"))
	l.work("policy", func(out *projections.Effects) { projections.NewFold(p).Reconsider(l.c, monday+domain.Hour, out) })
}

func TestADeadlineThatOtherEventsRunForAComplaintNamesTheComplaint(t *testing.T) {
	t.Parallel()
	l := newLife(t, "version: x\ndeadlines: {complaint: {stop: {complaint.resolved: \"\"}}}")
	l.event(monday, "complaint.filed", `{"complaint_id":"k1"}`)
	l.event(monday+1, "complaint.filed", `{"complaint_id":"k2"}`)
	p, err := domain.ParsePolicy([]byte("version: v2\ndeadlines: {complaint: {start: {inquiry.received: inquiry_id}, stop: {inquiry.answered: inquiry_id}}}"))
	if err != nil {
		t.Fatal(err)
	}
	l.work("policy", func(out *projections.Effects) { projections.NewFold(p).Reconsider(l.c, monday+domain.Hour, out) })
	l.fold = projections.NewFold(p)
	l.event(monday+domain.Hour, "inquiry.received", `{"inquiry_id":"k1"}`)
	l.event(monday+2*domain.Hour, "inquiry.answered", `{"inquiry_id":"k1"}`)
}

func TestAResolutionThatALateFilingClaimsStopsTheDeadline(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	l.event(monday+3*domain.Hour, "complaint.resolved", `{}`)
	l.event(monday+2*domain.Hour, "complaint.filed", `{"complaint_id":"k1"}`)
	l.event(monday+domain.Day, "complaint.followed_up", `{"complaint_id":"k1","channel":"phone"}`)
	l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, monday+30*domain.Day, out) })
	for _, o := range l.out {
		if o.Topic == projections.TopicService {
			t.Errorf("%s %+v", o.Type, o.Data)
		}
	}
	for _, x := range l.c.Cases(projections.CaseDeadline) {
		t.Errorf("deadline %s", x.ID)
	}
}

func TestFollowUpsMayBeRecordedBeforeTheirHandovers(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	for i := range 4 {
		l.event(monday+domain.Hour, "follow_up.completed", fmt.Sprintf(`{"of":"d%d","channel":"phone"}`, i))
	}
	for i := range 4 {
		l.event(monday, "delivery.handed_over", fmt.Sprintf(`{"delivery_id":"d%d"}`, i))
	}
	l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, monday+30*domain.Day, out) })
	for _, o := range l.out {
		if o.Type == "service.deadline_missed" {
			t.Errorf("%s %+v", o.Type, o.Data)
		}
	}
}

func TestACollisionIsTakenBackFromTheMonthItWasCountedIn(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	at := func(h int) domain.Instant { return domain.InstantOf(time.Date(2026, 2, 28, h, 0, 0, 0, time.UTC)) }
	l.event(at(18), "contact.made", `{"direction":"out","channel":"phone","employee":"anna"}`)
	l.event(at(20), "contact.made", `{"direction":"out","channel":"phone","employee":"bo"}`)
	p, err := domain.ParsePolicy([]byte("version: v2\ntime_zone: Europe/Berlin\ncontact: {collision_gap: 30m}"))
	if err != nil {
		t.Fatal(err)
	}
	l.fold = projections.NewFold(p)
	l.event(at(19), "contact.made", `{"direction":"out","channel":"phone","employee":"bo"}`)
	for c, n := range l.rollups.Cells {
		if c.Kind == projections.CellCollision && *n != (projections.CellCounts{}) {
			t.Errorf("%v %s %v", c, c.Month, *n)
		}
	}
}

func TestASecondResolutionStartsNoFollowUp(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	l.event(monday+2*domain.Hour, "complaint.filed", `{"complaint_id":"k1"}`)
	l.event(monday+3*domain.Hour, "complaint.resolved", `{"complaint_id":"k1"}`)
	l.event(monday+domain.Day, "complaint.followed_up", `{"complaint_id":"k1","channel":"phone"}`)
	l.event(monday+domain.Day+1, "complaint.resolved", `{"complaint_id":"k1","satisfied":true}`)
	if n := l.followUpCells(); n[projections.FollowUpDue] != 1 || n[projections.FollowUpDone] != 1 {
		t.Errorf("%v", n)
	}
	l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, monday+30*domain.Day, out) })
	for _, o := range l.out {
		if o.Type == "service.deadline_missed" {
			t.Errorf("%s %+v", o.Type, o.Data)
		}
	}
	if n := len(l.c.Matters.Open); n != 0 {
		t.Errorf("%d matters", n)
	}
}

func TestAFollowUpThatALateFilingClaimsCoversItsComplaint(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	l.event(monday+3*domain.Hour, "complaint.resolved", `{}`)
	l.event(monday+domain.Day, "complaint.followed_up", `{"channel":"phone"}`)
	l.event(monday+2*domain.Hour, "complaint.filed", `{"complaint_id":"k1"}`)
	if n := l.followUpCells(); n[projections.FollowUpDue] != 1 || n[projections.FollowUpDone] != 1 {
		t.Errorf("%v", n)
	}
	l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, monday+30*domain.Day, out) })
	for _, o := range l.out {
		if o.Type == "service.deadline_missed" {
			t.Errorf("%s %+v", o.Type, o.Data)
		}
	}
}

// followUpCells sums the cells that count what is to be followed up.
func (l *life) followUpCells() (n projections.CellCounts) {
	for c, of := range l.rollups.Cells {
		if c.Kind == projections.CellFollowUp && c.Names[1] == "" {
			for i := range n {
				n[i] += of[i]
			}
		}
	}
	return n
}
