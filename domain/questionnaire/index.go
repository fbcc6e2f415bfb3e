package questionnaire

import (
	"math/big"

	"github.com/rapport-crm/rapport/domain/statistics"
)

// IndexValue is the weighted index of a questionnaire: of items within groups, and of groups. It is exact, so it is the
// same whatever the order in which its scores were counted.
type IndexValue struct {
	// Weights is the version of the weights.
	Weights string
	// Value is on the scale of the questionnaire, nil when no item was scored.
	Value *big.Rat
	// Groups are the means of the groups that belong to the index, in the order of the questionnaire.
	Groups []GroupValue
}

// GroupValue is the weighted mean of a group.
type GroupValue struct {
	// Name is the name of the group.
	Name string
	// Value is nil when no item of the group was scored.
	Value *big.Rat
}

// IndexOf returns the index of many answers from the distributions of their scores by item id. What has no answers is
// left out and its weight goes to the rest: a missing item within its group, a missing group within the questionnaire.
// Weights must be some of the questionnaire's; nil weights give an index without value.
//
// An item counts by its weight however many answered it. The mean of the indices of single answers counts every
// customer alike instead; the two differ when items were skipped.
func (d *Definition) IndexOf(scores map[string]statistics.Distribution, w *Weights) IndexValue {
	return d.index(w, func(i *Item) *big.Rat { return scores[i.ID].Moments().ExactMean() })
}

// index computes the index from the value of each item, nil for a missing one.
func (d *Definition) index(w *Weights, value func(*Item) *big.Rat) IndexValue {
	if w == nil {
		return IndexValue{}
	}
	x := IndexValue{Weights: w.Version}
	var groups, items []statistics.Part
	for _, g := range d.Groups {
		if g.Measure != Index {
			continue
		}
		items = items[:0]
		for _, i := range g.Items {
			items = append(items, statistics.Part{Weight: w.ofItem(i), Value: value(i)})
		}
		mean := statistics.WeightedMean(items)
		x.Groups = append(x.Groups, GroupValue{Name: g.Name, Value: mean})
		groups = append(groups, statistics.Part{Weight: w.ofGroup(g), Value: mean})
	}
	x.Value = statistics.WeightedMean(groups)
	return x
}

// Change splits the change of an index into what the scores and what the weights did (SAT-05): Scores and Weights add up
// to the whole change exactly.
type Change struct {
	// Scores is the change under the weights of the earlier period.
	Scores *big.Rat
	// Weights is the change that the new weights make to the later scores.
	Weights *big.Rat
}

// ChangeOf returns the change of the index from one period to a later one. It is false when one of the periods has no
// index.
func (d *Definition) ChangeOf(
	earlier map[string]statistics.Distribution, before *Weights, later map[string]statistics.Distribution, after *Weights,
) (Change, bool) {
	first, last := d.IndexOf(earlier, before).Value, d.IndexOf(later, after).Value
	middle := d.IndexOf(later, before).Value
	if first == nil || middle == nil || last == nil {
		return Change{}, false
	}
	return Change{Scores: new(big.Rat).Sub(middle, first), Weights: new(big.Rat).Sub(last, middle)}, true
}
