package valuation_test

import (
	"testing"

	"github.com/rapport-crm/rapport/domain/valuation"
)

func TestScoresAtTheEdgesOfBands(t *testing.T) {
	t.Parallel()
	edges := []int64{30, 60, 120, 240}
	for days, want := range map[float64]int{0: 5, 30: 5, 30.5: 4, 60: 4, 61: 3, 120: 3, 121: 2, 240: 2, 241: 1} {
		if got := valuation.Falling(edges, days); got != want {
			t.Errorf("%v days score %d, want %d", days, got, want)
		}
	}
	for amount, want := range map[int64]int{-5: 1, 29: 1, 30: 2, 59: 2, 60: 3, 120: 4, 239: 4, 240: 5, 1000: 5} {
		if got := valuation.Rising(edges, amount); got != want {
			t.Errorf("%d scores %d, want %d", amount, got, want)
		}
	}
}
