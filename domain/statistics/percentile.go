package statistics

// Median returns the middle score: of an even number of answers the mean of the two in the middle. It is false without
// answers.
func (d Distribution) Median() (float64, bool) {
	if !d.whole() {
		return 0, false
	}
	n := d.Count()
	return float64(d.ranked((n+1)/2)+d.ranked(n/2+1)) / 2, true
}

// Percentile returns the smallest score such that at least p percent of the answers are not above it (the nearest rank).
// It is false without answers, or unless p is between 1 and 100.
func (d Distribution) Percentile(p int) (int, bool) {
	if !d.whole() || p < 1 || p > 100 {
		return 0, false
	}
	n := d.Count()
	// n·p/100 rounded up, in two parts so that the product stays small.
	rank := n/100*int64(p) + (n%100*int64(p)+99)/100
	return d.ranked(rank), true
}

// ranked returns the score of the answer with a rank, counted from 1 for the lowest.
func (d Distribution) ranked(rank int64) int {
	for i, n := range d.counts {
		if rank -= n; rank <= 0 {
			return d.scale.low + i
		}
	}
	return d.scale.high
}
