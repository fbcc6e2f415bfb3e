package statistics

import "math"

// Interval is a confidence interval, both ends included.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Width returns the distance of the ends.
func (i Interval) Width() float64 { return i.High - i.Low }

// within cuts the interval at two ends that no value exceeds.
func (i Interval) within(low, high float64) Interval {
	return Interval{Low: min(max(i.Low, low), high), High: max(min(i.High, high), low)}
}

// around returns the interval of the given half width, which may be a product.
func around(centre, half float64) Interval {
	return Interval{Low: centre - float64(half), High: centre + float64(half)}
}

// studentInterval returns estimate ± t·se. It is false when the quantile is.
func studentInterval(estimate, se, degrees, level float64) (Interval, bool) {
	t, ok := StudentQuantile(level, degrees)
	if !ok {
		return Interval{}, false
	}
	return around(estimate, t*se), true
}

// NormalQuantile returns z with P(|Z| ≤ z) = level for a standard normal Z. It is false unless the level is above 0 and
// below 1.
func NormalQuantile(level float64) (float64, bool) {
	if !(level > 0 && level < 1) {
		return 0, false
	}
	return math.Sqrt2 * math.Erfinv(level), true
}
