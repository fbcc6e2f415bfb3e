package projections_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

func TestATickFiresWhatIsDueAtItsOwnInstantAndOnce(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	b.purchase("c", "p1", day(0))
	b.tick(day(100))
	b.tick(day(121))
	b.tick(day(122))
	b.tick(day(400))
	b.tick(day(500))
	b.catchUp()
	due := day(120) + domain.Microsecond
	want := fmt.Sprintf(`c 1 lifecycle.started at %[1]s by "p1" under default-1 from 0 [p1]
c 2 lifecycle.stage_changed at %[1]s by "p1" under default-1 from 0 [p1]
c 3 lifecycle.stage_changed at %[2]s by "" under default-1 from 2 [p1]
c 4 lifecycle.terminated at %[3]s by "" under default-1 from 4 [p1]
`, day(0), due, day(365))
	if got := b.outlet.published(projections.TopicLifecycle); got != want {
		t.Errorf("published\n%swant\n%s", got, want)
	}
	if s := summary(t, b.store); s.Stages["termination"] != 1 || s.AsOf != day(500) || s.Verdicts["accepted"] != 1 {
		t.Errorf("the summary is %+v", s)
	}
	// Ticks one by one tell the same.
	one := newBook(t, defaultFold)
	for _, r := range b.records {
		one.records = append(one.records, r)
		one.catchUp()
	}
	if got := one.outlet.published(); got != b.outlet.published() {
		t.Errorf("published one by one\n%swant\n%s", got, b.outlet.published())
	}
	if a, b := summary(t, one.store), summary(t, b.store); a.Digest != b.Digest {
		t.Errorf("ticks one by one give the digest %s, together %s", a.Digest, b.Digest)
	}
}

func TestSilenceBetweenTicksIsSeenAsIfTheTickHadCome(t *testing.T) {
	t.Parallel()
	ticked, silent := newBook(t, defaultFold), newBook(t, defaultFold)
	for _, b := range []*book{ticked, silent} {
		b.purchase("c", "p1", day(0))
		b.purchase("d", "p2", day(30))
	}
	ticked.tick(day(200))
	silent.purchase("e", "p3", day(200))
	ticked.purchase("e", "p3", day(200))
	ticked.catchUp()
	silent.catchUp()
	a, b := summary(t, ticked.store), summary(t, silent.store)
	if a.Digest != b.Digest || a.Stages["decline"] != 2 {
		t.Errorf("with the tick %s %v, without it %s %v", a.Digest, a.Stages, b.Digest, b.Stages)
	}
}

func TestAnEventAfterATickThatFiredNothingIsNotLate(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	b.purchase("c", "p1", day(0))
	b.tick(day(50))
	b.purchase("c", "p2", day(49))
	b.tick(day(200))
	b.purchase("c", "p3", day(60))
	b.catchUp()
	if s := summary(t, b.store); s.Late != 1 {
		t.Errorf("%d events are late, want the one after the tick that brought decline", s.Late)
	}
	if v := b.customer("c"); v.Lifecycle.Stage != domain.StageDecline || v.Trade.Purchases != 3 {
		t.Errorf("the customer is in %s with %d purchases", v.Lifecycle.Stage, v.Trade.Purchases)
	}
}

const strict = "version: strict\nlifecycle:\n  decline_gaps: 1\n"

func TestAPolicyHoldsFromItsPlaceInTheLogOn(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	b.purchase("c", "p1", day(0))
	b.purchase("d", "p2", day(40))
	b.publish(day(70), strict)
	b.purchase("e", "p3", day(75))
	b.tick(day(110))
	b.catchUp()
	want := fmt.Sprintf(`c 3 lifecycle.stage_changed at %s by "" under strict from 2 [p1]
e 1 lifecycle.started at %[2]s by "p3" under strict from 3 [p3]
e 2 lifecycle.stage_changed at %[2]s by "p3" under strict from 3 [p3]
d 3 lifecycle.stage_changed at %[3]s by "" under strict from 4 [p2]
`, day(70), day(75), day(100)+domain.Microsecond)
	if got := b.outlet.published(projections.TopicLifecycle); !strings.HasSuffix(got, "\n"+want) {
		t.Errorf("published\n%swant at the end\n%s", got, want)
	}
	if s := summary(t, b.store); s.PolicyVersion != "strict" {
		t.Errorf("the policy is %q", s.PolicyVersion)
	}
	policies, err := b.store.Policies(t.Context())
	if err != nil || len(policies) != 1 || policies[0].Version != "strict" || policies[0].PublishedAt != day(70) {
		t.Errorf("policies %+v, %v", policies, err)
	}
	// A folder that takes over goes on under it.
	b.claim()
	b.purchase("f", "p4", day(112))
	b.tick(day(180))
	b.catchUp()
	if v := b.customer("f"); v.Lifecycle.Stage != domain.StageDecline || v.Lifecycle.Since != day(172)+domain.Microsecond {
		t.Errorf("after a takeover the customer is in %s since %s", v.Lifecycle.Stage, v.Lifecycle.Since)
	}
}

func TestOfPoliciesPublishedAtOneInstantTheLastHolds(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	b.purchase("c", "p1", day(0))
	for _, version := range []string{"first", "second", "third"} {
		b.publish(day(1), "version: "+version+"\n")
	}
	b.catchUp()
	policies, err := b.store.Policies(t.Context())
	if err != nil || len(policies) != 3 || policies[0].Version != "third" || summary(t, b.store).PolicyVersion != "third" {
		t.Errorf("%+v, %v", policies, err)
	}
}

func TestABadPolicyIsSetAside(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	b.purchase("c", "p1", day(0))
	b.control("policy.published", day(1), `{"version":"x","document":"version: y"}`)
	b.control("policy.published", day(1), `{"version":"x","document":"version: x\nlifecycle: 5"}`)
	b.tick(day(2))
	b.catchUp()
	page, err := b.store.Quarantined(t.Context(), projections.QuarantineFilter{})
	if err != nil || len(page.Items) != 2 || b.at.Next != 4 {
		t.Fatalf("set aside %+v, %v, folded up to %d", page, err, b.at.Next)
	}
	if p := page.Items[1].Problems[0]; p.Pointer != "/data/version" {
		t.Errorf("the problem is %+v", p)
	}
}

func TestACustomerOnWhichTheFoldPanicsIsParkedAndHarmsNoOther(t *testing.T) {
	t.Parallel()
	fold := projections.NewFold(domain.DefaultPolicy())
	broken := true
	fold.Before = func(c *projections.Customer, e *projections.Entry) {
		if broken && e.Event.ID == "bad" {
			panic("the bad event of " + c.ID)
		}
	}
	b := newBook(t, fold)
	b.purchase("c", "p1", day(0))
	b.purchase("d", "p1", day(0))
	b.purchase("c", "bad", day(1))
	b.purchase("d", "p2", day(1))
	b.purchase("c", "p3", day(2))
	b.tick(day(300))
	b.catchUp()
	if parked := b.parked(); len(parked) != 1 || parked[0].Customer != "c" || parked[0].Offset != 2 || parked[0].Queue != 2 ||
		!strings.Contains(parked[0].Error, "the bad event of c") {
		t.Fatalf("parked %+v", parked)
	}
	if v := b.customer("d"); v.Trade.Purchases != 2 || v.Lifecycle.Stage != domain.StageDecline {
		t.Errorf("the other customer has %d purchases in %s", v.Trade.Purchases, v.Lifecycle.Stage)
	}
	// While the program is as it was, redriving changes nothing.
	b.control("stream.redriven", day(301), `{"stream":"c"}`)
	b.catchUp()
	if again := b.parked(); len(again) != 1 || again[0].Queue != 2 {
		t.Errorf("after a redrive without a fix: %+v", again)
	}
	broken = false
	b.purchase("c", "p4", day(302))
	b.control("stream.redriven", day(303), `{"stream":"c"}`)
	b.tick(day(304))
	b.catchUp()
	if left := b.parked(); len(left) != 0 {
		t.Errorf("still parked: %+v", left)
	}
	if v := b.customer("c"); v.Trade.Purchases != 4 {
		t.Errorf("%d purchases after the redrive", v.Trade.Purchases)
	}
	// The states are those of a program that was never broken, but for the ticks that passed the parked customer by.
	whole := newBook(t, fold)
	whole.records = slices.DeleteFunc(slices.Clone(b.records), func(r eventstore.Record) bool { return string(r.Key) == domain.ControlSubject })
	for i := range whole.records {
		whole.records[i].Offset = int64(i)
	}
	whole.tick(day(304))
	whole.catchUp()
	if a, b := summary(t, b.store), summary(t, whole.store); a.Digest != b.Digest {
		t.Errorf("the digest is %s, that of a whole fold %s", a.Digest, b.Digest)
	}
}

func TestACustomerParkedByATickIsReleasedThoughNothingWaits(t *testing.T) {
	t.Parallel()
	fold := projections.NewFold(domain.DefaultPolicy())
	b := newBook(t, fold)
	b.trusted = true
	b.claim()
	b.purchase("c", "p1", day(0))
	b.catchUp()
	good := *fold
	*fold = projections.Fold{} // without a policy every timer panics
	b.tick(day(130))
	b.catchUp()
	if parked := b.parked(); len(parked) != 1 || parked[0].Queue != 0 {
		t.Fatalf("parked %+v", parked)
	}
	*fold = good
	b.control("stream.redriven", day(131), `{"stream":"c"}`)
	b.tick(day(132))
	b.catchUp()
	if v := b.customer("c"); v.Parked || v.Lifecycle.Stage != domain.StageDecline || v.Lifecycle.Since != day(120)+domain.Microsecond {
		t.Errorf("after the redrive it is in %s since %s, parked %t", v.Lifecycle.Stage, v.Lifecycle.Since, v.Parked)
	}
}

func TestWhatWasDoneAboutAQuarantinedRecordShows(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	b.write("c", "purchase.recorded", "bad", day(0), `{}`)
	b.write("c", "purchase.recorded", "worse", day(0), `{"amount":1}`)
	b.control("quarantine.discarded", day(1), `{"partition":0,"offset":0,"reason":"a test of the till"}`)
	b.control("quarantine.redriven", day(1), `{"partition":0,"offset":1,"position":"0:7"}`)
	b.catchUp()
	page, err := b.store.Quarantined(t.Context(), projections.QuarantineFilter{})
	if err != nil || len(page.Items) != 2 {
		t.Fatalf("%+v, %v", page, err)
	}
	if redriven, discarded := page.Items[0], page.Items[1]; discarded.Status != projections.StatusDiscarded || discarded.Reason != "a test of the till" ||
		redriven.Status != projections.StatusRedriven || redriven.Redriven != "0:7" {
		t.Errorf("%+v", page.Items)
	}
	open, err := b.store.Quarantined(t.Context(), projections.QuarantineFilter{Status: projections.StatusOpen})
	if err != nil || len(open.Items) != 0 {
		t.Errorf("open are %+v, %v", open, err)
	}
}

func TestAnswersAreJudgedByThePolicyInForceAtTheirPlace(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	answer := func(id string) {
		b.write("c", "survey.answered", id, day(1), `{"questionnaire":"garden","source":"internal","answers":[{"item":"G","score":1}]}`)
	}
	answer("before")
	b.publish(day(1), "version: garden\nquestionnaires: [{name: garden, title: {en: Garden}, groups: [{name: all, title: {en: All}, items: [{id: G, en: G}]}]}]\n")
	answer("after")
	b.publish(day(1), "version: none\n")
	answer("again")
	b.catchUp()
	page, err := b.store.Quarantined(t.Context(), projections.QuarantineFilter{})
	if err != nil || len(page.Items) != 2 || page.Items[0].Event != "again" || page.Items[1].Event != "before" {
		t.Errorf("set aside %+v, %v", page, err)
	}
	if v := b.customer("c"); len(v.Satisfaction) != 1 || v.Satisfaction[0].Event != "after" {
		t.Errorf("latest answers %+v", v.Satisfaction)
	}
}
