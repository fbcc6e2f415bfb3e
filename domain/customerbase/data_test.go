package customerbase_test

import (
	"bufio"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// dataFile returns the path of a data set that is not part of the project. Without it the test is skipped, except on CI.
func dataFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the data set %s is missing", name)
		}
		t.Skipf("the data set %s is not here", name)
	}
	return path
}

// readTable returns the rows of a CSV file with a header, by the names of the columns.
func readTable(t testing.TB, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(dataFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(bufio.NewReader(f)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	table := make([]map[string]string, 0, len(rows))
	for _, row := range rows[1:] {
		named := make(map[string]string, len(row))
		for i, cell := range row {
			named[rows[0][i]] = cell
		}
		table = append(table, named)
	}
	return table
}

func number(t testing.TB, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// value returns a function that gives the first of two results and fails the test on an error.
func value(t testing.TB) func(x float64, err error) float64 {
	t.Helper()
	return func(x float64, err error) float64 {
		t.Helper()
		if err != nil {
			t.Error(err)
			return math.NaN()
		}
		return x
	}
}

// near fails the test unless got is want to a relative tolerance.
func near(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s is %.10g, want %.10g", what, got, want)
	}
}

// printed fails the test unless got rounds to want at the digits that want is printed with.
func printed(t testing.TB, what string, got float64, want string) {
	t.Helper()
	digits := 0
	for i := range want {
		if want[i] == '.' {
			digits = len(want) - i - 1
		}
	}
	// Some sources cut off instead of rounding, so a whole unit of the last digit is allowed.
	if w := number(t, want); !(math.Abs(got-w) <= math.Pow(10, -float64(digits))) {
		t.Errorf("%s is %.10g, want %s", what, got, want)
	}
}

// The parameters fitted to the sample of CDNOW, as the file of golden values was computed with.
var (
	cdnowBG     = customerbase.BGNBD{R: 0.24259450991143808, Alpha: 4.413601929825732, A: 0.7929221899297141, B: 2.4259072922600584}
	cdnowMBG    = customerbase.MBGNBD{R: 0.5248431915426089, Alpha: 6.1830852654914175, A: 0.8913593834045506, B: 1.614002161095539}
	cdnowPareto = customerbase.ParetoNBD{R: 0.5532770211655971, Alpha: 10.577682946712182, S: 0.6062399151481132, Beta: 11.668733087058163}
)

func history(x int, last, age float64) customerbase.History {
	return customerbase.History{Repeats: x, Last: last, Age: age}
}
