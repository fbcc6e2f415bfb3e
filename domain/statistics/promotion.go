package statistics

import (
	"math"
	"math/big"
)

// Promotion counts the answers to the question how likely the customer is to recommend the firm, from 0 to 10:
// promoters answer 9 or 10, passives 7 or 8, detractors at most 6.
type Promotion struct {
	Promoters  int64 `json:"promoters"`
	Passives   int64 `json:"passives"`
	Detractors int64 `json:"detractors"`
}

// Promotion returns the promoters, passives and detractors of a distribution. It is false unless the scale is 0 to 10.
func (d Distribution) Promotion() (Promotion, bool) {
	if d.scale != (Scale{low: 0, high: 10}) {
		return Promotion{}, false
	}
	p := Promotion{Promoters: d.AtLeast(9).Part, Detractors: d.AtMost(6).Part}
	p.Passives = d.Count() - p.Promoters - p.Detractors
	return p, true
}

// Merge adds the counts of other answers.
func (p *Promotion) Merge(o Promotion) {
	p.Promoters += o.Promoters
	p.Passives += o.Passives
	p.Detractors += o.Detractors
}

// Sub takes the counts of other answers away: it undoes Merge.
func (p *Promotion) Sub(o Promotion) {
	p.Promoters -= o.Promoters
	p.Passives -= o.Passives
	p.Detractors -= o.Detractors
}

// Count returns the number of answers.
func (p Promotion) Count() int64 { return p.Promoters + p.Passives + p.Detractors }

func (p Promotion) valid() bool {
	return p.Promoters >= 0 && p.Passives >= 0 && p.Detractors >= 0 && p.Count() > 0
}

// Score returns the net promoter score: percent of promoters minus percent of detractors, from −100 to 100. It is false
// without answers.
func (p Promotion) Score() (float64, bool) {
	if !p.valid() {
		return 0, false
	}
	return quotient(big.NewInt(100*(p.Promoters-p.Detractors)), big.NewInt(p.Count())), true
}

// StandardError returns the standard error of the score in points: the square root of (p + d − (p − d)²)/n with the
// shares p of promoters and d of detractors. It is false without answers.
func (p Promotion) StandardError() (float64, bool) {
	if !p.valid() {
		return 0, false
	}
	return 100 * netError(float64(p.Promoters), float64(p.Detractors), float64(p.Count())), true
}

// WaldInterval returns score ± z · standard error in points, cut at ±100. It is too narrow for few answers. It is false
// without answers.
func (p Promotion) WaldInterval(level float64) (Interval, bool) {
	if !p.valid() {
		return Interval{}, false
	}
	_, i, ok := netInterval(float64(p.Promoters), float64(p.Detractors), float64(p.Count()), level)
	return i, ok
}

// Interval returns the adjusted Wald interval of the score in points and its centre, which is drawn towards 0: three
// answers are added, three quarters of one each to promoters and detractors (Rocks 2016). The interval is cut at ±100.
// It is false without answers.
func (p Promotion) Interval(level float64) (centre float64, interval Interval, ok bool) {
	if !p.valid() {
		return 0, Interval{}, false
	}
	return netInterval(float64(p.Promoters)+0.75, float64(p.Detractors)+0.75, float64(p.Count())+3, level)
}

// netInterval returns the Wald interval in points and its centre.
func netInterval(promoters, detractors, n, level float64) (float64, Interval, bool) {
	z, ok := NormalQuantile(level)
	centre := 100 * (promoters - detractors) / n
	half := 100 * z * netError(promoters, detractors, n)
	return centre, around(centre, half).within(-100, 100), ok
}

// netError returns the standard error of the difference of two shares of n answers that exclude each other.
func netError(promoters, detractors, n float64) float64 {
	net := (promoters - detractors) / n
	// With one kind of answer only the difference is 0 but for rounding.
	return math.Sqrt(max((promoters+detractors)/n-float64(net*net), 0) / n)
}
