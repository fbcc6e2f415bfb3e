package importer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// mapper makes events of rows. It is a mapping whose columns have been found. It is for one goroutine.
type mapper struct {
	source  string
	uri     string
	columns int
	where   []condition
	events  []eventMapper
	ids     *identifier
	// event and data are used again for each event.
	event domain.Event
	data  []byte
}

type eventMapper struct {
	where      []condition
	typ        value
	subject    value
	at         instant
	id         *value
	attributes []attribute
	data       []member
}

type attribute struct {
	to    string
	value value
}

// compile finds the columns of a mapping, and reports all of its faults at once.
func compile(m *Mapping, source string, columns []string) (*mapper, error) {
	c := &compiler{columns: columns, blanks: m.Blanks}
	x := &mapper{source: source, uri: sourceURI(source), columns: len(columns), ids: newIdentifier()}
	x.where = c.conditions("where", m.Where)
	for i := range m.Events {
		x.events = append(x.events, c.event(fmt.Sprintf("events[%d]", i), &m.Events[i]))
	}
	if err := errors.Join(c.faults...); err != nil {
		return nil, fmt.Errorf("compile mapping: %w", err)
	}
	return x, nil
}

// rows calls yield for each event of a record, or once for a record that was left out. It returns false when yield did.
func (x *mapper) rows(row Row, r *record, yield func(Row, error) bool) bool {
	if len(r.fields) != x.columns {
		return yield(row, reject(row, domain.Problem{Rule: domain.RuleLength,
			Message: fmt.Sprintf("must have %d columns and has %d", x.columns, len(r.fields))}))
	}
	found := false
	if holds(x.where, r.fields) {
		for i := range x.events {
			e := &x.events[i]
			if !holds(e.where, r.fields) {
				continue
			}
			found = true
			problem := x.fill(e, row.Number, i, r)
			if problem != nil {
				if !yield(row, reject(row, *problem)) {
					return false
				}
				continue
			}
			row.Event = &x.event
			if !yield(row, nil) {
				return false
			}
			row.Event = nil
		}
	}
	return found || yield(row, nil)
}

// fill sets x.event from a record.
func (x *mapper) fill(e *eventMapper, number int64, index int, r *record) *domain.Problem {
	ev := &x.event
	*ev = domain.Event{Source: x.uri, ExpectedVersion: domain.NoExpectation, Extensions: ev.Extensions[:0]}
	var problem *domain.Problem
	if ev.Type, problem = e.typ.text(r.fields, "/type"); problem != nil {
		return problem
	}
	if ev.Subject, problem = e.subject.text(r.fields, "/subject"); problem != nil {
		return problem
	}
	if ev.Time, problem = e.at.read(r.fields, "/time"); problem != nil {
		return problem
	}
	if e.id != nil {
		ev.ID, problem = e.id.text(r.fields, "/id")
	} else {
		ev.ID = x.ids.id(x.source, number, index, r.text)
	}
	if problem != nil {
		return problem
	}
	for i := range e.attributes {
		a := &e.attributes[i]
		text, problem := a.value.text(r.fields, "/"+a.to)
		if problem != nil {
			return problem
		}
		setAttribute(ev, a.to, text)
	}
	x.data, problem = appendObject(x.data[:0], e.data, r.fields)
	ev.Data = x.data
	return problem
}

// setAttribute sets an attribute of the envelope. Attributes come in the order of their names, as extensions must.
func setAttribute(ev *domain.Event, name, text string) {
	switch {
	case text == "":
	case name == "actor":
		ev.Actor = text
	case name == "orgunit":
		ev.OrgUnit = text
	case name == "channel":
		ev.Channel = text
	default:
		ev.Extensions = append(ev.Extensions, domain.Extension{Name: name, Value: text})
	}
}

// sourceURI returns the source attribute of the events of a source.
func sourceURI(name string) string {
	const prefix = "/import/"
	var b strings.Builder
	b.WriteString(prefix)
	for i := range len(name) {
		c := name[i]
		if c > ' ' && c < 0x7f && !strings.ContainsRune(`"<>\^{|}%#?`+"`", rune(c)) {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(c)|0x100, 16)[1:]))
	}
	return b.String()
}

// condition is a Condition whose column was found.
type condition struct {
	text value
	test func(text string) bool
}

// holds reports whether a row meets all conditions.
func holds(all []condition, fields []string) bool {
	for i := range all {
		if !all[i].test(all[i].text.raw(fields)) {
			return false
		}
	}
	return true
}

// conditions compiles conditions; place is where they stand in the mapping.
func (c *compiler) conditions(place string, all []Condition) []condition {
	var list []condition
	for i, w := range all {
		at := fmt.Sprintf("%s[%d]", place, i)
		out := condition{text: c.value(at, Value{Column: w.Column})}
		switch {
		case w.Empty != nil && w.In == nil && w.NotIn == nil:
			out.test = func(text string) bool { return (text == "") == *w.Empty }
		case w.Empty == nil && w.In != nil && w.NotIn == nil:
			out.test = func(text string) bool { return slices.Contains(w.In, text) }
		case w.Empty == nil && w.In == nil && w.NotIn != nil:
			out.test = func(text string) bool { return !slices.Contains(w.NotIn, text) }
		default:
			c.fault(at, "needs exactly one of empty, in and not_in")
		}
		list = append(list, out)
	}
	return list
}
