package valuation

// Scores are those of RFM from 1, the worst, to 5 (SV-04). Both readings of the first letter are there: Recency is by the days
// since the last purchase, Interval by the days between purchases. A score without its input is 0.
type Scores struct {
	Recency   int `json:"recency"`
	Interval  int `json:"interval"`
	Frequency int `json:"frequency"`
	Amount    int `json:"amount"`
}

// Falling returns the score of a number that is better the lower it is, given four ascending edges: up to the first edge it
// is 5, up to the second 4, and above the last 1.
func Falling(edges []int64, v float64) int {
	score := len(edges) + 1
	for _, edge := range edges {
		if v > float64(edge) {
			score--
		}
	}
	return score
}

// Rising returns the score of a number that is better the higher it is, given four ascending edges: below the first edge it
// is 1, from the first on 2, and from the last on 5.
func Rising(edges []int64, v int64) int {
	score := 1
	for _, edge := range edges {
		if v >= edge {
			score++
		}
	}
	return score
}
