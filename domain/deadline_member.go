package domain

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// condition says which value a member of the data of an event must have.
type condition struct {
	member member
	value  string
}

// member reads one member of the data of the events of one type. The zero member reads nothing.
type member struct {
	name string
	// field is the index of the field in the struct of a type of the catalogue.
	field int
}

// memberOf returns the member of the given name of the type; typ is nil for a type outside the catalogue. It is false
// when the type has no such member of one of the kinds.
func memberOf(typ *Type, name string, kinds ...Kind) (member, bool) {
	if typ == nil {
		return member{name: name}, true
	}
	i := typ.plan.find(name, 0)
	if i < 0 {
		return member{}, false
	}
	for _, kind := range kinds {
		if typ.Fields[i].Kind == kind {
			return member{name: name, field: i}, true
		}
	}
	return member{}, false
}

// text returns the value as a text: that of a string, or the JSON form of a number or a boolean. It is empty when the
// member is absent or something else.
func (m member) text(e *Event, data any) string {
	if m.name == "" {
		return ""
	}
	if data == nil {
		return m.fromJSON(e.Data)
	}
	v := reflect.ValueOf(data).Elem().Field(m.field)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	default:
		return ""
	}
}

// instant returns the value as an instant, zero when the member is absent or no time that an event may speak of.
func (m member) instant(e *Event, data any) Instant {
	if m.name == "" {
		return 0
	}
	if data != nil {
		return Instant(reflect.ValueOf(data).Elem().Field(m.field).Int())
	}
	at, err := ParseInstant(m.fromJSON(e.Data))
	if err != nil || at < minTime || at >= maxTime {
		return 0
	}
	return at
}

// fromJSON returns the member of a JSON object as text does. When the object has it twice, the first counts.
func (m member) fromJSON(object []byte) string {
	var s jsonscan.Scanner
	s.Reset(object)
	s.Object()
	for key, ok := s.Key(); ok; key, ok = s.Key() {
		switch kind := s.Kind(); {
		case key != m.name:
			s.Skip()
		case kind == jsonscan.String:
			return s.Text()
		case kind == jsonscan.Number || kind == jsonscan.Bool:
			return string(s.Skip())
		default:
			return ""
		}
	}
	return ""
}

// validID reports whether a text is an id as the rules of the catalogue have it.
func validID(id string) bool {
	return id != "" && len(id) <= 4*MaxID && utf8.RuneCountInString(id) <= MaxID && utf8.ValidString(id) && !hasControl(id)
}

// parseTrigger reads the type of an event with its conditions, for example "contact.made direction=out". The members are
// not looked up.
func parseTrigger(text string) (typ string, conditions []condition, ok bool) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return "", nil, false
	}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		if name == "" || value == "" {
			return "", nil, false
		}
		conditions = append(conditions, condition{member: member{name: name}, value: value})
	}
	return words[0], conditions, true
}
