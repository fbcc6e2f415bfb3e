package importer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// Row is what a file yields: one event of a row, or a row without an event.
type Row struct {
	// Number is the place of the row among the rows of the file, from 1. A header and blank lines are not rows.
	Number int64
	// Line is the line of the file on which the row begins, from 1, or 0 in a format without lines.
	Line int64
	// Event is valid until the next row is asked for. It is nil when a filter left the row out.
	Event *domain.Event
}

// Rejection is the error of a row, or of one event of a row, that breaks a rule. The rows after it are not affected.
type Rejection struct {
	Source   string           `json:"source"`
	Row      int64            `json:"row"`
	Line     int64            `json:"line,omitempty"`
	Problems []domain.Problem `json:"problems"`
}

// Error lists the problems. It never contains a value of the row, which may be personal.
func (r *Rejection) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: row %d", r.Source, r.Row)
	if r.Line > 0 {
		fmt.Fprintf(&b, " (line %d)", r.Line)
	}
	for i, p := range r.Problems {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString("; ")
		}
		if p.Pointer != "" {
			b.WriteString(p.Pointer + " ")
		}
		fmt.Fprintf(&b, "%s (%s)", p.Message, p.Rule)
	}
	return b.String()
}

// reject returns a rejection of the row; the source is named by the File.
func reject(row Row, problems ...domain.Problem) *Rejection {
	return &Rejection{Row: row.Number, Line: row.Line, Problems: problems}
}

// problemsOf returns the problems of an error of the packages domain and wire.
func problemsOf(err error) []domain.Problem {
	if invalid, ok := errors.AsType[*domain.Invalid](err); ok {
		return invalid.Problems
	}
	if malformed, ok := errors.AsType[*wire.Malformed](err); ok {
		return []domain.Problem{{Pointer: malformed.Pointer, Rule: malformed.Rule, Message: malformed.Message}}
	}
	return []domain.Problem{{Rule: domain.RuleFormat, Message: err.Error()}}
}
