package wire

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/jsonscan"
)

// Encode appends the event in structured mode to dst and returns the longer slice: a JSON object without white space
// between its tokens, with its members always in the same order. Together with Headers and the subject as the key it
// is a record that Decode reads as the same event.
//
// The event must be one that Decode returned or domain.Validate accepts; in particular ev.Data must be JSON, and
// ev.Extensions must be sorted and hold no attribute that has a field of its own. Text that is not valid UTF-8 is
// repaired as encoding/json repairs it.
func Encode(dst []byte, ev *domain.Event) []byte {
	dst = append(dst, `{"specversion":"1.0"`...)
	dst = appendMember(dst, `,"id":`, ev.ID)
	dst = appendMember(dst, `,"source":`, ev.Source)
	dst = appendMember(dst, `,"type":`, ev.Type)
	dst = appendMember(dst, `,"subject":`, ev.Subject)
	if !ev.Time.IsZero() {
		dst = append(dst, `,"time":"`...)
		dst = ev.Time.Time().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	dst = appendMember(dst, `,"dataschema":`, ev.DataSchema)
	dst = appendMember(dst, `,"actor":`, ev.Actor)
	dst = appendMember(dst, `,"orgunit":`, ev.OrgUnit)
	dst = appendMember(dst, `,"channel":`, ev.Channel)
	dst = appendMember(dst, `,"causationid":`, ev.CausationID)
	if ev.ExpectedVersion != domain.NoExpectation {
		dst = append(dst, `,"expectedversion":"`...)
		dst = strconv.AppendInt(dst, ev.ExpectedVersion, 10)
		dst = append(dst, '"')
	}
	dst = appendMember(dst, `,"traceparent":`, ev.TraceParent)
	for i := range ev.Extensions {
		dst = append(dst, ',')
		dst = appendText(dst, ev.Extensions[i].Name)
		dst = append(dst, ':')
		dst = appendText(dst, ev.Extensions[i].Value)
	}
	if len(ev.Data) > 0 {
		dst = append(dst, `,"data":`...)
		dst = jsonscan.AppendCompact(dst, ev.Data)
	}
	return append(dst, '}')
}

// appendMember appends a member of the envelope, or nothing when the attribute is empty, which means it is not set.
func appendMember(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendText(append(dst, name...), value)
}

// appendText appends s as a JSON string.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	copied := 0 // s[:copied] is in dst
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = appendEscape(append(dst, s[copied:i]...), c)
			i++
			copied = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			dst = append(append(dst, s[copied:i]...), "\ufffd"...)
			copied = i + n
		}
		i += n
	}
	return append(append(dst, s[copied:]...), '"')
}

// appendEscape appends the escape of a quote, a backslash or a control character.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
