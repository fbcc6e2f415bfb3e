package projections_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

func TestAChangeOfTheClassesOfThePolicyIsToldByTheNamesBeforeAndAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ classes, parameters, want string }{
		"a class before the others": {"[{name: S, share: 0.5}, {name: A, share: 0.8}, {name: B, share: 0.95}, {name: C, share: 1}]", "least.CNY.S: 90000000, least.CNY.A: 1", "[{ A 1}]"},
		"another name":              {"[{name: Gold, share: 0.8}, {name: B, share: 0.95}, {name: C, share: 1}]", "least.CNY.Gold: 1", "[{ A 1} {A Gold 1}]"},
	} {
		b := newBook(t, projections.NewFold(domain.DefaultPolicy()))
		b.publish(day(1), "version: first\nmodels: {classes: {name: abc, parameters: {least.CNY.A: 1}}}\n")
		b.purchase("c1", "e1", day(2))
		b.publish(day(3), "version: second\nvalue: {classes: "+c.classes+"}\nmodels: {classes: {name: abc, parameters: {"+c.parameters+"}}}\n")
		b.catchUp()
		filter := (&projections.ValueFilter{}).Cells()
		cells, err := b.store.Cells(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		at, _ := b.store.Walk(t.Context(), "", func(*projections.Fold, *projections.Customer, domain.Instant) {})
		if got := fmt.Sprint(projections.NewValuation(projections.ValueFilter{}).Report(at, cells).Changes); got != c.want {
			t.Errorf("%s: the changes are %s, want %s", name, got, c.want)
		}
	}
}

func TestClassesThatWereFittedByAnotherMeasureAreNotInForceAndTheirLossIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ measure, second, want string }{
		"the measure of the policy": {"measure: revenue, ", "", ""},
		"another one":               {"measure: revenue, ", "value: {measure: profit}\n", "c1 4 value.class_changed"},
		"none is noted":             {"", "value: {measure: profit}\n", ""},
	} {
		model := "models: {classes: {name: abc, " + c.measure + "parameters: {least.CNY.A: 1}}}\n"
		b := newBook(t, projections.NewFold(domain.DefaultPolicy()))
		b.publish(day(1), "version: first\n"+model)
		b.purchase("c1", "e1", day(2))
		b.catchUp()
		b.outlet.outputs = nil
		b.publish(day(3), "version: second\n"+c.second+model)
		b.catchUp()
		got := b.outlet.published(projections.TopicLifecycle)
		if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: told is %q, want %q", name, got, c.want)
		}
	}
}
