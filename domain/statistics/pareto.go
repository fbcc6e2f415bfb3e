package statistics

import (
	"cmp"
	"slices"
	"strings"
)

// ParetoRow is one item of a Pareto analysis.
type ParetoRow struct {
	// Name is the item, cause or stage that was counted.
	Name string `json:"name"`
	// Count is how often.
	Count int64 `json:"count"`
	// Cumulative is the share of this row and all before it.
	Cumulative Share `json:"cumulative"`
}

// Pareto returns what was counted, the most frequent first and equal counts by name, with cumulative shares. Names
// without a positive count are left out.
func Pareto(counts map[string]int64) []ParetoRow {
	rows := make([]ParetoRow, 0, len(counts))
	var whole int64
	for name, n := range counts {
		if n > 0 {
			rows = append(rows, ParetoRow{Name: name, Count: n})
			whole += n
		}
	}
	slices.SortFunc(rows, func(a, b ParetoRow) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name))
	})
	var sum int64
	for i := range rows {
		sum += rows[i].Count
		rows[i].Cumulative = Share{Part: sum, Whole: whole}
	}
	return rows
}
