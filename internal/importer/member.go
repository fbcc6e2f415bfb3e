package importer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// member is a member of the data: an object of members, or a text and the form in which it is written.
type member struct {
	// name is the member's name as JSON, with the colon; pointer is where it stands in the event.
	name    string
	pointer string
	members []member
	value   value
	write   func(dst []byte, text string, fields []string) ([]byte, *domain.Problem)
}

// appendObject appends an object. Members without a text are left out, and objects in which none is left.
func appendObject(dst []byte, members []member, fields []string) ([]byte, *domain.Problem) {
	dst = append(dst, '{')
	start := len(dst)
	for i := range members {
		m := &members[i]
		before := len(dst)
		if before > start {
			dst = append(dst, ',')
		}
		dst = append(dst, m.name...)
		bare := len(dst)
		var problem *domain.Problem
		if dst, problem = m.append(dst, fields); problem != nil {
			return dst, problem
		}
		if len(dst) == bare {
			dst = dst[:before]
		}
	}
	return append(dst, '}'), nil
}

// append appends the value of a member, or nothing.
func (m *member) append(dst []byte, fields []string) ([]byte, *domain.Problem) {
	if m.members != nil {
		before := len(dst)
		dst, problem := appendObject(dst, m.members, fields)
		if problem == nil && len(dst) == before+len("{}") {
			dst = dst[:before]
		}
		return dst, problem
	}
	text, problem := m.value.text(fields, m.pointer)
	if problem != nil || text == "" {
		return dst, problem
	}
	dst, problem = m.write(dst, text, fields)
	if problem != nil {
		problem.Pointer = m.pointer
	}
	return dst, problem
}

// members compiles the data of an event.
func (c *compiler) members(place string, fields []Field) []member {
	var root []member
	for i := range fields {
		at := fmt.Sprintf("%s[%d]", place, i)
		f := &fields[i]
		leaf := member{pointer: "/data/" + strings.ReplaceAll(f.To, ".", "/")}
		if len(f.Answers) > 0 {
			leaf.value, leaf.write = value{column: -1, constant: "answers"}, c.answers(at, f)
		} else {
			leaf.value, leaf.write = c.value(at, f.Value), c.form(at, f)
		}
		if !insert(&root, strings.Split(f.To, "."), leaf) {
			c.fault(at+".to", "must be the name of a member that no other field writes, with dots between the names of objects")
		}
	}
	return root
}

// insert puts a member at its path below members. It returns false when the path is taken or is none.
func insert(members *[]member, path []string, leaf member) bool {
	name := memberName(path[0])
	if path[0] == "" {
		return false
	}
	for i := range *members {
		if m := &(*members)[i]; m.name == name {
			return len(path) > 1 && m.members != nil && insert(&m.members, path[1:], leaf)
		}
	}
	if len(path) == 1 {
		leaf.name = name
		*members = append(*members, leaf)
		return true
	}
	object := member{name: name, members: []member{}}
	if !insert(&object.members, path[1:], leaf) {
		return false
	}
	*members = append(*members, object)
	return true
}

func memberName(name string) string { return string(appendText(nil, name)) + ":" }

// form returns what writes a field in its form.
func (c *compiler) form(place string, f *Field) func([]byte, string, []string) ([]byte, *domain.Problem) {
	if f.As != "money" && (f.Currency != "" || f.CurrencyColumn != "" || f.Places != nil) {
		c.fault(place, "has a currency and is not money")
	}
	switch cmp.Or(f.As, "string") {
	case "string":
		return func(dst []byte, text string, _ []string) ([]byte, *domain.Problem) { return appendText(dst, text), nil }
	case "int":
		return writeInt(f.Absolute)
	case "number":
		return writeNumber(f.Absolute)
	case "money":
		return c.money(place, f)
	case "bool":
		return writeBool
	case "time":
		return c.time(place, f)
	}
	c.fault(place+".as", "must be string, int, number, money, bool or time")
	return nil
}

func writeInt(absolute bool) func([]byte, string, []string) ([]byte, *domain.Problem) {
	return func(dst []byte, text string, _ []string) ([]byte, *domain.Problem) {
		whole, ok := parseInt(text)
		if !ok {
			return dst, wrongType("must be a whole number")
		}
		if absolute {
			whole = strings.TrimPrefix(whole, "-")
		}
		return append(dst, whole...), nil
	}
}

func writeNumber(absolute bool) func([]byte, string, []string) ([]byte, *domain.Problem) {
	return func(dst []byte, text string, _ []string) ([]byte, *domain.Problem) {
		d, ok := parseDecimal(text)
		if !ok {
			return dst, wrongType("must be a decimal number")
		}
		d.negative = d.negative && !absolute
		digits := d.whole
		if d.fraction != "" {
			digits += "." + d.fraction
		}
		return append(dst, d.signed(digits)...), nil
	}
}

func writeBool(dst []byte, text string, _ []string) ([]byte, *domain.Problem) {
	switch strings.ToLower(text) {
	case "true", "yes", "1":
		return append(dst, "true"...), nil
	case "false", "no", "0":
		return append(dst, "false"...), nil
	}
	return dst, wrongType("must be true or false")
}

// money compiles an amount of money.
func (c *compiler) money(place string, f *Field) func([]byte, string, []string) ([]byte, *domain.Problem) {
	places := 2
	if f.Places != nil {
		places = *f.Places
	}
	if places < 0 || places > 6 {
		c.fault(place+".places", "must be between 0 and 6")
		return nil
	}
	from := Value{Column: f.CurrencyColumn}
	if f.Currency != "" {
		from.Constant = &f.Currency
	}
	currency := c.value(place+".currency", from)
	return func(dst []byte, text string, fields []string) ([]byte, *domain.Problem) {
		d, ok := parseDecimal(text)
		if !ok {
			return dst, wrongType("must be a decimal number")
		}
		d.negative = d.negative && !f.Absolute
		minor, ok := d.minor(places)
		if !ok {
			return dst, wrongType(fmt.Sprintf("must have at most %d decimal places and fit into 18 digits", places))
		}
		dst = append(dst, `{"minor":`...)
		dst = strconv.AppendInt(dst, minor, 10)
		dst = append(dst, `,"currency":`...)
		dst = appendText(dst, currency.raw(fields))
		return append(dst, '}'), nil
	}
}

// time compiles a member that is a time.
func (c *compiler) time(place string, f *Field) func([]byte, string, []string) ([]byte, *domain.Problem) {
	m := TimeMapping{}
	if f.Time != nil {
		m = *f.Time
	}
	if m.Column != "" || m.Constant != nil {
		c.fault(place+".time", "must not have a column or a constant: those of the field count")
	}
	m.Column, m.Constant = f.Column, f.Constant
	at := c.instant(place+".time", m)
	return func(dst []byte, _ string, fields []string) ([]byte, *domain.Problem) {
		i, problem := at.read(fields, "")
		if problem != nil {
			return dst, problem
		}
		text, err := i.MarshalJSON()
		if err != nil {
			return dst, wrongType("must be a time")
		}
		return append(dst, text...), nil
	}
}

func wrongType(message string) *domain.Problem {
	return &domain.Problem{Rule: domain.RuleType, Message: message}
}

// appendText appends a JSON string.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			text, err := json.Marshal(s)
			if err != nil {
				panic("importer: a string has no JSON form: " + err.Error())
			}
			return append(dst, text...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
