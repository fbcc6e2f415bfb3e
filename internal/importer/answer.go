package importer

import (
	"cmp"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
)

// answer is an AnswerMapping whose column was found. Its parts are JSON.
type answer struct {
	item  string // `{"item":"nps",`
	value value
	// name is the member that holds the answer, with the colon; blank is that of an empty one, empty to leave it out.
	name  string
	blank string
	write func([]byte, string, []string) ([]byte, *domain.Problem)
}

// answers compiles a list of answers.
func (c *compiler) answers(place string, f *Field) func([]byte, string, []string) ([]byte, *domain.Problem) {
	if f.Column != "" || f.Constant != nil || f.As != "" {
		c.fault(place, "has answers, so it cannot have a column, a constant or a form")
	}
	var all []answer
	for i := range f.Answers {
		all = append(all, c.answer(fmt.Sprintf("%s.answers[%d]", place, i), &f.Answers[i]))
	}
	return func(dst []byte, _ string, fields []string) ([]byte, *domain.Problem) {
		dst = append(dst, '[')
		start := len(dst)
		for i := range all {
			before := len(dst)
			if before > start {
				dst = append(dst, ',')
			}
			var problem *domain.Problem
			bare := len(dst)
			if dst, problem = all[i].append(dst, fields); problem != nil {
				return dst, problem
			}
			if len(dst) == bare {
				dst = dst[:before]
			}
		}
		return append(dst, ']'), nil
	}
}

// append appends the answer, or nothing when it is empty and such answers are left out.
func (a *answer) append(dst []byte, fields []string) ([]byte, *domain.Problem) {
	text, problem := a.value.text(fields, "")
	switch {
	case problem != nil:
		return dst, problem
	case text != "":
		dst = append(append(dst, a.item...), a.name...)
		if dst, problem = a.write(dst, text, fields); problem != nil {
			return dst, problem
		}
	case a.blank == "":
		return dst, nil
	default:
		dst = append(append(dst, a.item...), a.blank...)
	}
	return append(dst, '}'), nil
}

// answer compiles one answer.
func (c *compiler) answer(place string, m *AnswerMapping) answer {
	a := answer{
		item:  `{"item":` + string(appendText(nil, m.Item)) + ",",
		value: c.value(place, Value{Column: m.Column, Values: m.Values}),
	}
	if m.Item == "" {
		c.fault(place, "needs an item")
	}
	switch cmp.Or(m.As, "score") {
	case "score":
		a.name, a.write = `"score":`, writeInt(false)
	case "yes":
		a.name, a.write = `"yes":`, writeBool
	case "text":
		a.name, a.write = `"text":`, c.form(place, &Field{})
	default:
		c.fault(place+".as", "must be score, yes or text")
	}
	switch cmp.Or(m.Blank, "skip") {
	case "skip":
	case "refused", "not_applicable":
		a.blank = memberName(m.Blank) + "true"
	default:
		c.fault(place+".blank", "must be skip, refused or not_applicable")
	}
	return a
}
