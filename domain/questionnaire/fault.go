package questionnaire

import "strings"

// Fault is one thing that is wrong with a document or an answer.
type Fault struct {
	// Field is the path of the value, for example "questionnaires[0].groups[2].measure"; "document" for the document as a
	// whole.
	Field string `json:"field"`
	// Rule says what must hold.
	Rule string `json:"rule"`
}

// Error is the error of a document: all its faults, at least one.
type Error struct {
	Faults []Fault
}

// Error lists the faults.
func (e *Error) Error() string {
	list := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		list[i] = f.Field + " " + f.Rule
	}
	return "invalid questionnaires: " + strings.Join(list, "; ")
}
