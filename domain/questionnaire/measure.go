package questionnaire

import "slices"

// Measure is what the items of a group measure. It determines the form of their answers.
type Measure string

// The measures.
const (
	// Index items have scores on the scale of the questionnaire, which make up its index (SAT-07, SAT-15, SAT-16).
	Index Measure = "index"
	// NPS items have scores from 0 to 10 that say how likely the customer is to recommend the firm. No other score enters
	// a net promoter score.
	NPS Measure = "nps"
	// CSAT items have scores from 1 to 5, of which 4 and 5 are satisfied.
	CSAT Measure = "csat"
	// CES items have scores from 1 to 7, of which 5 to 7 agree that it was easy.
	CES Measure = "ces"
	// Execution items are answered with yes or no: was a standard kept (SAT-17).
	Execution Measure = "execution"
	// Comment items are answered in the customer's words.
	Comment Measure = "comment"
)

// measures lists the measures in the order in which messages name them.
func measures() []Measure { return []Measure{Index, NPS, CSAT, CES, Execution, Comment} }

func (m Measure) known() bool { return slices.Contains(measures(), m) }

// scored reports whether the answers are scores.
func (m Measure) scored() bool { return m != Execution && m != Comment }

// scale returns the scale of a measure that has one of its own; an index has the given one.
func (m Measure) scale(ofIndex Range) Range {
	switch m {
	case Index:
		return ofIndex
	case NPS:
		return Range{Low: 0, High: 10}
	case CSAT:
		return Range{Low: 1, High: 5}
	case CES:
		return Range{Low: 1, High: 7}
	default:
		return Range{}
	}
}

// low returns the greatest score that calls for a recovery unless the document says otherwise.
func (m Measure) low() int {
	switch m {
	case Index, NPS:
		return 6
	case CSAT:
		return 2
	case CES:
		return 3
	default:
		return 0
	}
}
