package statistics_test

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain/statistics"
)

func newScale(t testing.TB, low, high int) statistics.Scale {
	t.Helper()
	s, err := statistics.NewScale(low, high)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// distributionOf counts the numbers of answers for each score of a scale, from the lowest.
func distributionOf(t testing.TB, low int, counts ...int64) statistics.Distribution {
	t.Helper()
	d := statistics.NewDistribution(newScale(t, low, low+len(counts)-1))
	for i, n := range counts {
		if err := d.Add(low+i, n); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// near reports whether two numbers agree when both are rounded to the given number of decimals.
func near(got, want float64, decimals int) bool {
	return math.Abs(got-want) <= 0.5000001*math.Pow10(-decimals)
}

// column returns the values of a column of the answers of the garden centres; missing ones are −1.
func column(t testing.TB, rows [][]string, name string) []int {
	t.Helper()
	for c, title := range rows[0] {
		if title != name {
			continue
		}
		values := make([]int, 0, len(rows)-1)
		for _, row := range rows[1:] {
			v, err := strconv.ParseFloat(row[c], 64)
			if err != nil {
				v = -1
			}
			values = append(values, int(v))
		}
		return values
	}
	t.Fatalf("the data set has no column %s", name)
	return nil
}

// botanic returns the answers of the garden centres, and skips the test where the data set is absent.
func botanic(t testing.TB) [][]string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "nps_botanic", "nps_numeric.csv")
	f, err := os.Open(path)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the data set nps_botanic is missing")
		}
		t.Skip("the data set nps_botanic is not here")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// scores draws answers on a scale.
func scores(t *rapid.T, s statistics.Scale, least, most int, label string) []int {
	return rapid.SliceOfN(rapid.IntRange(s.Low(), s.High()), least, most).Draw(t, label)
}

// count counts answers on a scale.
func count(t *rapid.T, s statistics.Scale, answers []int) statistics.Distribution {
	d := statistics.NewDistribution(s)
	for _, a := range answers {
		if err := d.Add(a, 1); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// anyScale draws a scale.
func anyScale(t *rapid.T) statistics.Scale {
	low := rapid.IntRange(0, 2).Draw(t, "low")
	s, err := statistics.NewScale(low, low+rapid.IntRange(1, 10).Draw(t, "points"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
