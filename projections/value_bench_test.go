package projections_test

import (
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// BenchmarkClassOfValue folds purchases of customers who have a class of value, and of others who have none: the difference
// is what the class costs an event.
func BenchmarkClassOfValue(b *testing.B) {
	for name, models := range map[string]domain.Models{
		"without": nil,
		"with":    {string(domain.RoleClasses): {Name: domain.NameABC, Parameters: map[string]float64{"least.CNY.A": 1e9, "least.CNY.B": 1e8}}},
	} {
		b.Run(name, func(b *testing.B) {
			p := domain.DefaultPolicy()
			p.Models = models
			fold := projections.NewFold(p)
			var out projections.Effects
			c := projections.NewCustomer("c")
			ev := domain.Event{Type: "purchase.recorded", Subject: "c", Time: domain.InstantOf(domain.Date(20_000).Time())}
			entry := projections.Entry{Event: &ev, Data: &domain.PurchaseRecorded{Amount: domain.Money{Minor: 100, Currency: "CNY"}}}
			for i := range b.N {
				if i%50 == 0 {
					*c = *projections.NewCustomer("c")
					out.Reset()
					ev.Time = domain.InstantOf(domain.Date(20_000).Time())
				}
				ev.ID, ev.Time = "e", ev.Time+domain.Day
				e := entry
				fold.Apply(c, &e, &out)
			}
		})
	}
}

// BenchmarkValueReport adds customers to the report on value; it takes so long for each of them.
func BenchmarkValueReport(b *testing.B) {
	s := newShop(b, "time_zone: UTC")
	const today = domain.Date(20_000)
	for i := range 1000 {
		for j := range 6 {
			s.buy(fmt.Sprintf("c%d", i), today-domain.Date(50*j+i%40), int64(1000+i*7%5000))
		}
	}
	at := s.moment(today)
	for b.Loop() {
		v := projections.NewValuation(projections.ValueFilter{})
		for _, c := range s.customers {
			v.Add(s.fold, c, at.AsOf)
		}
		v.Report(at, &projections.CellView{Policy: at.Policy})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/customer")
}
