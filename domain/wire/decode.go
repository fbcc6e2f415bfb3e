package wire

import (
	"strings"
	"unsafe"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// Decode reads the event of a record into ev, replacing all that ev held. The record is in structured mode when its
// content-type header starts with "application/cloudevents", in any case of letters, and otherwise in binary mode.
// When a header occurs twice, the last one counts. A record with a key must have the event's subject as its key.
//
// The event borrows from value and headers, and ev.Extensions is reused. Attributes that are absent, null or empty are
// the empty string in ev. Extension attributes given as booleans or integers are kept in their textual form.
//
// The error is a *Malformed; what ev holds then is of no use.
func Decode(ev *domain.Event, key, value []byte, headers []Header) error {
	var contentType []byte
	for i := range headers {
		if headers[i].Key == contentTypeHeader {
			contentType = headers[i].Value
		}
	}
	var err error
	if media := text(contentType); hasPrefixFold(media, cloudEvents) {
		err = decodeStructured(ev, value, media)
	} else {
		err = decodeBinary(ev, value, headers)
	}
	if err != nil {
		return err
	}
	if len(key) > 0 && ev.Subject != string(key) {
		return &Malformed{"/subject", RuleMismatch, "must equal the key of the record"}
	}
	return nil
}

// DecodeJSON reads one event in the JSON format, as it stands in the body of a request, in an item of a batch or in a
// line of a file, into ev, replacing all that ev held. It is otherwise like Decode.
func DecodeJSON(ev *domain.Event, value []byte) error {
	e := newEnvelope(ev)
	s := jsonscan.Scanner{MaxDepth: jsonscan.DefaultMaxDepth + 1} // the data may be as deep as anywhere else
	s.Reset(value)
	if kind := s.Kind(); kind != jsonscan.Object && kind != jsonscan.Invalid {
		return &Malformed{"", RuleType, "must be a JSON object"}
	}
	s.Object()
	for name, ok := s.Key(); ok; name, ok = s.Key() {
		var err error
		switch kind := s.Kind(); {
		case name == "data":
			ev.Data = dataOf(s.Skip())
		case kind == jsonscan.String:
			err = e.set(name, s.Text())
		case kind == jsonscan.Null:
			s.Null()
		default:
			err = e.setOther(name, kind, s.Skip())
		}
		if err != nil {
			return err
		}
	}
	if err := s.End(); err != nil {
		return syntax("", err)
	}
	return e.finish()
}

// decodeStructured reads a value whose media type starts with cloudEvents.
func decodeStructured(ev *domain.Event, value []byte, media string) error {
	format := media[len(cloudEvents):]
	if !hasPrefixFold(format, jsonSuffix) || strings.Trim(cutParameters(format[len(jsonSuffix):]), " \t") != "" {
		return &Malformed{"", RuleUnsupported, "the content type must be application/cloudevents+json"}
	}
	return DecodeJSON(ev, value)
}

// decodeBinary reads a record whose attributes are headers.
func decodeBinary(ev *domain.Event, value []byte, headers []Header) error {
	e := newEnvelope(ev)
	for i := range headers {
		name, attribute := strings.CutPrefix(headers[i].Key, attributePrefix)
		switch {
		case attribute && name == "data":
			return badName()
		case attribute:
			if err := e.setHeader(name, headers[i].Value); err != nil {
				return err
			}
		case name == contentTypeHeader:
			e.contentType = text(headers[i].Value)
		}
	}
	if err := e.finish(); err != nil {
		return err
	}
	if len(value) == 0 {
		return nil
	}
	var s jsonscan.Scanner
	s.Reset(value)
	ev.Data = dataOf(s.Skip())
	if err := s.End(); err != nil {
		return syntax("/data", err)
	}
	return nil
}

// dataOf returns the data of an event, which is none when it is null.
func dataOf(raw []byte) []byte {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// text returns b as a string without copying.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// hasPrefixFold reports whether s starts with prefix, whatever the case of its letters.
func hasPrefixFold(s, prefix string) bool {
	// Nearly always the cases agree too, which is seen at a fraction of the cost.
	return strings.HasPrefix(s, prefix) || len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// cutParameters returns a media type without its parameters.
func cutParameters(media string) string {
	media, _, _ = strings.Cut(media, ";")
	return media
}
