package questionnaire

import (
	"fmt"
	"math/big"

	"github.com/rapport-crm/rapport/domain/statistics"
)

// Answer is the answer to one item. Its fields are those of the answer in the event survey.answered, so that one can be
// converted to the other. Exactly one of Score, Yes, Text, Refused and NotApplicable is present.
type Answer struct {
	// Item is the id of the item.
	Item string
	// Score is on the scale of the item.
	Score *int64
	// Yes is the answer to an item about execution.
	Yes *bool
	// Text is the answer in the customer's words.
	Text *string
	// Refused says that the customer did not want to answer.
	Refused bool
	// NotApplicable says that the item does not apply to the customer.
	NotApplicable bool
}

// Result is a valid answer. One that has neither score, yes nor text was refused or does not apply; neither is a low
// score (SAT-07).
type Result struct {
	Item *Item
	Answer
}

// Reading is what is valid among the answers to a questionnaire.
type Reading struct {
	definition *Definition
	// Results are the valid answers in the order in which they were given.
	Results []Result
}

// Read checks answers and returns the valid ones together with the faults of the others. Of two answers to an item the
// first counts. Items may be left out. A fault names the place, such as "answers[2].score", and never the value, which
// may be personal.
func (d *Definition) Read(answers []Answer) (*Reading, []Fault) {
	r := &Reading{definition: d, Results: make([]Result, 0, len(answers))}
	var faults []Fault
	for i := range answers {
		a := &answers[i]
		field, rule := d.check(a)
		if rule == "" && r.answered(a.Item) {
			field, rule = ".item", "must not be answered twice"
		}
		if rule != "" {
			faults = append(faults, Fault{Field: fmt.Sprintf("answers[%d]%s", i, field), Rule: rule})
			continue
		}
		r.Results = append(r.Results, Result{Item: d.items[a.Item], Answer: *a})
	}
	return r, faults
}

func (r *Reading) answered(item string) bool {
	for i := range r.Results {
		if r.Results[i].Item.ID == item {
			return true
		}
	}
	return false
}

// check returns the member of an answer that breaks a rule, and the rule; an empty rule when there is none.
func (d *Definition) check(a *Answer) (field, rule string) {
	item, known := d.items[a.Item]
	if !known {
		return ".item", "must be an item of the questionnaire"
	}
	forms := 0
	for _, present := range []bool{a.Score != nil, a.Yes != nil, a.Text != nil, a.Refused, a.NotApplicable} {
		if present {
			forms++
		}
	}
	g := item.group
	switch {
	case forms != 1:
		return "", "must have exactly one of score, yes, text, refused and not_applicable"
	case a.Refused || a.NotApplicable:
		return "", ""
	case g.Measure == Execution && a.Yes == nil:
		return ".yes", "must be given, as the item asks for yes or no"
	case g.Measure == Comment && a.Text == nil:
		return ".text", "must be given, as the item asks for words"
	case g.Measure.scored() && a.Score == nil:
		return ".score", "must be given, as the item asks for a score"
	case g.Measure.scored() && !between(*a.Score, int64(g.scale.Low()), int64(g.scale.High())):
		return ".score", fmt.Sprintf("must be between %d and %d", g.scale.Low(), g.scale.High())
	}
	return "", ""
}

func between(v, low, high int64) bool { return v >= low && v <= high }

// Index returns the index of this one customer; what was not scored is left out as in IndexOf. In thousandths, by
// statistics.Thousandths, it can be summed over customers in any order.
func (r *Reading) Index(w *Weights) IndexValue {
	scores := make(map[*Item]*big.Rat, len(r.Results))
	for _, x := range r.Results {
		if x.Score != nil {
			scores[x.Item] = big.NewRat(*x.Score, 1)
		}
	}
	return r.definition.index(w, func(i *Item) *big.Rat { return scores[i] })
}

// Execution returns the share of standards that were kept among those answered with yes or no (SAT-17).
func (r *Reading) Execution() statistics.Share {
	var s statistics.Share
	for _, x := range r.Results {
		if x.Yes == nil {
			continue
		}
		s.Whole++
		if *x.Yes {
			s.Part++
		}
	}
	return s
}

// Low returns the answers with a score that calls for a recovery, in the order in which they were given (SAT-24).
func (r *Reading) Low() []Result {
	var low []Result
	for _, x := range r.Results {
		if x.Score != nil && *x.Score <= int64(x.Item.group.Low) {
			low = append(low, x)
		}
	}
	return low
}
