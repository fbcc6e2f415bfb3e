package fit

import (
	"fmt"
	"math"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
)

// columns is a design as a regression takes it: the intercept, a column for each feature in standard deviations from its
// mean, and one for not being known where that occurs.
type columns struct {
	// names are those of the parameters of the model that the columns stand for.
	names []string
	rows  [][]float64
	// features are those of the model, still without weights.
	features []learnedrisk.Feature
}

// Suffixes of the parameters that a regression finds.
const (
	interceptName       = "intercept"
	weightSuffix        = ".weight"
	missingWeightSuffix = ".missing_weight"
)

// columns standardises the features. One that is known of all and the same for all has no column. The error wraps
// customerbase.ErrArgument if values are too large for a standard deviation.
func (d design) columns() (columns, error) {
	c := columns{names: []string{interceptName}, rows: make([][]float64, len(d.rows))}
	for i := range c.rows {
		c.rows[i] = []float64{1}
	}
	for i, name := range d.features {
		f := learnedrisk.Feature{Name: name}
		f.Mean, f.Scale, f.MissingShare = d.moments(i)
		if math.IsNaN(f.Scale) || math.IsInf(f.Scale, 0) {
			return columns{}, fmt.Errorf("values of %s are too large to reckon with: %w", name, customerbase.ErrArgument)
		}
		// A spread of a few roundings of the mean is none.
		constant := !(f.Scale > 1e-12*math.Abs(f.Mean))
		if constant && f.MissingShare == 0 {
			continue
		}
		c.features = append(c.features, f)
		if constant {
			c.features[len(c.features)-1].Scale = 1
		} else {
			c.add(name+weightSuffix, d, func(r designRow) float64 {
				if x := r.values[i]; !math.IsNaN(x) {
					return (x - f.Mean) / f.Scale
				}
				return 0
			})
		}
		if f.MissingShare > 0 {
			c.add(name+missingWeightSuffix, d, func(r designRow) float64 {
				if math.IsNaN(r.values[i]) {
					return 1 - f.MissingShare
				}
				return -f.MissingShare
			})
		}
	}
	return c, nil
}

// add adds a column.
func (c *columns) add(name string, d design, value func(r designRow) float64) {
	c.names = append(c.names, name)
	for i, r := range d.rows {
		c.rows[i] = append(c.rows[i], value(r))
	}
}

// model puts weights, in the order of the columns, into a model.
func (c columns) model(weights []float64, horizon float64) learnedrisk.Model {
	by := make(map[string]float64, len(weights))
	for i, w := range weights {
		by[c.names[i]] = significant(w, 9)
	}
	m := learnedrisk.Model{Horizon: horizon, Intercept: by[interceptName], Features: c.features}
	for i := range m.Features {
		f := &m.Features[i]
		f.Weight, f.MissingWeight = by[f.Name+weightSuffix], by[f.Name+missingWeightSuffix]
	}
	return m
}

// errors returns standard errors by the names of the parameters.
func (c columns) errors(standard []float64) map[string]float64 {
	by := make(map[string]float64, len(standard))
	for i, e := range standard {
		by[c.names[i]] = e
	}
	return by
}
