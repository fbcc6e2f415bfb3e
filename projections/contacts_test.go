package projections_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// contactEvent is an event about contacts in the making.
type contactEvent struct {
	id, typ, unit, cause string
	at                   domain.Instant
	data                 any
}

// foldContacts folds the events in their order into one customer and returns it with what that brought.
func foldContacts(t failer, fold *projections.Fold, events []contactEvent) (*projections.Customer, *projections.Effects) {
	c, out := projections.NewCustomer("c-1"), new(projections.Effects)
	out.Publish()
	for _, e := range events {
		applyContact(t, fold, c, e, out)
	}
	return c, out
}

func applyContact(t failer, fold *projections.Fold, c *projections.Customer, e contactEvent, out *projections.Effects) {
	ev := &domain.Event{ID: e.id, Type: e.typ, Source: "test", Subject: c.ID, Time: e.at, OrgUnit: e.unit, CausationID: e.cause, Data: []byte("{}")}
	fold.Apply(c, &projections.Entry{Event: ev, Data: e.data}, out)
}

// callsFrom draws contacts of a few employees within some days, each at an instant of its own.
func callsFrom(t *rapid.T) []contactEvent {
	minutes := rapid.SliceOfNDistinct(rapid.IntRange(0, 6*24*60), 1, 24, rapid.ID).Draw(t, "minutes")
	events := make([]contactEvent, len(minutes))
	for i, m := range minutes {
		events[i] = contactEvent{
			id: fmt.Sprint("k", i), typ: "contact.made", unit: rapid.SampledFrom([]string{"brand/a", "brand/b"}).Draw(t, "unit"),
			at: day(1) + domain.Instant(m)*domain.Minute,
			data: &domain.ContactMade{
				Direction: rapid.SampledFrom([]domain.Direction{domain.DirectionOut, domain.DirectionOut, domain.DirectionIn}).Draw(t, "direction"),
				Channel:   rapid.SampledFrom([]domain.Channel{domain.ChannelPhone, domain.ChannelVisit, domain.ChannelDirectMail}).Draw(t, "channel"),
				Employee:  rapid.SampledFrom([]string{"", "anna", "bo", "cai"}).Draw(t, "employee"),
				Category:  rapid.SampledFrom([]string{"", "care"}).Draw(t, "category"),
				Goal:      rapid.SampledFrom([]string{"", "visit"}).Draw(t, "goal"),
			},
		}
	}
	return events
}

// collisions counts the pairs that collide among contacts, by definition.
func collisions(events []contactEvent, gap domain.Instant) (pairs []string) {
	var calls []contactEvent
	for _, e := range events {
		if d := e.data.(*domain.ContactMade); d.Direction == domain.DirectionOut && d.Employee != "" && !d.Channel.Broadcast() {
			calls = append(calls, e)
		}
	}
	slices.SortFunc(calls, byTime)
	for i := 1; i < len(calls); i++ {
		a, b := calls[i-1], calls[i]
		if a.data.(*domain.ContactMade).Employee != b.data.(*domain.ContactMade).Employee && b.at-a.at < gap {
			pairs = append(pairs, a.id+" "+b.id)
		}
	}
	return pairs
}

func TestCollisionsAreThoseOfNeighboursInTimeInWhateverOrderTheyAreRecorded(t *testing.T) {
	t.Parallel()
	var folds []*projections.Fold
	for _, gap := range []string{"0s", "1m", "90m", "24h"} {
		folds = append(folds, foldUnder(t, "contact: {collision_gap: "+gap+"}"))
	}
	rapid.Check(t, func(t *rapid.T) {
		fold := rapid.SampledFrom(folds).Draw(t, "fold")
		gap := domain.Instant(fold.Policy().Contact.CollisionGap.Microseconds())
		events := callsFrom(t)
		recorded := rapid.Permutation(events).Draw(t, "recorded")
		want := collisions(events, gap)
		c, out := foldContacts(t, fold, recorded)
		if n := fold.View(c, nil, c.Now).Contacts.Collisions; n != int64(len(want)) {
			t.Fatalf("%d collisions, want %v", n, want)
		}
		var told []string
		for _, o := range out.Outputs {
			if o.Type == "contact.collision" {
				told = append(told, strings.Join(o.Evidence, " "))
			}
		}
		for _, pair := range want {
			if !slices.Contains(told, pair) {
				t.Fatalf("%s was not told, only %v", pair, told)
			}
		}
		slices.Sort(told)
		if n := len(told); len(slices.Compact(told)) != n || slices.IsSortedFunc(recorded, byTime) && n != len(want) {
			t.Fatalf("told %v, want %v", told, want)
		}
		inOrder, inOrderOut := foldContacts(t, fold, sortedByTime(events))
		equal(t, contactCells(out), contactCells(inOrderOut))
		equal(t, jsonOf(t, fold.View(c, nil, c.Now).Contacts), jsonOf(t, fold.View(inOrder, nil, c.Now).Contacts))
	})
}

func byTime(a, b contactEvent) int { return cmp.Compare(a.at, b.at) }

func sortedByTime(events []contactEvent) []contactEvent {
	return slices.SortedFunc(slices.Values(events), byTime)
}

// foldUnder returns a fold under the policy of the document.
func foldUnder(t failer, document string) *projections.Fold {
	p, err := domain.ParsePolicy([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return projections.NewFold(p)
}

// contactCells are the cells of contacts that are not zero.
func contactCells(out *projections.Effects) string {
	sum := make(projections.CellSum)
	filter := projections.ContactFilter{}.Cells()
	sum.Add(out.Rollups.Cells, &filter)
	var b strings.Builder
	for _, c := range sum.Sorted() {
		fmt.Fprintln(&b, c)
	}
	return b.String()
}

func TestALateCallLeavesSnapshotsAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, out := projections.NewCustomer("c-1"), new(projections.Effects)
		for _, e := range rapid.Permutation(callsFrom(t)).Draw(t, "recorded") {
			before := *c
			state := before.AppendState(nil)
			applyContact(t, defaultFold, c, e, out)
			if now := before.AppendState(nil); string(now) != string(state) {
				t.Fatalf("%s changed the snapshot before it from %x to %x", e.id, state, now)
			}
		}
	})
}

func TestMayContactForbidsWhatWouldCollide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, out := projections.NewCustomer("c-1"), new(projections.Effects)
		for _, e := range sortedByTime(callsFrom(t)) {
			d := e.data.(*domain.ContactMade)
			view := defaultFold.View(c, nil, c.Now)
			may := view.MayContact(d.Employee, e.at)
			applyContact(t, defaultFold, c, e, out)
			collided := defaultFold.View(c, nil, c.Now).Contacts.Collisions > view.Contacts.Collisions
			counts := d.Direction == domain.DirectionOut && d.Employee != "" && !d.Channel.Broadcast()
			if counts && collided == may.May || !counts && collided {
				t.Fatalf("%+v at %s collided: %t, although %s", d, e.at, collided, jsonOf(t, may))
			}
			if !may.May && view.MayContact(d.Employee, may.NextAt-1).May || !view.MayContact(d.Employee, may.NextAt).May {
				t.Fatalf("at %s the next time is not %s", e.at, may.NextAt)
			}
		}
	})
}

func TestMayContactNamesEveryReason(t *testing.T) {
	t.Parallel()
	at := day(1)
	c, _ := foldContacts(t, defaultFold, []contactEvent{
		{id: "k1", typ: "contact.made", at: at, data: &domain.ContactMade{Direction: domain.DirectionOut, Channel: domain.ChannelPhone, Employee: "anna"}},
		{id: "i1", typ: "contact.intended", at: at + domain.Hour, data: &domain.ContactIntended{Employee: "bo", Channel: domain.ChannelPhone}},
		{id: "w1", typ: "consent.withdrawn", at: at + domain.Hour, data: &domain.ConsentWithdrawn{Purpose: "contact"}},
		{id: "w2", typ: "consent.withdrawn", at: at + domain.Hour, data: &domain.ConsentWithdrawn{Purpose: "marketing"}},
	})
	view := defaultFold.View(c, nil, c.Now)
	for employee, want := range map[string]string{
		"anna": "[intention consent_withdrawn]", "bo": "[collision_gap consent_withdrawn]",
		"cai": "[collision_gap intention consent_withdrawn]", "": "[collision_gap intention consent_withdrawn]",
	} {
		var codes []projections.ContactCode
		may := view.MayContact(employee, 0)
		for _, r := range may.Reasons {
			codes = append(codes, r.Code)
		}
		if got := fmt.Sprint(codes); got != want || may.May || may.NextAt != 0 || may.At != view.AsOf {
			t.Errorf("%q: %s with %s, next %s, want %s", employee, got, jsonOf(t, may), may.NextAt, want)
		}
	}
	applyContact(t, defaultFold, c, contactEvent{id: "g", typ: "consent.given", at: at + 2*domain.Hour, data: &domain.ConsentGiven{Purpose: "contact"}}, new(projections.Effects))
	may := defaultFold.View(c, nil, c.Now).MayContact("bo", 0)
	if may.May || may.NextAt != at+domain.Day || may.LastContact == nil || may.Lease != nil {
		t.Errorf("with consent and after the intention has lapsed: %s", jsonOf(t, may))
	}
}

func TestACallRecordedTooLateCollidesWithNone(t *testing.T) {
	t.Parallel()
	call := func(id, employee string, at domain.Instant) contactEvent {
		return contactEvent{id: id, typ: "contact.made", at: at, data: &domain.ContactMade{
			Direction: domain.DirectionOut, Channel: domain.ChannelPhone, Employee: employee,
		}}
	}
	// More calls in an hour than are kept: the place of an earlier one is not known.
	var events []contactEvent
	for i := range 100 {
		events = append(events, call(fmt.Sprint("k", i), "anna", day(2)+domain.Instant(i)*domain.Second))
	}
	c, _ := foldContacts(t, defaultFold, append(events, call("late", "bo", day(2)-1), call("between", "bo", day(2)+90*domain.Second+1)))
	if v := defaultFold.View(c, nil, c.Now).Contacts; v.Collisions != 2 || v.Outbound != 102 {
		t.Errorf("%d collisions of %d contacts", v.Collisions, v.Outbound)
	}
	if n := len(c.AppendState(nil)); n > 4000 {
		t.Errorf("the state of a customer with 102 calls in two minutes has %d bytes", n)
	}
}

func TestAnEventThatAnotherOneCausedIsNoContactOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, data := range []any{
		&domain.InquiryReceived{InquiryID: "q"}, &domain.ComplaintFiled{ComplaintID: "c", Channel: domain.ChannelPhone},
		&domain.PraiseReceived{Channel: domain.ChannelPhone}, &domain.SuggestionReceived{Channel: domain.ChannelPhone},
		&domain.ServiceRequested{RequestID: "r", Channel: domain.ChannelPhone},
	} {
		if _, is := projections.ContactOf(&domain.Event{ID: "e"}, data); !is {
			t.Errorf("%T is no contact", data)
		}
		if _, is := projections.ContactOf(&domain.Event{ID: "e", CausationID: "k"}, data); is {
			t.Errorf("%T is a contact besides the one that caused it", data)
		}
	}
	if _, is := projections.ContactOf(&domain.Event{ID: "e", CausationID: "k"}, &domain.ContactMade{Direction: domain.DirectionIn}); !is {
		t.Error("a contact that something caused is none")
	}
}

func TestOwnersFollowTheDatesAndNotTheOrderOfRecording(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hours := rapid.SliceOfNDistinct(rapid.IntRange(0, 500), 1, 12, rapid.ID).Draw(t, "hours")
		events := make([]contactEvent, len(hours))
		for i, h := range hours {
			employee := rapid.SampledFrom([]string{"anna", "bo", "cai"}).Draw(t, "employee")
			events[i] = contactEvent{id: fmt.Sprint("o", i), at: day(1) + domain.Instant(h)*domain.Hour}
			if rapid.Bool().Draw(t, "assigned") {
				events[i].typ, events[i].data = "customer.owner_assigned", &domain.CustomerOwnerAssigned{Employee: employee}
			} else {
				employee = rapid.SampledFrom([]string{employee, ""}).Draw(t, "released")
				events[i].typ, events[i].data = "customer.owner_released", &domain.CustomerOwnerReleased{Employee: employee, Reason: "r"}
			}
		}
		c, _ := foldContacts(t, defaultFold, rapid.Permutation(events).Draw(t, "recorded"))
		got := defaultFold.View(c, nil, c.Now).Profile
		inOrder, _ := foldContacts(t, defaultFold, sortedByTime(events))
		want := defaultFold.View(inOrder, nil, c.Now).Profile
		equal(t, jsonOf(t, got), jsonOf(t, want))
		var running []string
		for _, o := range got.Ownerships {
			if o.To == 0 {
				running = append(running, o.Employee)
			} else if o.To < o.From {
				t.Fatalf("%+v ends before it begins", o)
			}
		}
		if !slices.Equal(running, got.Owners) {
			t.Fatalf("owners %v, running ownerships %v", got.Owners, running)
		}
	})
}

func TestABriefShowsWhatACallIsAbout(t *testing.T) {
	t.Parallel()
	at := day(1)
	c, _ := foldContacts(t, defaultFold, []contactEvent{
		{id: "r1", typ: "customer.registered", at: at, data: &domain.CustomerRegistered{
			PartyType: domain.PartyPerson, Name: "Wei", Attributes: []byte(`{"preferred_channel":"phone"}`),
		}},
		{id: "o1", typ: "customer.owner_assigned", at: at, data: &domain.CustomerOwnerAssigned{Employee: "anna"}},
		{id: "p1", typ: "promise.made", at: at, data: &domain.PromiseMade{PromiseID: "P1", DueAt: at + domain.Day}},
		{id: "p2", typ: "promise.made", at: at, data: &domain.PromiseMade{PromiseID: "P2", DueAt: at + 2*domain.Day}},
		{id: "p3", typ: "promise.kept", at: at + domain.Hour, data: &domain.PromiseKept{PromiseID: "P1"}},
		{id: "c1", typ: "complaint.filed", at: at, data: &domain.ComplaintFiled{ComplaintID: "C1"}},
		{id: "c2", typ: "complaint.filed", at: at, data: &domain.ComplaintFiled{ComplaintID: "C2"}},
		{id: "c3", typ: "complaint.resolved", at: at + domain.Hour, data: &domain.ComplaintResolved{ComplaintID: "C1"}},
		{id: "k1", typ: "contact.made", at: at + 2*domain.Hour, data: &domain.ContactMade{
			Direction: domain.DirectionOut, Channel: domain.ChannelPhone, Employee: "anna", Content: "Will call again.",
		}},
	})
	view := defaultFold.View(c, nil, c.Now)
	b := projections.NewBrief(view)
	if b.Name != "Wei" || b.PreferredChannel != "phone" || !slices.Equal(b.Owners, []string{"anna"}) || len(b.Matters) != 3 {
		t.Errorf("%s", jsonOf(t, b))
	}
	if len(b.Contacts) != 1 || b.Contacts[0].Content != "Will call again." || b.Gap == nil || b.Gap.Employee != "anna" {
		t.Errorf("contacts %+v, gap %+v", b.Contacts, b.Gap)
	}
	if len(b.Promises) != 1 || b.Promises[0].ID != "P2" || b.Promises[0].DueAt != at+2*domain.Day {
		t.Errorf("promises %+v", b.Promises)
	}
	if len(b.Complaints) != 1 || b.Complaints[0].ID != "C2" {
		t.Errorf("complaints %+v", b.Complaints)
	}
	if empty := projections.NewBrief(defaultFold.View(projections.NewCustomer("c"), nil, at)); strings.Contains(jsonOf(t, empty.Promises)+jsonOf(t, empty.Contacts), "null") {
		t.Errorf("the brief on nobody: %s", jsonOf(t, empty))
	}
}
