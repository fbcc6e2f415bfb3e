package projections_test

import (
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// Models as their events have them.
const (
	mbgFitted = `{"model":"mbg_nbd","parameters":{"r":0.5,"alpha":6,"a":0.9,"b":1.6},"n":2357,"log_likelihood":-9582.1}`
	nbdFitted = `{"model":"nbd","parameters":{"r":0.4,"alpha":12}}`
	abcFitted = `{"model":"abc","parameters":{"least.CNY.A":100,"least.CNY.B":50}}`
)

// fitted writes that a model was fitted.
func (b *book) fitted(at domain.Instant, data string) { b.control("model.fitted", at, data) }

// versions returns the versions of the policies that were published, the latest first.
func (b *book) versions() []string {
	b.t.Helper()
	list, err := b.store.Policies(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	var versions []string
	for i := range list {
		versions = append(versions, list[i].Version)
	}
	return versions
}

// contents returns what the log was folded into.
func (b *book) contents() *memview.Contents {
	b.t.Helper()
	contents, err := b.store.Contents(0)
	if err != nil {
		b.t.Fatal(err)
	}
	return contents
}

// models returns the models in force.
func (b *book) models() domain.Models { return b.contents().Fold.Policy().Models }

// state returns what the fold keeps about a customer.
func (b *book) state(id string) *projections.Customer {
	b.t.Helper()
	c, _ := b.contents().Stream(id)
	if c == nil {
		b.t.Fatalf("there is no customer %s", id)
	}
	return c
}

// score returns the churn risk of a customer by the policy in force.
func (b *book) score(id string, at domain.Instant) *projections.Score {
	b.t.Helper()
	s := b.contents().Fold.ScoreAt(b.state(id), at)
	if s == nil {
		b.t.Fatalf("customer %s has no score", id)
	}
	return s
}

// controls returns the places of the control records that may have changed a customer.
func (b *book) controls(id string) []int64 {
	b.t.Helper()
	stream, err := b.store.Stream(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return stream.Control
}

func TestAFittedModelIsInForceFromItsRecordOn(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	b.purchase("c", "p1", day(0))
	b.purchase("c", "p2", day(30))
	b.catchUp()
	before := b.controls("c")
	if hasModel(b.score("c", day(60))) {
		t.Error("there is a part of a model before one was fitted")
	}
	b.fitted(day(40), mbgFitted)
	b.fitted(day(41), mbgFitted)
	b.catchUp()
	if !hasModel(b.score("c", day(60))) {
		t.Errorf("the score is %+v", b.score("c", day(60)))
	}
	if v := b.versions(); len(v) != 1 || !strings.HasPrefix(v[0], "default-1+") {
		t.Errorf("the versions are %q: the second record of the model changes nothing", v)
	}
	if after := b.controls("c"); len(after) != len(before)+1 {
		t.Errorf("the control records that concern the customer are %v", after)
	}
	first := b.versions()[0]
	b.fitted(day(42), abcFitted)
	b.fitted(day(43), nbdFitted)
	b.claim() // a restart goes on under the models in force
	b.catchUp()
	if m := b.models(); m["purchase"].Name != "nbd" || m["classes"].Name != "abc" || len(m) != 2 {
		t.Errorf("the models in force are %+v", m)
	}
	if v := b.versions(); len(v) != 3 || v[0] == first || strings.Count(v[0], "+") != 1 {
		t.Errorf("the versions are %q", v)
	}
}

func TestAPublishedPolicyKeepsTheModelsUnlessItNamesSome(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	b.purchase("c", "p1", day(0))
	b.fitted(day(1), mbgFitted)
	b.publish(day(2), "version: spring\nlifecycle: {decline_gaps: 3}\n")
	b.catchUp()
	if m := b.models(); m["purchase"].Name != "mbg_nbd" || !strings.HasPrefix(b.versions()[0], "spring+") {
		t.Errorf("after a policy without models there are %+v under %q", m, b.versions())
	}
	b.publish(day(3), "version: summer\nmodels: {purchase: {name: nbd, parameters: {r: 1, alpha: 2}}}\n")
	b.catchUp()
	if m := b.models(); m["purchase"].Name != "nbd" || b.versions()[0] != "summer" {
		t.Errorf("after a policy with a model there are %+v under %q", m, b.versions())
	}
	b.fitted(day(4), mbgFitted)
	b.publish(day(5), "version: autumn\nmodels: {}\n")
	b.catchUp()
	if m := b.models(); len(m) != 0 || b.versions()[0] != "autumn" {
		t.Errorf("after a policy with no models there are %+v under %q", m, b.versions())
	}
}

func TestAModelThatIsNoneIsSetAside(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	b.purchase("c", "p1", day(0))
	b.fitted(day(1), `{"model":"rfm","parameters":{"r":1}}`)
	b.fitted(day(1), `{"model":"nbd","parameters":{"r":1}}`)
	b.fitted(day(1), `{"model":"nbd","parameters":{"r":-1,"alpha":2}}`)
	b.fitted(day(1), `{"model":"learned_risk","parameters":{"intercept":1}}`)
	b.catchUp()
	page, err := b.store.Quarantined(t.Context(), projections.QuarantineFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var pointers []string
	for i := range page.Items {
		pointers = append(pointers, page.Items[i].Problems[0].Pointer+" "+page.Items[i].Problems[0].Rule)
	}
	if got := strings.Join(pointers, ", "); len(pointers) != 4 || strings.Count(got, "/data/parameters parameters") != 3 || strings.Count(got, "/data/model model") != 1 {
		t.Errorf("set aside are %q", got)
	}
	if v := b.versions(); len(v) != 0 {
		t.Errorf("in force are %q", v)
	}
}

func TestAReplayUpToADayDoesNotKnowLaterModels(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	b.purchase("c", "p1", day(0))
	b.fitted(day(10), mbgFitted)
	for bound, known := range map[domain.Instant]bool{day(9): false, day(10): true} {
		early := newBook(t, b.fold)
		early.records = b.records
		early.folder = projections.NewFolder(b.fold, early.store, projections.FolderOptions{PartitionOf: inPartitionZero, Bound: projections.Bound{At: bound}})
		early.catchUp()
		if got := len(early.models()) > 0; got != known {
			t.Errorf("as of %s the models are %+v", bound, early.models())
		}
	}
}

// TestTheFirstOccasionIsLeftOutOfTheSpend has purchases of a late day before the first one, of another currency, and of one day.
func TestTheFirstOccasionIsLeftOutOfTheSpend(t *testing.T) {
	t.Parallel()
	b := newBook(t, defaultFold)
	buy := func(id string, at domain.Instant, data string) { b.write("c", "purchase.recorded", id, at, data) }
	buy("1", day(10), `{"amount":{"minor":700,"currency":"CNY"}}`)
	b.catchUp()
	if _, ok := b.state("c").Spend(); ok {
		t.Error("one purchase is a spend of repeat purchases")
	}
	buy("2", day(20), `{"amount":{"minor":300,"currency":"CNY"}}`)
	buy("3", day(5), `{"amount":{"minor":50,"currency":"CNY"}}`)
	buy("4", day(5)+domain.Hour, `{"amount":{"minor":150,"currency":"CNY"}}`)
	buy("5", day(30), `{"amount":{"minor":9000,"currency":"EUR"}}`)
	b.catchUp()
	if c := b.state("c"); c.Trade.FirstSpend != 200 {
		t.Errorf("the first occasion brought %d", c.Trade.FirstSpend)
	}
	if s, ok := b.state("c").Spend(); !ok || s.Repeats != 3 || s.Mean*3 != 10 {
		t.Errorf("the spend is %+v", s)
	}
}

func hasModel(s *projections.Score) bool {
	for _, x := range s.Contributions {
		if x.Factor == domain.MeasureModel {
			return true
		}
	}
	return false
}
