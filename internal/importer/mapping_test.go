package importer

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
)

// mapRow maps one row of the columns a, b and c with the given events, and returns what becomes of it in one line.
func mapRow(t *testing.T, events string, fields ...string) string {
	t.Helper()
	m, err := ParseMapping([]byte("blanks: [NA]\nevents:\n" + events))
	if err != nil {
		t.Fatal(err)
	}
	x, err := compile(m, "test", []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	x.rows(Row{Number: 1}, &record{fields: fields}, func(row Row, err error) bool {
		switch ev := row.Event; {
		case err != nil:
			out = append(out, strings.TrimPrefix(err.Error(), ": row 1: "))
		case ev == nil:
			out = append(out, "left out")
		default:
			out = append(out, fmt.Sprintf("%s %s %s %s", ev.Type, ev.Subject, ev.Time, ev.Data))
		}
		return true
	})
	return strings.Join(out, "; ")
}

func TestColumnsBecomeMembersInTheirForms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, data string
		fields     []string
		want       string
	}{
		{"texts", `[{to: x, column: a}, {to: y, constant: "1"}]`, []string{` 你"好 `, "", ""}, `{"x":"你\"好","y":"1"}`},
		{"empty fields and blanks are left out", `[{to: x, column: a}, {to: y, column: b}, {to: z, column: c}]`, []string{"", "NA", "v"}, `{"z":"v"}`},
		{"a prefix", `[{to: x, column: a, prefix: p-}, {to: y, column: b, prefix: p-}]`, []string{"1", "", ""}, `{"x":"p-1"}`},
		{"translated values", `[{to: x, column: a, values: {M: monthly}}]`, []string{"M", "", ""}, `{"x":"monthly"}`},
		{"a value without translation", `[{to: x, column: a, values: {M: monthly}}]`, []string{"Y", "", ""}, `/data/x must be one of the values of the mapping (oneof)`},
		{"whole numbers", `[{to: x, column: a, as: int}, {to: y, column: b, as: int}, {to: z, column: c, as: int, absolute: true}]`, []string{"007", "-10.0", "-3"}, `{"x":7,"y":-10,"z":3}`},
		{"a fraction is no whole number", `[{to: x, column: a, as: int}]`, []string{"1.5", "", ""}, `/data/x must be a whole number (type)`},
		{"decimal numbers", `[{to: x, column: a, as: number}, {to: y, column: b, as: number}, {to: z, column: c, as: number, absolute: true}]`, []string{"+01.50", "-.5", "-0.0"}, `{"x":1.50,"y":-0.5,"z":0.0}`},
		{"a number in words", `[{to: x, column: a, as: number}]`, []string{"1e5", "", ""}, `/data/x must be a decimal number (type)`},
		{"money", `[{to: x, column: a, as: money, currency: EUR}, {to: y, column: b, as: money, currency_column: c, places: 0}]`, []string{"-12.5", "130", "JPY"}, `{"x":{"minor":-1250,"currency":"EUR"},"y":{"minor":130,"currency":"JPY"}}`},
		{"money without a sign", `[{to: x, column: a, as: money, currency: EUR, absolute: true}]`, []string{"-0.07", "", ""}, `{"x":{"minor":7,"currency":"EUR"}}`},
		{"money with too many places", `[{to: x, column: a, as: money, currency: EUR}]`, []string{"1.005", "", ""}, `/data/x must have at most 2 decimal places and fit into 18 digits (type)`},
		{"truth values", `[{to: x, column: a, as: bool}, {to: y, column: b, as: bool}, {to: z, column: c, as: bool, values: {oui: "true"}}]`, []string{"Yes", "0", "oui"}, `{"x":true,"y":false,"z":true}`},
		{"no truth value", `[{to: x, column: a, as: bool}]`, []string{"perhaps", "", ""}, `/data/x must be true or false (type)`},
		{"times", `[{to: x, column: a, as: time, time: {layouts: ["02.01.2006 15:04"], zone: Asia/Shanghai}}, {to: y, column: b, as: time}]`, []string{"01.03.2026 08:00", "2026-03-01", ""}, `{"x":"2026-03-01T00:00:00Z","y":"2026-03-01T00:00:00Z"}`},
		{"no time", `[{to: x, column: a, as: time}]`, []string{"soon", "", ""}, `/data/x must be a time in a layout of the mapping (format)`},
		{"members of objects", `[{to: e.sales, column: a}, {to: x, column: b}, {to: e.service, column: c}]`, []string{"1", "2", "3"}, `{"e":{"sales":"1","service":"3"},"x":"2"}`},
		{"objects without members are left out", `[{to: e.sales, column: a}, {to: x, column: b}]`, []string{"", "2", ""}, `{"x":"2"}`},
		{"answers", `[{to: l, answers: [{item: i, column: a}, {item: j, column: b, as: "yes", blank: refused}, {item: k, column: c, as: text, blank: not_applicable}]}]`, []string{"10.0", "no", "好"}, `{"l":[{"item":"i","score":10},{"item":"j","yes":false},{"item":"k","text":"好"}]}`},
		{"answers that are empty", `[{to: l, answers: [{item: i, column: a}, {item: j, column: b, as: "yes", blank: refused}, {item: k, column: c, as: text, blank: not_applicable}]}]`, []string{"", "NA", ""}, `{"l":[{"item":"j","refused":true},{"item":"k","not_applicable":true}]}`},
		{"an answer that is no number", `[{to: l, answers: [{item: i, column: a}]}]`, []string{"good", "", ""}, `/data/l must be a whole number (type)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := mapRow(t, "  - {type: {constant: note.added}, subject: {constant: s}, time: {constant: 2020-01-01}, data: "+test.data+"}", test.fields...)
			if got = strings.TrimPrefix(got, "note.added s 2020-01-01T00:00:00Z "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestTimesAreReadInTheirZoneOrCounted(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, time, text, want string }{
		{"RFC 3339", `{column: a}`, "2026-03-01T08:00:00+08:00", "2026-03-01T00:00:00Z"},
		{"a date in a zone", `{column: a, zone: Asia/Shanghai}`, "2026-03-01", "2026-02-28T16:00:00Z"},
		{"summer time", `{column: a, zone: Europe/London, layouts: ["2006-01-02 15:04"]}`, "2026-07-01 12:00", "2026-07-01T11:00:00Z"},
		{"the second layout", `{column: a, layouts: [rfc3339, "20060102"]}`, "20260301", "2026-03-01T00:00:00Z"},
		{"days after", `{column: a, unit: days, after: 2026-01-01}`, "59", "2026-03-01T00:00:00Z"},
		{"seconds after 1970", `{column: a, unit: seconds, after: 1970-01-01T00:00:00Z}`, "1772323200", "2026-03-01T00:00:00Z"},
		{"months before", `{column: a, unit: months, before: 2026-03-31}`, "1.0", "2026-02-28T00:00:00Z"},
		{"years before a leap day", `{column: a, unit: years, before: 2024-02-29}`, "1", "2023-02-28T00:00:00Z"},
		{"no months", `{column: a, unit: months, before: 2026-03-31}`, "0", "2026-03-31T00:00:00Z"},
		{"half a month", `{column: a, unit: months, before: 2026-03-31}`, "0.5", "/time must be a whole number of units (type)"},
		{"another layout", `{column: a}`, "03/01/2026", "/time must be a time in a layout of the mapping (format)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := mapRow(t, "  - {type: {constant: note.added}, subject: {constant: s}, time: "+test.time+"}", test.text, "", "")
			got = strings.TrimSuffix(strings.TrimPrefix(got, "note.added s "), " {}")
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestConditionsChooseTheEventsOfARow(t *testing.T) {
	t.Parallel()
	const events = `
  - {where: [{column: a, in: [x, y]}], type: {constant: first.seen}, subject: {constant: s}, time: {constant: 2020-01-01}}
  - {where: [{column: a, not_in: [x]}, {column: b, empty: false}], type: {constant: second.seen}, subject: {constant: s}, time: {constant: 2020-01-01}}
`
	for _, test := range []struct{ a, b, want string }{
		{"x", "1", "first.seen"}, {"y", "1", "first.seen second.seen"}, {"y", "", "first.seen"}, {"z", "NA", "left out"}, {"z", "1", "second.seen"},
	} {
		got := strings.ReplaceAll(strings.ReplaceAll(mapRow(t, events, test.a, test.b, ""), " s 2020-01-01T00:00:00Z {}", ""), "; ", " ")
		if got != test.want {
			t.Errorf("a row with %q and %q yields %s, want %s", test.a, test.b, got, test.want)
		}
	}
}

func TestARowWithOtherColumnsIsRejected(t *testing.T) {
	t.Parallel()
	got := mapRow(t, "  - {type: {constant: note.added}, subject: {constant: s}, time: {constant: 2020-01-01}}", "1", "2")
	if want := "must have 3 columns and has 2 (length)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAttributesIDsAndSourcesAreSet(t *testing.T) {
	t.Parallel()
	m, err := ParseMapping([]byte(`
events:
  - type: {constant: note.added}
    subject: {column: a}
    time: {constant: 2020-01-01}
    id: {column: b, prefix: row-}
    attributes: [{to: region, constant: north}, {to: actor, constant: e1}, {to: area, column: c}, {to: orgunit, column: a}, {to: channel, constant: phone}]
`))
	if err != nil {
		t.Fatal(err)
	}
	x, err := compile(m, "a b/ü.csv", []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	x.rows(Row{Number: 1}, &record{fields: []string{"s", "7", "x"}}, func(row Row, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		ev := row.Event
		if ev.ID != "row-7" || ev.Source != "/import/a%20b/%C3%BC.csv" || ev.Actor != "e1" || ev.OrgUnit != "s" || ev.Channel != "phone" ||
			fmt.Sprint(ev.Extensions) != "[{area x} {region north}]" {
			t.Errorf("event %+v", ev)
		}
		if err := domain.Validate(ev); err != nil {
			t.Error(err)
		}
		return true
	})
}

func TestFaultsOfAMappingAreNamed(t *testing.T) {
	t.Parallel()
	event := func(rest string) string {
		return "events:\n  - {type: {constant: note.added}, subject: {column: a}, time: {constant: 2020-01-01}, " + rest + "}"
	}
	tests := []struct{ doc, want string }{
		{"", "parse mapping: EOF"},
		{"source: x", "events are missing"},
		{"evnts: []", "field evnts not found"},
		{event("") + "\n---\nevents: []", "one document"},
		{"delimiter: ab\n" + event(""), "delimiter must be"},
		{"header: false\n" + event(""), "columns are needed"},
		{event("data: [{to: x, colum: a}]"), "field colum not found"},
		{event("data: [{to: x, column: z}]"), `events[0].data[0] names the column "z"`},
		{event("data: [{to: x}]"), "events[0].data[0] needs exactly one of column and constant"},
		{event("data: [{to: x, column: a, constant: b}]"), "needs exactly one of column and constant"},
		{event("data: [{column: a}]"), "events[0].data[0].to must be the name"},
		{event("data: [{to: x, column: a}, {to: x, column: a}]"), "that no other field writes"},
		{event("data: [{to: x, column: a}, {to: x.y, column: a}]"), "that no other field writes"},
		{event("data: [{to: x.y, column: a}, {to: x, column: a}]"), "that no other field writes"},
		{event("data: [{to: x, column: a, as: float}]"), "must be string, int, number, money, bool or time"},
		{event("data: [{to: x, column: a, as: money}]"), "currency needs exactly one of column and constant"},
		{event("data: [{to: x, column: a, currency: EUR}]"), "is not money"},
		{event("data: [{to: x, column: a, as: money, currency: EUR, places: 9}]"), "must be between 0 and 6"},
		{event("data: [{to: x, column: a, as: time, time: {column: a}}]"), "must not have a column"},
		{event("data: [{to: x, column: a, as: time, time: {zone: Local}}]"), "must be an IANA zone"},
		{event("data: [{to: x, column: a, as: time, time: {unit: days}}]"), "needs exactly one of after and before"},
		{event("data: [{to: x, column: a, as: time, time: {unit: moons, after: 2020-01-01}}]"), "must be seconds, minutes"},
		{event("data: [{to: x, column: a, as: time, time: {unit: days, after: soon}}]"), "needs an RFC 3339 time or a date"},
		{event("data: [{to: x, column: a, answers: [{item: i, column: a}]}]"), "cannot have a column"},
		{event("data: [{to: x, answers: [{column: a}]}]"), "needs an item"},
		{event("data: [{to: x, answers: [{item: i, column: a, as: rank}]}]"), "must be score, yes or text"},
		{event("data: [{to: x, answers: [{item: i, column: a, blank: zero}]}]"), "must be skip, refused or not_applicable"},
		{event("where: [{column: a}]"), "needs exactly one of empty, in and not_in"},
		{event("where: [{column: a, empty: true, in: [x]}]"), "needs exactly one of empty, in and not_in"},
		{event("attributes: [{to: time, column: a}]"), `cannot set "time"`},
		{event("attributes: [{column: a}]"), "needs the name of an attribute"},
	}
	for _, test := range tests {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()
			m, err := ParseMapping([]byte(test.doc))
			if err == nil {
				_, err = compile(m, "test", []string{"a"})
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestEveryFaultOfAMappingIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	m, err := ParseMapping([]byte("events:\n  - {type: {column: x}, subject: {column: y}, time: {column: z}}"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = compile(m, "test", []string{"a"})
	for _, name := range []string{`"x"`, `"y"`, `"z"`} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
}

func TestAmountsAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(-999_999_999_999_999, 999_999_999_999_999).Draw(t, "minor")
		places := rapid.IntRange(0, 3).Draw(t, "places")
		scale := int64(math.Pow10(places))
		sign, size := "", minor
		if minor < 0 {
			sign, size = "-", -minor
		}
		text := fmt.Sprintf("%s%d", sign, size/scale)
		if places > 0 {
			text += fmt.Sprintf(".%0*d", places, size%scale)
		}
		d, ok := parseDecimal(text)
		if !ok {
			t.Fatalf("%q is no decimal", text)
		}
		if got, ok := d.minor(places); !ok || got != minor {
			t.Fatalf("%q is %d, want %d", text, got, minor)
		}
	})
}

func TestTextsThatAreNoDecimals(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "-", "+", ".", "1.", "1,5", "1 000", "--1", "+-1", "0x10", "1e3", "NaN", "Inf", "١"} {
		if d, ok := parseDecimal(text); ok {
			t.Errorf("%q is the decimal %+v", text, d)
		}
	}
	d, _ := parseDecimal("1000000000000000000")
	if n, ok := d.minor(2); ok {
		t.Errorf("an amount of 21 digits is %d", n)
	}
}

func TestMonthsStayWithinTheMonthTheyComeTo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "from"), 0).UTC()
		n := rapid.IntRange(-600, 600).Draw(t, "months")
		to := addMonths(from, n)
		first := func(t time.Time) int { return t.Year()*12 + int(t.Month()) }
		if first(to)-first(from) != n || to.Day() > from.Day() {
			t.Fatalf("%d months after %s is %s", n, from, to)
		}
	})
}
