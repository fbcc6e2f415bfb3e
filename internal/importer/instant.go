package importer

import (
	"strconv"
	"strings"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// instant is a TimeMapping whose column was found.
type instant struct {
	text    value
	layouts []string
	zone    *time.Location
	// add, when not nil, moves origin by a number of units.
	add    func(origin time.Time, n int) time.Time
	origin time.Time
	sign   int
}

// defaultLayouts are those of a TimeMapping that names none.
var defaultLayouts = []string{time.RFC3339, time.DateOnly}

// units are the units in which a TimeMapping counts.
var units = map[string]func(time.Time, int) time.Time{
	"seconds": func(t time.Time, n int) time.Time { return t.Add(time.Duration(n) * time.Second) },
	"minutes": func(t time.Time, n int) time.Time { return t.Add(time.Duration(n) * time.Minute) },
	"hours":   func(t time.Time, n int) time.Time { return t.Add(time.Duration(n) * time.Hour) },
	"days":    func(t time.Time, n int) time.Time { return t.AddDate(0, 0, n) },
	"weeks":   func(t time.Time, n int) time.Time { return t.AddDate(0, 0, 7*n) },
	"months":  addMonths,
	"years":   func(t time.Time, n int) time.Time { return addMonths(t, 12*n) },
}

// addMonths moves t by months and stays within the month it comes to: a month after 31 January is the last of February.
func addMonths(t time.Time, n int) time.Time {
	moved := t.AddDate(0, n, 0)
	if moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

// maxUnits bounds the number of units, so that none overflows.
const maxUnits = 4_000_000_000

// instant compiles a TimeMapping.
func (c *compiler) instant(place string, m TimeMapping) instant {
	x := instant{text: c.value(place, Value{Column: m.Column, Constant: m.Constant}), zone: time.UTC, layouts: defaultLayouts}
	if m.Zone != "" {
		zone, err := time.LoadLocation(m.Zone)
		if err != nil || m.Zone == "Local" {
			c.fault(place+".zone", "must be an IANA zone such as Europe/London")
			zone = time.UTC
		}
		x.zone = zone
	}
	if len(m.Layouts) > 0 {
		x.layouts = nil
	}
	for _, layout := range m.Layouts {
		switch layout {
		case "date":
			layout = time.DateOnly
		case "rfc3339":
			layout = time.RFC3339
		}
		x.layouts = append(x.layouts, layout)
	}
	if m.Unit != "" || m.After != "" || m.Before != "" {
		c.counted(place, m, &x)
	}
	return x
}

// counted compiles a TimeMapping that counts units.
func (c *compiler) counted(place string, m TimeMapping, x *instant) {
	if x.add = units[m.Unit]; x.add == nil {
		c.fault(place+".unit", "must be seconds, minutes, hours, days, weeks, months or years")
		return
	}
	if (m.After == "") == (m.Before == "") || len(m.Layouts) > 0 {
		c.fault(place, "needs exactly one of after and before with unit, and no layouts")
		return
	}
	x.sign = 1
	if m.Before != "" {
		x.sign = -1
	}
	var ok bool
	if x.origin, ok = parseTime(m.After+m.Before, defaultLayouts, x.zone); !ok {
		c.fault(place, "needs an RFC 3339 time or a date in after or before")
	}
}

// read returns the instant that a row gives, zero for an empty text.
func (x *instant) read(fields []string, pointer string) (domain.Instant, *domain.Problem) {
	text := x.text.raw(fields)
	if text == "" {
		return 0, nil
	}
	if x.add == nil {
		t, ok := parseTime(text, x.layouts, x.zone)
		if !ok {
			return 0, &domain.Problem{Pointer: pointer, Rule: domain.RuleFormat, Message: "must be a time in a layout of the mapping"}
		}
		return domain.InstantOf(t), nil
	}
	whole, ok := parseInt(text)
	n, err := strconv.ParseInt(whole, 10, 64)
	if !ok || err != nil || n > maxUnits || n < -maxUnits {
		return 0, &domain.Problem{Pointer: pointer, Rule: domain.RuleType, Message: "must be a whole number of units"}
	}
	return domain.InstantOf(x.add(x.origin, x.sign*int(n))), nil
}

// parseTime reads a text in the first layout that fits it.
func parseTime(text string, layouts []string, zone *time.Location) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseInt returns a whole number in its shortest form: without a plus sign, leading zeros and zeros after the point.
func parseInt(text string) (string, bool) {
	d, ok := parseDecimal(text)
	if !ok || strings.Trim(d.fraction, "0") != "" {
		return "", false
	}
	return d.signed(d.whole), true
}
