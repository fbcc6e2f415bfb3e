package domain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// is reports whether the value that comes next is of the given kind. Otherwise it notes a problem and skips the value.
func (d *Decoder) is(kind jsonscan.Kind, noun string) bool {
	if d.scan.Kind() == kind {
		return true
	}
	d.wrong(noun)
	return false
}

// wrong skips the value that comes next and notes that something else belongs there. A value that is no JSON is left
// to the check at the end.
func (d *Decoder) wrong(noun string) {
	if d.scan.Skip() != nil {
		d.problem(RuleType, "must be "+noun)
	}
}

func (d *Decoder) text(f *planned, to *string) {
	if !d.is(jsonscan.String, "a string") {
		return
	}
	s := d.scan.Text()
	*to = s
	if len(f.OneOf) > 0 {
		i := slices.Index(f.OneOf, s)
		if i < 0 {
			d.problem(RuleOneOf, "must be one of "+commaList(f.OneOf))
			return
		}
		*to = f.OneOf[i] // which does not borrow from the data
		return
	}
	if s == "" {
		if f.Required {
			d.problem(RuleLength, "must not be empty")
		}
		return
	}
	d.checkText(f, s, "must")
}

// checkText notes what is wrong with a text. The message starts with the given words.
func (d *Decoder) checkText(f *planned, s, must string) {
	if len(s) > f.MaxLength && utf8.RuneCountInString(s) > f.MaxLength {
		d.problem(RuleLength, fmt.Sprintf("%s have at most %d characters", must, f.MaxLength))
	}
	if strings.IndexByte(s, 0) >= 0 {
		d.problem(RuleNUL, must+" not contain a NUL character")
		return
	}
	switch {
	case f.ID && hasControl(s):
		d.problem(RuleFormat, must+" not contain control characters")
	case f.Currency && !isCurrency(s):
		d.problem(RuleFormat, must+" be three capital letters, as in ISO 4217")
	}
}

// hasControl reports whether s holds a control character of ASCII.
func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

func isCurrency(s string) bool {
	return len(s) == 3 && s[0]-'A' < 26 && s[1]-'A' < 26 && s[2]-'A' < 26
}

func (d *Decoder) bool(f *planned, to *bool) {
	if !d.is(jsonscan.Bool, "true or false") {
		return
	}
	*to = d.scan.Bool()
	if f.OnlyTrue && !*to {
		d.problem(RuleOneOf, "must be true or absent")
	}
}

func (d *Decoder) int(f *planned, to *int64) {
	if !d.is(jsonscan.Number, "a whole number") {
		return
	}
	n, ok := d.scan.Int()
	*to = n
	switch {
	case !ok:
		d.problem(RuleType, "must be a whole number")
	case n < f.Min:
		d.problem(RuleMin, "must be at least "+strconv.FormatInt(f.Min, 10))
	case n > f.Max:
		d.problem(RuleMax, "must be at most "+strconv.FormatInt(f.Max, 10))
	}
}

func (d *Decoder) float(to *float64) {
	if !d.is(jsonscan.Number, "a number") {
		return
	}
	x, ok := d.scan.Float()
	*to = x
	switch {
	case !ok || x > MaxFloat:
		d.problem(RuleMax, "must be within ±1e300")
	case x < -MaxFloat:
		d.problem(RuleMin, "must be within ±1e300")
	}
}

func (d *Decoder) instant(to *Instant) {
	if !d.is(jsonscan.String, "a string") {
		return
	}
	s := d.scan.Text()
	at, err := ParseInstant(s)
	if err != nil || !isTimestamp(s) {
		d.problem(RuleFormat, "must be an RFC 3339 time of the years 1900 to 2199, for example 2026-03-01T09:30:00Z")
		return
	}
	*to = at
}

// isTimestamp narrows down what ParseInstant accepts to the form YYYY-MM-DDThh:mm:ss[.f]zone of RFC 3339, in the years
// that events may speak of, and with an offset of less than a day.
func isTimestamp(s string) bool {
	if len(s) < len("2026-03-01T09:30:00Z") || s[10] != 'T' || s[13] != ':' || s[19] == ',' {
		return false
	}
	if s[:2] != "19" && s[:2] != "20" && s[:2] != "21" {
		return false
	}
	zone := s[len(s)-6:]
	return s[len(s)-1] == 'Z' || zone[:3] < "+24" && zone[4] < '6' || zone[:3] < "-24" && zone[0] == '-' && zone[4] < '6'
}

// MaxProblems is the greatest number of problems that the data of one event is reported with.
const MaxProblems = 100

// problem notes that the value at the current path breaks a rule.
func (d *Decoder) problem(rule, message string) {
	if len(d.problems) == MaxProblems {
		return
	}
	d.problems = append(d.problems, Problem{Pointer: pointer(d.path), Rule: rule, Message: message})
}

// missing notes the required members that are not there.
func (d *Decoder) missing(p *plan, missing uint64) {
	for i := range p.fields {
		if missing&(1<<i) != 0 {
			d.path = append(d.path, pathStep{name: p.fields[i].Name, index: -1})
			d.problem(RuleRequired, "is required")
			d.path = d.path[:len(d.path)-1]
		}
	}
}

// forget drops the problems at and below the current path: a member of the same name comes again and counts instead.
// Once there are MaxProblems, some may not have been noted, so the data stays refused.
func (d *Decoder) forget() {
	if len(d.problems) == 0 || len(d.problems) == MaxProblems {
		return
	}
	here := pointer(d.path)
	d.problems = slices.DeleteFunc(d.problems, func(p Problem) bool {
		return p.Pointer == here || strings.HasPrefix(p.Pointer, here+"/")
	})
	if len(d.problems) == 0 {
		d.problems = nil
	}
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func commaList(words []string) string { return strings.Join(words, ", ") }
