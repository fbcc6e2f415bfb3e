package fit_test

import (
	"bufio"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
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

// cdnow reads the calibration period of a file of CDNOW, in weeks.
func cdnow(t testing.TB, name string) *customerbase.Sample {
	t.Helper()
	return sample(t, cdnowBase(t, name).at(day(t, time.DateOnly, "1997-09-30"), 0))
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
