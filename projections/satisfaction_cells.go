package projections

import (
	"encoding/binary"
	"iter"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/questionnaire"
)

// The names of CellAnswer and CellLatest, and of CellSurvey and CellSurveyLatest, whose item is empty. Each answer counts
// in the month and for the unit of its event: once as a whole, and once for each employee in each role. The mode of an
// invitation and of a refusal is empty.
const (
	surveyNameQuestionnaire = iota
	surveyNameItem
	surveyNameSource
	surveyNameMode
)

// The counts of CellAnswer and CellLatest: the scores 0 to 10 count in their own places, yes in that of 1 and no in that of
// 0, and what has no score in the places after them.
const (
	AnswerNo  = 0
	AnswerYes = 1
	// AnswerRefused counts refusals, AnswerNotApplicable items that do not apply, AnswerText answers in words.
	AnswerRefused       = 11
	AnswerNotApplicable = 12
	AnswerText          = 13
)

// The counts of CellSurvey and CellSurveyLatest. Invitations and refusals count in CellSurvey only.
const (
	// SurveyCount counts questionnaires that were answered.
	SurveyCount = iota
	// SurveyIndexed counts those with an index, SurveyIndex sums it in thousandths and SurveySquares sums its square.
	SurveyIndexed
	SurveyIndex
	SurveySquares
	// SurveyLow counts those with a low score.
	SurveyLow
	// SurveyReplies counts those that answer an invitation.
	SurveyReplies
	// SurveyInvited counts invitations, SurveyRefused customers who did not want to take part.
	SurveyInvited
	SurveyRefused
)

// count adds the answer to its cells, or takes it out of them with back.
func (s *Survey) count(r *Rollups, answers, surveys CellKind, back bool) {
	counted := s.counts()
	if back {
		counted = counted.negative()
	}
	cell := Cell{Kind: surveys, Month: s.month, Unit: s.unit}
	cell.Names = [4]string{s.Questionnaire, "", s.Source, s.Mode}
	s.countEach(r, cell, counted)
	cell.Kind = answers
	for item, a := range s.items.each() {
		cell.Names[surveyNameItem] = item
		var n CellCounts
		n[a.slot()] = counted[SurveyCount]
		s.countEach(r, cell, n)
	}
}

// countEach adds counts to a cell as a whole and to those of the employees.
func (s *Survey) countEach(r *Rollups, cell Cell, n CellCounts) {
	r.addCell(cell, n)
	for _, a := range s.staff {
		cell.Employee, cell.Role = a.Employee, a.Role
		r.addCell(cell, n)
	}
}

// counts returns what the answer counts as a survey.
func (s *Survey) counts() CellCounts {
	n := CellCounts{SurveyCount: 1}
	if s.Index != noIndex {
		index := int64(s.Index)
		n[SurveyIndexed], n[SurveyIndex], n[SurveySquares] = 1, index, index*index
	}
	if len(s.items.low()) > 0 {
		n[SurveyLow] = 1
	}
	if s.invited {
		n[SurveyReplies] = 1
	}
	return n
}

// countSurvey counts an invitation or a refusal.
func (f *Fold) countSurvey(c *Customer, e *Entry, name string, source domain.SurveySource, slot int, out *Effects) {
	cell := Cell{Kind: CellSurvey, Month: f.monthOf(e.Event.Time), Unit: c.unitOf(e)}
	cell.Names[surveyNameQuestionnaire], cell.Names[surveyNameSource] = name, string(source)
	var n CellCounts
	n[slot] = 1
	out.Rollups.addCell(cell, n)
}

// itemAnswers are the answers to the items of a questionnaire in the order in which they were given, without words. They
// are packed, because most customers have many: an itemAnswer, the length of the id of the item, and the id.
type itemAnswers string

// itemAnswer is the place where an answer is counted, with marks on low scores and on what was answered with yes or no.
type itemAnswer uint8

const (
	lowScore itemAnswer = 0x80
	yesOrNo  itemAnswer = 0x40
)

func (a itemAnswer) slot() int       { return int(a &^ (lowScore | yesOrNo)) }
func (a itemAnswer) low() bool       { return a&lowScore != 0 }
func (a itemAnswer) execution() bool { return a&yesOrNo != 0 }

// itemAnswersOf packs the answers that were read.
func itemAnswersOf(r *questionnaire.Reading) itemAnswers {
	packed := make([]byte, 0, 8*len(r.Results))
	for i := range r.Results {
		x := &r.Results[i]
		packed = append(packed, byte(itemAnswerOf(x)))
		packed = binary.AppendUvarint(packed, uint64(len(x.Item.ID)))
		packed = append(packed, x.Item.ID...)
	}
	return itemAnswers(packed)
}

func itemAnswerOf(x *questionnaire.Result) itemAnswer {
	switch {
	case x.Score != nil && *x.Score <= int64(x.Item.Group().Low):
		return itemAnswer(*x.Score) | lowScore
	case x.Score != nil:
		return itemAnswer(*x.Score)
	case x.Yes != nil && *x.Yes:
		return AnswerYes | yesOrNo
	case x.Yes != nil:
		return AnswerNo | yesOrNo
	case x.Refused:
		return AnswerRefused
	case x.NotApplicable:
		return AnswerNotApplicable
	default:
		return AnswerText
	}
}

// each returns the items with their answers.
func (p itemAnswers) each() iter.Seq2[string, itemAnswer] {
	return func(yield func(string, itemAnswer) bool) {
		for rest := string(p); len(rest) > 1; {
			a := itemAnswer(rest[0])
			n, size := uvarint(rest[1:])
			rest = rest[1+size:]
			if n > len(rest) || !yield(rest[:n], a) {
				return
			}
			rest = rest[n:]
		}
	}
}

// uvarint reads a length from the front of a string and returns it with its size.
func uvarint(s string) (n, size int) {
	for shift := 0; size < len(s) && shift < 28; shift += 7 {
		b := s[size]
		n |= int(b&0x7f) << shift
		size++
		if b < 0x80 {
			break
		}
	}
	return n, size
}

// low returns the items with a low score in the order in which they were answered.
func (p itemAnswers) low() []string {
	var low []string
	for item, a := range p.each() {
		if a.low() {
			low = append(low, item)
		}
	}
	return low
}
