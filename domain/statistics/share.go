package statistics

import (
	"math"
	"math/big"
)

// Share is a part of a whole, both counted: answers in the top boxes, standards that were kept, handovers followed up.
type Share struct {
	Part  int64 `json:"part"`
	Whole int64 `json:"whole"`
}

// Merge adds the counts of another share.
func (s *Share) Merge(o Share) {
	s.Part += o.Part
	s.Whole += o.Whole
}

// Sub takes the counts of another share away: it undoes Merge.
func (s *Share) Sub(o Share) {
	s.Part -= o.Part
	s.Whole -= o.Whole
}

// Value returns the share between 0 and 1. It is false of an empty whole, or when the part is none of it.
func (s Share) Value() (float64, bool) {
	if !s.valid() {
		return 0, false
	}
	return quotient(big.NewInt(s.Part), big.NewInt(s.Whole)), true
}

func (s Share) valid() bool { return s.Whole > 0 && s.Part >= 0 && s.Part <= s.Whole }

// Interval returns Wilson's score interval (Wilson 1927; method 3 of Newcombe 1998) at a confidence level between 0 and
// 1. It is false when Value is.
func (s Share) Interval(level float64) (Interval, bool) {
	p, ok := s.Value()
	z, known := NormalQuantile(level)
	if !ok || !known {
		return Interval{}, false
	}
	n := float64(s.Whole)
	z2 := float64(z * z)
	centre := (p + z2/(2*n)) / (1 + z2/n)
	half := z * math.Sqrt(float64(p*(1-p))/n+z2/(4*n*n)) / (1 + z2/n)
	i := around(centre, half).within(0, 1)
	// At the ends the formula gives 0 and 1 but for rounding.
	if s.Part == 0 {
		i.Low = 0
	}
	if s.Part == s.Whole {
		i.High = 1
	}
	return i, true
}
