package fit_test

import (
	"bufio"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/internal/fit"
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

// day numbers the days since 1970.
func day(t testing.TB, layout, text string) int {
	t.Helper()
	at, err := time.Parse(layout, text)
	if err != nil {
		t.Fatal(err)
	}
	return int(at.Unix() / 86400)
}

// sampleOfDays makes a sample in weeks, as known at the end of a day, of customers with the days of their purchases.
func sampleOfDays(t testing.TB, days map[string][]int, until int) *customerbase.Sample {
	t.Helper()
	var groups []customerbase.Group
	for _, purchases := range days {
		slices.Sort(purchases)
		if h, ok := customerbase.HistoryOfDays(purchases, until, 7); ok {
			groups = append(groups, customerbase.Group{History: h, Customers: 1})
		}
	}
	s, err := customerbase.NewSample(groups)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// cdnow reads the calibration period of a file of CDNOW, whose last columns are date, discs and dollars.
func cdnow(t testing.TB, name string) *customerbase.Sample {
	t.Helper()
	f, err := os.Open(dataFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	days := make(map[string][]int)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || strings.HasPrefix(words[0], "customer") {
			continue
		}
		n := len(words)
		days[words[0]] = append(days[words[0]], day(t, "20060102", words[n-3]))
	}
	return sampleOfDays(t, days, day(t, time.DateOnly, "1997-09-30"))
}

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

func whole(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkResult compares a result with published parameters and log-likelihood, each to a tolerance.
func checkResult(t testing.TB, r fit.Result, parameters []float64, tolerance, logLikelihood, within float64) {
	t.Helper()
	if len(r.Parameters) != len(parameters) {
		t.Fatalf("the parameters are %+v", r.Parameters)
	}
	for i, want := range parameters {
		if got := r.Parameters[i]; !(math.Abs(got.Value-want) <= tolerance) {
			t.Errorf("%s: %s is %v, want %v", r.Model, got.Name, got.Value, want)
		}
	}
	if !(math.Abs(r.LogLikelihood-logLikelihood) <= within) {
		t.Errorf("%s: the log-likelihood is %v, want %v", r.Model, r.LogLikelihood, logLikelihood)
	}
}
