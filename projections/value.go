package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/valuation"
)

// Cells of kind CellClass count how customers changed their class of value (SV-01, SV-03), in the month in which it took
// effect and the unit that had the customer then. The first name is the class before and the second the one after, empty
// for none.
const (
	// ClassChanges is the place of the count.
	ClassChanges = 0
)

// applyValue keeps what is needed to value the customer, and brings the class of value to what it is by the model in force.
func (f *Fold) applyValue(c *Customer, e *Entry, out *Effects) {
	f.applyLedger(c, e, out)
	f.classify(c, f, c.Now, out)
}

// classify brings the class of the customer, which it has by the policy of the fold before, to what it is by the thresholds in
// force, tells when it changed, and reports whether it did. Classes are the same when their names are. A customer without a
// purchase has no class, and nobody has one without thresholds for their currency: who had one then is told to have none.
func (f *Fold) classify(c *Customer, last *Fold, at domain.Instant, out *Effects) bool {
	class := f.class(&c.Trade)
	if class == c.class && last == f {
		return false
	}
	before, after, moved := last.className(c.class), f.className(class), class != c.class
	c.class = class
	if before == after {
		return moved
	}
	cell := Cell{Kind: CellClass, Month: domain.DateOf(at, f.location).Month(), Unit: c.OrgUnit(), Names: [4]string{before, after}}
	out.Rollups.addCell(cell, CellCounts{ClassChanges: 1})
	var evidence []string
	if out.cause != nil {
		evidence = []string{out.cause.id()}
	}
	policy := f.policy.Version
	out.emit(c, Output{Topic: TopicLifecycle, Type: "value.class_changed", At: at, Evidence: evidence, Policy: policy}, func() any {
		return &domain.ValueClassChanged{
			Class: after, Previous: before, ValueMinor: c.Trade.value(f.policy.Value.Measure), Currency: c.Trade.Main.Currency,
			At: at, Evidence: evidence, PolicyVersion: policy, Position: out.position.String(),
		}
	})
	return true
}

// class returns the class of a customer by the thresholds in force, as Customer.class holds it.
func (f *Fold) class(t *Trade) uint8 {
	if f.models.classes == nil || t.Purchases == 0 {
		return 0
	}
	least, ok := f.models.classes[t.Main.Currency]
	if !ok {
		return 0
	}
	return uint8(valuation.ClassOf(t.value(f.policy.Value.Measure), least)) + 1
}

// className returns the name of a class, empty for none and for one that the policy does not have any more.
func (f *Fold) className(class uint8) string {
	if class == 0 || int(class) > len(f.policy.Value.Classes) {
		return ""
	}
	return f.policy.Value.Classes[class-1].Name
}

// ValueClass returns the place of the customer's class of value among those of the policy, from 1; 0 for none.
func (c *Customer) ValueClass() int { return int(c.class) }

// ClassPlace returns the place of a class of value, from 1; 0 when the policy has none of that name.
func (f *Fold) ClassPlace(name string) int {
	return 1 + slices.IndexFunc(f.policy.Value.Classes, func(c domain.ValueClass) bool { return c.Name == name })
}

// value returns what the customer is ranked by, in minor units of the main currency.
func (t *Trade) value(measure domain.ValueMeasure) int64 {
	revenue := domain.AddMinor(t.Main.Purchased, -t.Main.Returned)
	switch measure {
	case domain.MeasurePurchases:
		return t.Main.Purchased
	case domain.MeasureProfit:
		return domain.AddMinor(revenue, -t.costIn(t.Main.Currency))
	default:
		return revenue
	}
}
