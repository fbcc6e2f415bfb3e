package customerbase

import (
	"math"
	"slices"

	"github.com/rapport-crm/rapport/domain/stablemath"
)

// moments are sums over customers, weighted with their risks: of 1, of the covariates and of their products.
type moments struct {
	customers, risk float64
	first           []float64
	second          [][]float64
}

func newMoments(covariates int) *moments {
	m := &moments{first: make([]float64, covariates), second: make([][]float64, covariates)}
	for i := range m.second {
		m.second[i] = make([]float64, covariates)
	}
	return m
}

// add adds a subject with the logarithm of its risk.
func (m *moments) add(s Subject, logRisk float64) {
	n := float64(s.Customers)
	w := float64(n * stablemath.Exp(logRisk))
	m.customers += n
	m.risk += w
	for i, x := range s.Covariates {
		m.first[i] += float64(w * x)
		for j := range i + 1 {
			m.second[i][j] += float64(float64(w*x) * s.Covariates[j])
		}
	}
}

// weigh multiplies all sums but the count with a factor.
func (m *moments) weigh(factor float64) {
	m.risk *= factor
	for i := range m.first {
		m.first[i] *= factor
		for j := range i + 1 {
			m.second[i][j] *= factor
		}
	}
}

// efron adds up a partial likelihood from the longest duration to the shortest, so that those at risk only become more.
type efron struct {
	atRisk *moments
	// scale is the highest logarithm of a risk so far. Sums are over risks divided by it: only ratios count, and so the sums
	// stay in range.
	scale      float64
	height     stablemath.Sum
	likelihood PartialLikelihood
}

func newEfron(covariates int) *efron {
	m := newMoments(covariates)
	return &efron{
		atRisk: newMoments(covariates), scale: math.Inf(-1), likelihood: PartialLikelihood{Gradient: m.first, Information: m.second},
	}
}

// duration adds those whose relationship ended, or was last observed, at a duration.
func (l *efron) duration(subjects []Subject, logRisks []float64) {
	if highest := slices.Max(logRisks); highest > l.scale {
		l.atRisk.weigh(stablemath.Exp(l.scale - highest))
		l.scale = highest
	}
	ended := newMoments(len(l.atRisk.first))
	for i, s := range subjects {
		logRisk := logRisks[i] - l.scale
		l.atRisk.add(s, logRisk)
		if s.Ended {
			ended.add(s, logRisk)
			l.meet(s, logRisk)
		}
	}
	l.subtract(ended)
}

// meet adds what the customers whose relationship ended contribute themselves.
func (l *efron) meet(s Subject, logRisk float64) {
	n := float64(s.Customers)
	l.height.Add(n * logRisk)
	for i, x := range s.Covariates {
		l.likelihood.Gradient[i] += float64(n * x)
	}
}

// subtract takes off what those at risk contribute to each of the ends at a duration: before each one, the same part of all
// who end then has gone.
func (l *efron) subtract(ended *moments) {
	for k := 0.0; k < ended.customers; k++ {
		gone := k / ended.customers
		risk := l.atRisk.risk - float64(gone*ended.risk)
		l.height.Add(-stablemath.Log(risk))
		mean := make([]float64, len(l.atRisk.first))
		for i := range mean {
			mean[i] = (l.atRisk.first[i] - float64(gone*ended.first[i])) / risk
			l.likelihood.Gradient[i] -= mean[i]
			for j := range i + 1 {
				product := (l.atRisk.second[i][j] - float64(gone*ended.second[i][j])) / risk
				l.likelihood.Information[i][j] += product - float64(mean[i]*mean[j])
				l.likelihood.Information[j][i] = l.likelihood.Information[i][j]
			}
		}
	}
}
