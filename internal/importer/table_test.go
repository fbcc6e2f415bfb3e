package importer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// readTable returns what each row of a table comes to: its fields joined by a bar, or the rule it breaks.
func readTable(text string, delimiter byte) (rows []string, err error) {
	t := newTable(strings.NewReader(text), delimiter)
	for {
		r, problem, err := t.next()
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return rows, err
		case problem != nil:
			rows = append(rows, fmt.Sprintf("%d! %s", r.line, problem.Rule))
		default:
			rows = append(rows, fmt.Sprintf("%d: %s", r.line, strings.Join(r.fields, "|")))
		}
	}
}

func TestTablesAreSplitIntoRows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		delimiter  byte
		want       []string
	}{
		{"both line ends and a missing one", "a,b\r\nc,d\ne,f", ',', []string{"1: a|b", "2: c|d", "3: e|f"}},
		{"blank lines are no rows", "\na,b\n \r\n\nc,d\n\n", ',', []string{"2: a|b", "5: c|d"}},
		{"empty fields", ",\na,,b,\n", ',', []string{"1: |", "2: a||b|"}},
		{"quoted fields", "\"a,b\",\"c \"\"d\"\"\"\nx,y\n", ',', []string{`1: a,b|c "d"`, "2: x|y"}},
		{"a field over several lines", "a,\"b\n\nc\"\nd,e\n", ',', []string{"1: a|b\n\nc", "4: d|e"}},
		{"a field over several lines with the other line end", "a,\"b\r\nc\"\r\nd,e\r\n", ',', []string{"1: a|b\nc", "3: d|e"}},
		{"white space", "  a  b\tc \n d e f\n", 0, []string{"1: a|b|c", "2: d|e|f"}},
		{"tabs", "a\tb c\n\"d\te\"\tf\n", '\t', []string{"1: a|b c", "2: d\te|f"}},
		{"a stray quote within a field", "a,5\" pipe\nb,c\n", ',', []string{"1! format", "2: b|c"}},
		{"text after a quoted field", "\"a\"b,c\nd,e\n", ',', []string{"1! format", "2: d|e"}},
		{"a quote that is never closed", "a,\"b\nc,d\ne,f\n", ',', []string{"1! format", "2: c|d", "3: e|f"}},
		{"two quotes that are never closed", "a,\"b\nc,d\ne,f\n\"g,h\n", ',', []string{"1! format", "2: c|d", "3: e|f", "4! format"}},
		{"a NUL byte", "a,b\nc,\x00\ne,f\n", ',', []string{"1: a|b", "2! nul", "3: e|f"}},
		{"a NUL byte within a field over several lines", "a,\"b\nc\x00\"\ne,f\n", ',', []string{"1! format", "2! nul", "3: e|f"}},
		{"text that is not UTF-8", "a,b\nc,\xe9\ne,f\n", ',', []string{"1: a|b", "2! utf8", "3: e|f"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := readTable(test.text, test.delimiter)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("rows %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestLinesBeyondTheLimitAreRejectedAlone(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("x", MaxLine)
	for _, end := range []string{"\n", "\r\n"} {
		for _, extra := range []int{1, 2, MaxLine, 3 * MaxLine} {
			text := "a" + end + longest + end + longest + strings.Repeat("y", extra) + end + "b"
			got, err := readTable(text, ',')
			want := []string{"1: a", "2: " + longest, "3! length", "4: b"}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("with %d bytes too many and the line end %q there are %d rows, %v", extra, end, len(got), err)
			}
		}
	}
	if got, err := readTable(longest+"y", ','); err != nil || !slices.Equal(got, []string{"1! length"}) {
		t.Errorf("a last line that is too long gives %d rows, %v", len(got), err)
	}
}

func TestAFieldOverTooManyLinesCostsItsFirstLineOnly(t *testing.T) {
	t.Parallel()
	text := "a,\"b\n" + strings.Repeat("c,d\n", maxJoined) + "e\",f\ng,h\n"
	got, err := readTable(text, ',')
	if err != nil || len(got) != maxJoined+3 || got[0] != "1! format" || got[1] != "2: c|d" || got[len(got)-1] != fmt.Sprintf("%d: g|h", maxJoined+3) {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

// FuzzTable compares the rows of well-formed tables with those of encoding/csv, and shows that no input makes the table
// fail.
func FuzzTable(f *testing.F) {
	for _, seed := range []string{"a,b\nc,d\n", "\"a\nb\",c\n", "a,\"\"\"\"\n", "\"a\"b\nc\n", "\"\n\n\n", "a,\"b\nc\"\",\n\"d\"\n", "\r\n\r\r\n,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readTable(text, ',')
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if strings.ContainsAny(text, "\r\x00") || strings.ToValidUTF8(text, "") != text {
			return // encoding/csv takes what is rejected here, and treats single carriage returns otherwise
		}
		reader := csv.NewReader(strings.NewReader(text))
		reader.FieldsPerRecord = -1
		records, err := reader.ReadAll()
		if err != nil {
			return
		}
		var want []string
		for _, r := range records {
			if len(r) > 1 || strings.TrimSpace(r[0]) != "" {
				want = append(want, strings.Join(r, "|"))
			}
		}
		var have []string
		for _, row := range got {
			_, fields, _ := strings.Cut(row, ": ")
			if strings.TrimSpace(fields) != "" {
				have = append(have, fields)
			}
		}
		if !slices.Equal(have, want) {
			t.Errorf("%q: rows %q, want %q", text, have, want)
		}
	})
}
