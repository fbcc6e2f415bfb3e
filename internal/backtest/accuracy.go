package backtest

import "fmt"

// AccuracyReport is how often a yes-or-no rule was right: whether customers are lost.
type AccuracyReport struct {
	Name string `json:"name"`
	// Right is the share of customers of whom the rule was right, and Alarms how many it took for lost.
	Right  float64 `json:"right"`
	Alarms int     `json:"alarms"`
}

// hiatusWeeks are the silences after which the fixed hiatus takes customers for lost.
func hiatusWeeks() []int { return []int{13, 26} }

// accuracies compares the fixed hiatus with the chances of models, which take those for lost whose chance is above a half
// (Wuebben and Wangenheim 2008).
func accuracies(known []*customer, scores []score) []AccuracyReport {
	var all []AccuracyReport
	for _, w := range hiatusWeeks() {
		all = append(all, accuracy(fmt.Sprintf("%s_%d_weeks", fixedHiatus, w), known, func(i int) bool { return known[i].silent > w*daysOfWeek }))
	}
	for _, s := range scores {
		if s.Kind == KindModel || s.Kind == KindLearned {
			all = append(all, accuracy(s.Name, known, func(i int) bool { return s.values[i] > 0.5 }))
		}
	}
	return all
}

func accuracy(name string, known []*customer, takenForLost func(i int) bool) AccuracyReport {
	a := AccuracyReport{Name: name}
	right := 0
	for i, c := range known {
		taken := takenForLost(i)
		if taken {
			a.Alarms++
		}
		if taken == c.lost {
			right++
		}
	}
	a.Right = float64(right) / float64(len(known))
	return a
}
