package customerbase

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// ProportionalHazards is Cox's model of how long relationships last (1972): each of the covariates of a customer, such as a
// kind of contract, multiplies the risk to end by the same factor at all times. The risk itself may have any course.
type ProportionalHazards struct {
	// Effects are the logarithms of the factors, one for each covariate in order. They may be negative.
	Effects []Parameter
}

// NameProportionalHazards is the name of the model in reports.
const NameProportionalHazards = "proportional_hazards"

// Name returns NameProportionalHazards.
func (m ProportionalHazards) Name() string { return NameProportionalHazards }

// Parameters returns the effects.
func (m ProportionalHazards) Parameters() []Parameter { return m.Effects }

// Validate returns an error unless all effects are finite.
func (m ProportionalHazards) Validate() error {
	for _, p := range m.Effects {
		if _, err := finite(m.Name()+": "+p.Name, p.Value); err != nil {
			return fmt.Errorf("%w: %w", ErrParameters, err)
		}
	}
	return nil
}

// Subject is a number of customers with the same lifetime and the same covariates.
type Subject struct {
	Lifetime
	Covariates []float64
}

// LogRisk returns the logarithm of the factor by which the risk of a customer differs from that of one whose covariates are all 0.
func (m ProportionalHazards) LogRisk(covariates []float64) (float64, error) {
	if err := m.Validate(); err != nil {
		return 0, err
	}
	if len(covariates) != len(m.Effects) {
		return 0, fmt.Errorf("%s: %d covariates, want %d: %w", m.Name(), len(covariates), len(m.Effects), ErrArgument)
	}
	var sum stablemath.Sum
	for i, x := range covariates {
		if _, err := finite("covariate "+m.Effects[i].Name, x); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrArgument, err)
		}
		sum.Add(x * m.Effects[i].Value)
	}
	return finite("logarithm of the risk", sum.Value())
}

// PartialLikelihood is the likelihood of the order in which relationships ended, with its derivatives by the effects.
type PartialLikelihood struct {
	Log float64
	// Gradient holds the first derivatives of Log, Information the second ones with the sign turned.
	Gradient    []float64
	Information [][]float64
}

// PartialLikelihood returns Cox's partial likelihood, where several ends at one duration count as if they had come in any order
// (Efron 1977). The order of the subjects does not matter.
func (m ProportionalHazards) PartialLikelihood(subjects []Subject) (PartialLikelihood, error) {
	sorted := slices.Clone(subjects)
	slices.SortFunc(sorted, compareSubjects)
	risks := make([]float64, len(sorted))
	for i, s := range sorted {
		if err := s.validate(); err != nil {
			return PartialLikelihood{}, err
		}
		var err error
		if risks[i], err = m.LogRisk(s.Covariates); err != nil {
			return PartialLikelihood{}, err
		}
	}
	l := newEfron(len(m.Effects))
	for len(sorted) > 0 {
		same := 1
		for same < len(sorted) && sorted[same].Duration == sorted[0].Duration {
			same++
		}
		l.duration(sorted[:same], risks[:same])
		sorted, risks = sorted[same:], risks[same:]
	}
	l.likelihood.Log = l.height.Value()
	_, err := finite("partial likelihood", l.likelihood.Log)
	return l.likelihood, err
}

// compareSubjects orders subjects by duration, the longest first.
func compareSubjects(a, b Subject) int {
	ended := func(s Subject) int {
		if s.Ended {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(b.Duration, a.Duration), cmp.Compare(ended(a), ended(b)),
		slices.Compare(a.Covariates, b.Covariates), cmp.Compare(a.Customers, b.Customers),
	)
}
