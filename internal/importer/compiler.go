package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// compiler finds the columns that a mapping names and collects its faults.
type compiler struct {
	columns []string
	blanks  []string
	faults  []error
}

func (c *compiler) fault(place, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s %s", place, fmt.Sprintf(format, args...)))
}

// event compiles what makes one event.
func (c *compiler) event(place string, m *EventMapping) eventMapper {
	e := eventMapper{
		where:   c.conditions(place+".where", m.Where),
		typ:     c.value(place+".type", m.Type),
		subject: c.value(place+".subject", m.Subject),
		at:      c.instant(place+".time", m.Time),
		data:    c.members(place+".data", m.Data),
	}
	if m.ID != nil {
		id := c.value(place+".id", *m.ID)
		e.id = &id
	}
	for i, a := range m.Attributes {
		at := fmt.Sprintf("%s.attributes[%d]", place, i)
		switch a.To {
		case "":
			c.fault(at, "needs the name of an attribute in to")
		case "id", "source", "type", "subject", "time", "data", "specversion", "datacontenttype", "dataschema",
			"causationid", "expectedversion", "traceparent":
			c.fault(at, "cannot set %q", a.To)
		}
		e.attributes = append(e.attributes, attribute{to: a.To, value: c.value(at, a.Value)})
	}
	slices.SortStableFunc(e.attributes, func(a, b attribute) int { return cmp.Compare(a.to, b.to) })
	return e
}

// value compiles a Value, which must be a column or a constant.
func (c *compiler) value(place string, v Value) value {
	out := value{column: -1, values: v.Values, prefix: v.Prefix, blanks: c.blanks}
	switch {
	case (v.Column == "") == (v.Constant == nil):
		c.fault(place, "needs exactly one of column and constant")
	case v.Constant != nil:
		out.constant = *v.Constant
	default:
		if out.column = slices.Index(c.columns, v.Column); out.column < 0 {
			c.fault(place, "names the column %q; the file has %s", v.Column, strings.Join(c.columns, ", "))
		}
	}
	return out
}

// value is a Value whose column was found.
type value struct {
	column   int // -1 for a constant
	constant string
	values   map[string]string
	prefix   string
	blanks   []string
}

// raw returns the text without translation, empty when it counts as empty.
func (v *value) raw(fields []string) string {
	if v.column < 0 {
		return v.constant
	}
	text := strings.TrimSpace(fields[v.column])
	if len(v.blanks) > 0 && slices.Contains(v.blanks, text) {
		return ""
	}
	return text
}

// text returns the text, translated and with its prefix. pointer is where it goes.
func (v *value) text(fields []string, pointer string) (string, *domain.Problem) {
	text := v.raw(fields)
	if text == "" {
		return "", nil
	}
	if v.values != nil {
		to, known := v.values[text]
		if !known {
			return "", &domain.Problem{Pointer: pointer, Rule: domain.RuleOneOf, Message: "must be one of the values of the mapping"}
		}
		text = to
	}
	if v.prefix == "" {
		return text, nil
	}
	return v.prefix + text, nil
}
