package fit

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
	"github.com/rapport-crm/rapport/domain/stablemath"
)

// design is a table of customers by features, in an order that follows from its content alone.
type design struct {
	// features are the names in order.
	features []string
	rows     []designRow
}

// designRow holds the values in the order of the features; NaN where one is missing.
type designRow struct {
	values    []float64
	lost      float64
	customers int
}

// newDesign makes a table of rows.
func newDesign(rows []RiskRow) (design, error) {
	place := make(map[string]int)
	for _, r := range rows {
		for _, v := range r.Values {
			place[v.Name] = 0
		}
	}
	d := design{features: slices.Sorted(maps.Keys(place))}
	for i, name := range d.features {
		if !learnedrisk.ValidName(name) {
			return design{}, fmt.Errorf("%q is no name of a feature: %w", name, customerbase.ErrArgument)
		}
		place[name] = i
	}
	for _, r := range rows {
		if err := r.validate(); err != nil {
			return design{}, err
		}
		row := designRow{values: slices.Repeat([]float64{math.NaN()}, len(place)), lost: r.Lost, customers: r.Customers}
		// Of several values with one name the first counts, as in the model.
		for _, v := range slices.Backward(r.Values) {
			if math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
				return design{}, fmt.Errorf("%s of a customer is %v: %w", v.Name, v.Number, customerbase.ErrArgument)
			}
			row.values[place[v.Name]] = v.Number
		}
		d.rows = append(d.rows, row)
	}
	slices.SortFunc(d.rows, func(a, b designRow) int {
		return cmp.Or(slices.Compare(a.values, b.values), cmp.Compare(a.lost, b.lost), cmp.Compare(a.customers, b.customers))
	})
	return d, nil
}

// customers returns the number of customers.
func (d design) customers() int {
	n := 0
	for _, r := range d.rows {
		n += r.customers
	}
	return n
}

// rarer returns the number of customers who were lost or that of those who stayed, whichever is smaller.
func (d design) rarer() float64 {
	var lost, stayed stablemath.Sum
	for _, r := range d.rows {
		lost.Add(float64(r.customers) * r.lost)
		stayed.Add(float64(r.customers) * (1 - r.lost))
	}
	return min(lost.Value(), stayed.Value())
}

// targets returns what a regression is to meet.
func (d design) targets() []target {
	targets := make([]target, len(d.rows))
	for i, r := range d.rows {
		targets[i] = target{share: r.lost, customers: float64(r.customers)}
	}
	return targets
}

// values returns a row as a model takes it.
func (d design) values(r designRow) []learnedrisk.Value {
	var values []learnedrisk.Value
	for i, x := range r.values {
		if !math.IsNaN(x) {
			values = append(values, learnedrisk.Value{Name: d.features[i], Number: x})
		}
	}
	return values
}

// moments returns the mean and the standard deviation of a feature over the customers of whom it is known, and the share of the
// others, all rounded to the digits that a model keeps.
func (d design) moments(feature int) (mean, scale, missing float64) {
	var n, sum, squares stablemath.Sum
	for _, r := range d.rows {
		if x := r.values[feature]; !math.IsNaN(x) {
			n.Add(float64(r.customers))
			sum.Add(float64(r.customers) * x)
		}
	}
	mean = sum.Value() / n.Value()
	for _, r := range d.rows {
		if x := r.values[feature]; !math.IsNaN(x) {
			squares.Add(float64(r.customers) * (x - mean) * (x - mean))
		}
	}
	scale = math.Sqrt(squares.Value() / n.Value())
	return significant(mean, 9), significant(scale, 9), significant(1-n.Value()/float64(d.customers()), 9)
}
