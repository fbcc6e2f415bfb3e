package projections_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// TestStatementAddsUpToTheSums draws trade in any order and adds up the lines that explain it.
func TestStatementAddsUpToTheSums(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := newShop(t, "time_zone: UTC")
		h := new(projections.Chronicle)
		s.fold.Before = h.Note
		lines := 0
		for range rapid.IntRange(0, 30).Draw(rt, "events") {
			day := domain.Date(20_000 + rapid.IntRange(0, 50).Draw(rt, "day"))
			m := domain.Money{Minor: rapid.Int64Range(0, 9).Draw(rt, "minor"), Currency: rapid.SampledFrom([]string{"CNY", "EUR"}).Draw(rt, "currency")}
			lines++
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0:
				s.happen("c", day, "purchase.returned", &domain.PurchaseReturned{Amount: m})
			case 1:
				s.happen("c", day, "cost.attributed", &domain.CostAttributed{Amount: m, Kind: domain.CostSales})
			case 2:
				s.happen("c", day, "bad_debt.booked", &domain.BadDebtBooked{Amount: &m})
			case 3:
				s.happen("c", day, "campaign.sent", &domain.CampaignSent{CampaignID: "x", Cost: &m})
				lines--
			default:
				s.happen("c", day, "purchase.recorded", &domain.PurchaseRecorded{Amount: m})
			}
		}
		c := s.customers["c"]
		if c == nil {
			return
		}
		v := s.fold.View(c, nil, c.Now)
		x, err := s.fold.Explain(c, v, h, projections.WhyValue)
		if err != nil {
			rt.Fatal(err)
		}
		revenue, cost := make(map[string]int64), make(map[string]int64)
		for i, line := range x.Value.Statement {
			if i > 0 && line.At < x.Value.Statement[i-1].At {
				rt.Fatalf("%+v comes after %+v", line, x.Value.Statement[i-1])
			}
			revenue[line.Currency] += line.RevenueMinor
			cost[line.Currency] += line.CostMinor
		}
		wantRevenue, wantCost := make(map[string]int64), make(map[string]int64)
		for _, sum := range v.Value.Sums {
			wantRevenue[sum.Currency], wantCost[sum.Currency] = sum.RevenueMinor, sum.CostMinor
			if sum.ProfitMinor != sum.RevenueMinor-sum.CostMinor {
				rt.Fatalf("the sums are %+v", sum)
			}
		}
		if len(x.Value.Statement) != lines || !reflect.DeepEqual(revenue, wantRevenue) || !reflect.DeepEqual(cost, wantCost) {
			rt.Fatalf("%d lines of %d add up to %v and %v, the sums are %v and %v", len(x.Value.Statement), lines, revenue, cost, wantRevenue, wantCost)
		}
	})
}
