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

// AnswerFault is one rule that an answer breaks. It never contains the value, which may be personal.
type AnswerFault struct {
	// Answer is the place of the answer in its list.
	Answer int
	// Member is the member at fault, such as "score"; empty when it is the answer as a whole.
	Member string
	// Rule names the rule and Message says what must hold. The rules are those of package domain: oneof, unique,
	// exactly_one, required, min and max.
	Rule    string
	Message string
}

// The rules an answer can break.
const (
	ruleOneOf      = "oneof"
	ruleUnique     = "unique"
	ruleExactlyOne = "exactly_one"
	ruleRequired   = "required"
	ruleMin        = "min"
	ruleMax        = "max"
)

// Reading is what is valid among the answers to a questionnaire.
type Reading struct {
	definition *Definition
	// Results are the valid answers in the order in which they were given.
	Results []Result
}

// Definition returns the questionnaire that was answered.
func (r *Reading) Definition() *Definition { return r.definition }

// Read checks answers and returns the valid ones together with the faults of the others. Of two answers to an item the
// first counts. Items may be left out.
func (d *Definition) Read(answers []Answer) (*Reading, []AnswerFault) {
	r := &Reading{definition: d, Results: make([]Result, 0, len(answers))}
	var faults []AnswerFault
	for i := range answers {
		item, fault := d.check(&answers[i])
		if fault.Rule == "" && r.answered(item) {
			fault = AnswerFault{Member: "item", Rule: ruleUnique, Message: "must not be answered twice"}
		}
		if fault.Rule != "" {
			fault.Answer = i
			faults = append(faults, fault)
			continue
		}
		r.Results = append(r.Results, Result{Item: item, Answer: answers[i]})
	}
	return r, faults
}

func (r *Reading) answered(item *Item) bool {
	for i := range r.Results {
		if r.Results[i].Item == item {
			return true
		}
	}
	return false
}

// check returns the item of an answer, and the rule that the answer breaks; an empty one when there is none.
func (d *Definition) check(a *Answer) (*Item, AnswerFault) {
	item, known := d.items[a.Item]
	if !known {
		return nil, AnswerFault{Member: "item", Rule: ruleOneOf, Message: "must be an item of the questionnaire"}
	}
	if a.forms() != 1 {
		return item, AnswerFault{Rule: ruleExactlyOne, Message: "must have exactly one of score, yes, text, refused and not_applicable"}
	}
	if a.Refused || a.NotApplicable {
		return item, AnswerFault{}
	}
	return item, item.group.checkForm(a)
}

// forms counts the forms in which an answer was given; a valid one has exactly one.
func (a *Answer) forms() int {
	n := 0
	for _, present := range [...]bool{a.Score != nil, a.Yes != nil, a.Text != nil, a.Refused, a.NotApplicable} {
		if present {
			n++
		}
	}
	return n
}

// checkForm returns what is wrong with the form of an answer that was not refused, or with its score.
func (g *Group) checkForm(a *Answer) AnswerFault {
	switch {
	case g.Measure == Execution:
		return given(a.Yes != nil, "yes", "must be given, as the item asks for yes or no")
	case g.Measure == Comment:
		return given(a.Text != nil, "text", "must be given, as the item asks for words")
	case a.Score == nil:
		return given(false, "score", "must be given, as the item asks for a score")
	}
	low, high := int64(g.scale.Low()), int64(g.scale.High())
	if between(*a.Score, low, high) {
		return AnswerFault{}
	}
	fault := AnswerFault{Member: "score", Rule: ruleMin, Message: fmt.Sprintf("must be between %d and %d", low, high)}
	if *a.Score > high {
		fault.Rule = ruleMax
	}
	return fault
}

func given(ok bool, member, message string) AnswerFault {
	if ok {
		return AnswerFault{}
	}
	return AnswerFault{Member: member, Rule: ruleRequired, Message: message}
}

func between(v, low, high int64) bool { return v >= low && v <= high }

// Index returns the index of this one customer; what was not scored is left out as in IndexOf.
func (r *Reading) Index(w *Weights) IndexValue {
	scores := make(map[*Item]*big.Rat, len(r.Results))
	for _, x := range r.Results {
		if x.Score != nil {
			scores[x.Item] = big.NewRat(*x.Score, 1)
		}
	}
	return r.definition.index(w, func(i *Item) *big.Rat { return scores[i] })
}

// Thousandths returns the value of Index in thousandths, halves rounded up, which can be summed over customers in any
// order. It is false when there is no value. It is the quick way for whoever reads many answers.
func (r *Reading) Thousandths(w *Weights) (int64, bool) {
	if w == nil {
		return 0, false
	}
	// The value is Σ weight·sum/points over the groups divided by Σ weight, computed as one fraction over the product of
	// all points. It is left to Index when that product, of many groups with large weights, grows beyond 2^24: up to there
	// all products below stay under 2^63.
	const limit = 1 << 24
	var top, weights int64
	common := int64(1)
	for _, g := range r.definition.Groups {
		weight := w.ofGroup(g)
		sum, points := r.sums(g, w)
		if points == 0 || weight <= 0 {
			continue
		}
		if common*points > limit {
			return r.slowThousandths(w)
		}
		top = top*points + weight*sum*common
		common *= points
		weights += weight
	}
	if weights == 0 {
		return 0, false
	}
	bottom := common * weights
	return (2000*top + bottom) / (2 * bottom), true
}

// sums returns the weighted sum of the scores of a group that belongs to the index, and the sum of their weights.
func (r *Reading) sums(g *Group, w *Weights) (sum, points int64) {
	if g.Measure != Index {
		return 0, 0
	}
	for i := range r.Results {
		if x := &r.Results[i]; x.Item.group == g && x.Score != nil {
			weight := w.ofItem(x.Item)
			sum += weight * *x.Score
			points += weight
		}
	}
	return sum, points
}

func (r *Reading) slowThousandths(w *Weights) (int64, bool) {
	v := r.Index(w).Value
	if v == nil {
		return 0, false
	}
	return statistics.Thousandths(v), true
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
