package main

import (
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
)

var update = flag.Bool("update", false, "write what the verbs print into testdata")

// golden compares what a verb prints with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the verb prints\n%s\n%s says\n%s", got, file, want)
	}
}

// instant returns the time of a text.
func instant(t *testing.T, s string) domain.Instant {
	t.Helper()
	i, err := domain.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestMoneyIsPrintedWithTheDigitsOfItsCurrency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
	}{
		{129900, "CNY", "1299.00 CNY"},
		{5, "USD", "0.05 USD"},
		{-5, "USD", "-0.05 USD"},
		{0, "EUR", "0.00 EUR"},
		{1299, "JPY", "1299 JPY"},
		{-1299, "KRW", "-1299 KRW"},
		{1299, "KWD", "1.299 KWD"},
		{-7, "TND", "-0.007 TND"},
		{12345, "CLF", "1.2345 CLF"},
		{-9223372036854775808, "GBP", "-92233720368547758.08 GBP"},
	} {
		if got := money(c.minor, c.currency); got != c.want {
			t.Errorf("%d minor units of %s print as %s, want %s", c.minor, c.currency, got, c.want)
		}
	}
}

func TestPrintedMoneyReadsBackAsTheSameAmount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64().Draw(t, "minor")
		currency := rapid.SampledFrom([]string{"CNY", "JPY", "BHD", "CLF"}).Draw(t, "currency")
		printed := decimal(minor, currency)
		units := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(minorDigits(currency))), nil)
		read, ok := new(big.Rat).SetString(printed)
		if !ok {
			t.Fatalf("%s is not a number", printed)
		}
		if want := new(big.Rat).SetFrac(big.NewInt(minor), units); read.Cmp(want) != 0 {
			t.Fatalf("%d minor units of %s print as %s", minor, currency, printed)
		}
	})
}

func TestTextsFromOutsideCannotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Wang 王 é 👩‍🔧":       "Wang 王 é 👩‍🔧",
		"a\x1b[31mb":         `a\x1b[31mb`,
		"line\nbreak\ttab\r": `line\nbreak\ttab\r`,
		"\u202eabc\u2066":    `\u202eabc\u2066`,
		"c1 \u009b nul \x00": `c1 \u009b nul \x00`,
	} {
		if got := clean(in); got != want {
			t.Errorf("%q prints as %q, want %q", in, got, want)
		}
	}
}

func TestColumnsOfATableLineUpBehindWideCharacters(t *testing.T) {
	t.Parallel()
	p := &printer{}
	p.table(table.Row{"NAME", "N", "STAGE"}, []table.Row{{"李伟", 5, "growth"}, {"Anna", 1000, "decline"}, {"", 0, "\x1b[2J"}})
	lines := strings.Split(strings.TrimSuffix(p.text.String(), "\n"), "\n")
	if len(lines) != 4 {
		t.Fatalf("four lines are wanted:\n%s", p.text.String())
	}
	for i, word := range []string{"STAGE", "growth", "decline", `\x1b[2J`} {
		before, _, found := strings.Cut(lines[i], word)
		if !found || text.StringWidthWithoutEscSequences(before) != len("NAME     N  ") {
			t.Errorf("%q does not begin below the header in\n%s", word, p.text.String())
		}
		if strings.TrimRight(lines[i], " ") != lines[i] {
			t.Errorf("line %q ends with a space", lines[i])
		}
	}
	if !strings.HasPrefix(lines[3], "-  ") {
		t.Errorf("an empty cell is %q, want a dash", lines[3])
	}
}

func TestOutputThatIsNoTerminalHasNoEscapesAndNoLimitOfWidth(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	long := strings.Repeat("x", 500)
	p := newPrinter(file)
	p.section("TITLE")
	p.table(table.Row{"A"}, []table.Row{{long}})
	if got := p.text.String(); strings.Contains(got, "\x1b") || !strings.Contains(got, long) {
		t.Errorf("a file gets %q", got)
	}
}

func TestATerminalGetsBoldHeadingsAndLinesOfItsWidth(t *testing.T) {
	t.Parallel()
	p := &printer{width: 20, bold: true}
	p.section("TITLE")
	p.table(table.Row{"A", "B"}, []table.Row{{strings.Repeat("x", 15), strings.Repeat("y", 15)}, {strings.Repeat("李", 7), "伟伟伟"}})
	if !strings.Contains(p.text.String(), "\x1b[1mTITLE\x1b[0m") {
		t.Errorf("the heading is not bold: %q", p.text.String())
	}
	for line := range strings.Lines(p.text.String()) {
		if width := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")); width > 20 {
			t.Errorf("%q has a width of %d", line, width)
		}
	}
}
