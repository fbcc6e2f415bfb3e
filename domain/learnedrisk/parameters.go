package learnedrisk

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// Names of parameters. Those of a feature are its name and one of the suffixes.
const (
	horizonName         = "horizon_days"
	interceptName       = "intercept"
	weightSuffix        = ".weight"
	meanSuffix          = ".mean"
	scaleSuffix         = ".scale"
	missingShareSuffix  = ".missing_share"
	missingWeightSuffix = ".missing_weight"
)

// Name returns Name.
func (m Model) Name() string { return Name }

// Parameters returns all numbers of the model: horizon_days, intercept, and for each feature its name with .weight, .mean,
// .scale, .missing_share and .missing_weight.
func (m Model) Parameters() []customerbase.Parameter {
	p := []customerbase.Parameter{{Name: horizonName, Value: m.Horizon}, {Name: interceptName, Value: m.Intercept}}
	for _, f := range m.Features {
		p = append(p, f.parameters()...)
	}
	return p
}

func (f Feature) parameters() []customerbase.Parameter {
	return []customerbase.Parameter{
		{Name: f.Name + weightSuffix, Value: f.Weight},
		{Name: f.Name + meanSuffix, Value: f.Mean},
		{Name: f.Name + scaleSuffix, Value: f.Scale},
		{Name: f.Name + missingShareSuffix, Value: f.MissingShare},
		{Name: f.Name + missingWeightSuffix, Value: f.MissingWeight},
	}
}

// New returns the model of parameters by name, as an event holds them. The error names the parameter that is missing,
// unknown or impossible and wraps customerbase.ErrParameters.
func New(parameters map[string]float64) (Model, error) {
	m := Model{Horizon: parameters[horizonName], Intercept: parameters[interceptName]}
	for name := range parameters {
		if feature, ok := strings.CutSuffix(name, weightSuffix); ok {
			m.Features = append(m.Features, Feature{Name: feature})
		}
	}
	slices.SortFunc(m.Features, func(a, b Feature) int { return strings.Compare(a.Name, b.Name) })
	for i := range m.Features {
		f := &m.Features[i]
		f.Weight, f.Mean, f.Scale = parameters[f.Name+weightSuffix], parameters[f.Name+meanSuffix], parameters[f.Name+scaleSuffix]
		f.MissingShare, f.MissingWeight = parameters[f.Name+missingShareSuffix], parameters[f.Name+missingWeightSuffix]
	}
	if err := customerbase.CheckNames(Name, m.Parameters(), parameters); err != nil {
		return Model{}, err
	}
	if err := m.Validate(); err != nil {
		return Model{}, err
	}
	return m, nil
}
