package wire

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// envelope collects the attributes of one event, from either mode. Attributes with an own form are kept as text until
// all are known, because a later one of the same name replaces an earlier one.
type envelope struct {
	ev              *domain.Event
	specVersion     string
	time            string
	contentType     string
	expectedVersion string
}

// newEnvelope empties ev and returns an envelope that fills it.
func newEnvelope(ev *domain.Event) envelope {
	*ev = domain.Event{Extensions: ev.Extensions[:0], ExpectedVersion: domain.NoExpectation}
	return envelope{ev: ev}
}

// set keeps the attribute called name.
func (e *envelope) set(name, value string) error {
	switch name {
	case "specversion":
		e.specVersion = value
	case "id":
		e.ev.ID = value
	case "source":
		e.ev.Source = value
	case "type":
		e.ev.Type = value
	case "subject":
		e.ev.Subject = value
	case "time":
		e.time = value
	case "datacontenttype":
		e.contentType = value
	case "dataschema":
		e.ev.DataSchema = value
	case "actor":
		e.ev.Actor = value
	case "orgunit":
		e.ev.OrgUnit = value
	case "channel":
		e.ev.Channel = value
	case "causationid":
		e.ev.CausationID = value
	case "expectedversion":
		e.expectedVersion = value
	case "traceparent":
		e.ev.TraceParent = value
	case "data_base64":
		return &Malformed{"/data_base64", RuleUnsupported, "the data must be JSON in the member data"}
	default:
		return e.setExtension(name, value)
	}
	return nil
}

// setExtension keeps an attribute without a field, in the order of the names.
func (e *envelope) setExtension(name, value string) error {
	if !isName(name) {
		return badName()
	}
	list := e.ev.Extensions
	at := len(list)
	for at > 0 && list[at-1].Name > name {
		at--
	}
	if at > 0 && list[at-1].Name == name {
		list[at-1].Value = value
		return nil
	}
	list = append(list, domain.Extension{})
	copy(list[at+1:], list[at:])
	list[at] = domain.Extension{Name: name, Value: value}
	e.ev.Extensions = list
	return nil
}

// isName reports whether name is one that CloudEvents allows for an attribute.
func isName(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// setOther keeps an attribute that is not a JSON string, with raw its JSON.
func (e *envelope) setOther(name string, kind jsonscan.Kind, raw []byte) error {
	switch {
	case kind == jsonscan.Invalid || raw == nil:
		return nil // the scanner has stopped at it and tells why
	case isCore(name):
		return &Malformed{"/" + name, RuleType, "must be a string"}
	case name == "data_base64":
		return e.set(name, "")
	case !isName(name):
		return badName()
	case kind == jsonscan.Bool || kind == jsonscan.Number && !bytes.ContainsAny(raw, ".eE"):
		return e.set(name, text(raw))
	}
	return &Malformed{"/" + name, RuleType, "must be a string, a boolean or an integer"}
}

// isCore reports whether name is an attribute of the CloudEvents specification itself; all of those are strings.
func isCore(name string) bool {
	switch name {
	case "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema":
		return true
	}
	return false
}

// setHeader keeps an attribute given as a header.
func (e *envelope) setHeader(name string, value []byte) error {
	if utf8.Valid(value) {
		return e.set(name, text(value))
	}
	if !isName(name) {
		return badName()
	}
	return &Malformed{"/" + name, RuleUTF8, "must be valid UTF-8"}
}

// finish checks the attributes that have an own form, and that none is missing.
func (e *envelope) finish() error {
	ev := e.ev
	switch "" {
	case e.specVersion:
		return missing("/specversion")
	case ev.ID:
		return missing("/id")
	case ev.Source:
		return missing("/source")
	case ev.Type:
		return missing("/type")
	case ev.Subject:
		return missing("/subject")
	case e.time:
		return missing("/time")
	}
	if e.specVersion != "1.0" {
		return &Malformed{"/specversion", RuleUnsupported, "must be 1.0"}
	}
	at, ok := parseTime(e.time)
	if !ok {
		return &Malformed{"/time", RuleFormat, "must be an RFC 3339 time, for example 2026-03-01T09:30:00Z"}
	}
	ev.Time = at
	if e.contentType != "" && !isJSON(e.contentType) {
		return &Malformed{"/datacontenttype", RuleUnsupported, "must be application/json or another JSON type"}
	}
	if e.expectedVersion == "" {
		return nil
	}
	n, err := strconv.ParseInt(e.expectedVersion, 10, 64)
	if err != nil || n < 0 {
		return &Malformed{"/expectedversion", RuleFormat, "must be an integer from 0"}
	}
	ev.ExpectedVersion = n
	return nil
}

// badName does not say which name it is about, because a name may be anything.
func badName() error {
	return &Malformed{"", RuleFormat, "the name of each attribute must be lower-case letters and digits"}
}

func missing(pointer string) error {
	return &Malformed{pointer, RuleRequired, "must be set and not be empty"}
}

// isJSON reports whether a media type says that the data is JSON.
func isJSON(media string) bool {
	media = strings.Trim(cutParameters(media), " \t")
	return strings.EqualFold(media, "application/json") || strings.EqualFold(media, "text/json") ||
		len(media) > len(jsonSuffix) && strings.EqualFold(media[len(media)-len(jsonSuffix):], jsonSuffix)
}
