package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/rapport-crm/rapport/domain"
)

// printer collects readable text. Tables have no borders, so that lines can be searched and cut; a cell without a value
// is "-". On a terminal lines are cut at its width and, unless NO_COLOR is set, headings are bold.
type printer struct {
	text  strings.Builder
	width int
	bold  bool
	// csv makes tables comma-separated values.
	csv bool
}

// newPrinter returns a printer for what out is.
func newPrinter(out io.Writer) *printer {
	p := &printer{}
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return p
	}
	p.bold = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if width, _, err := term.GetSize(int(file.Fd())); err == nil {
		p.width = width
	}
	return p
}

// printDocument prints a JSON document on standard output: as it is when JSON is asked for, otherwise decoded and as
// readable text.
func printDocument[T any](a *app, document []byte, readable func(*printer, *T)) error {
	if a.JSON {
		if _, err := fmt.Fprintf(a.Stdout, "%s\n", strings.TrimSuffix(string(document), "\n")); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		return nil
	}
	doc := new(T)
	if err := json.Unmarshal(document, doc); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	p := newPrinter(a.Stdout)
	readable(p, doc)
	if _, err := io.WriteString(a.Stdout, p.text.String()); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// printValue prints a value of this program as printDocument prints a document of a server.
func printValue[T any](a *app, value any, readable func(*printer, *T)) error {
	document, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return printDocument(a, document, readable)
}

// nextPage says on standard error how to go on, so that standard output is the list alone.
func (a *app) nextPage(cursor string) {
	if cursor != "" {
		fmt.Fprintln(a.Stderr, "more: --cursor", clean(cursor))
	}
}

// line prints one line.
func (p *printer) line(format string, args ...any) {
	fmt.Fprintf(&p.text, format+"\n", args...)
}

// section prints a heading after an empty line.
func (p *printer) section(title string) {
	if p.bold {
		title = text.Bold.EscapeSeq() + title + text.Reset.EscapeSeq()
	}
	p.line("\n%s", title)
}

// fields prints names and values in two columns. Fields without a value are left out.
func (p *printer) fields(pairs ...string) {
	t := p.newTable()
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			t.AppendRow(table.Row{pairs[i], clean(pairs[i+1])})
		}
	}
	if t.Length() > 0 {
		p.line("%s", t.Render())
	}
}

// amount is a cell of a table that stands on the right as numbers do.
type amount string

// table prints rows under a header. Numbers and amounts are aligned to the right; texts are made safe for a terminal. As
// comma-separated values, a cell without a value is empty.
func (p *printer) table(header table.Row, rows []table.Row) {
	t := p.newTable()
	t.AppendHeader(header)
	columns := make([]table.ColumnConfig, len(header))
	for i := range header {
		columns[i].Number = i + 1
	}
	for _, row := range rows {
		for i, cell := range row {
			switch v := cell.(type) {
			case string:
				row[i] = p.filled(clean(v))
				continue
			case amount:
				row[i] = p.filled(string(v))
			}
			columns[i].Align, columns[i].AlignHeader = text.AlignRight, text.AlignRight
		}
		t.AppendRow(row)
	}
	t.SetColumnConfigs(columns)
	if p.csv {
		p.line("%s", t.RenderCSV())
		return
	}
	p.line("%s", t.Render())
}

func (p *printer) newTable() table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight, style.Box.UnfinishedRow = "", "  ", "~"
	style.Size.WidthMax = p.width
	style.Color = table.ColorOptions{}
	if p.bold {
		style.Color.Header = text.Colors{text.Bold}
	}
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	return t
}

// clean returns s without characters that would move the cursor or turn the direction of a terminal: they are written
// as escapes. What customers are called comes from outside.
func clean(s string) string {
	if strings.IndexFunc(s, unsafeRune) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unsafeRune(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unsafeRune(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// filled returns what stands in a cell with the text.
func (p *printer) filled(s string) string {
	if p.csv {
		return s
	}
	return orDash(s)
}

// when returns an instant for people and programs alike, empty for never.
func when(i domain.Instant) string {
	if i == 0 {
		return ""
	}
	return i.String()
}

// day returns the day of an instant in UTC, empty for never.
func day(i domain.Instant) string {
	if i == 0 {
		return ""
	}
	return i.Time().Format("2006-01-02")
}

// list joins texts with commas.
func list(items []string) string { return strings.Join(items, ", ") }

// decimal returns minor units as an exact decimal number with the digits that ISO 4217 gives the currency. A code that
// is not in its list has two.
func decimal(minor int64, currency string) string {
	digits := strconv.FormatInt(minor, 10)
	sign := ""
	if minor < 0 {
		sign, digits = "-", digits[1:]
	}
	places := minorDigits(currency)
	if places == 0 {
		return sign + digits
	}
	if missing := places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - places
	return sign + digits[:point] + "." + digits[point:]
}

// money returns minor units as a decimal number with the currency.
func money(minor int64, currency string) string { return decimal(minor, currency) + " " + currency }

// minorDigits returns the number of digits after the point, from list one of ISO 4217.
func minorDigits(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	default:
		return 2
	}
}
