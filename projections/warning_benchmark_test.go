package projections_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// BenchmarkPurchasesAfterSilence folds purchases with gaps of every length, after some of which a warning ends.
func BenchmarkPurchasesAfterSilence(b *testing.B) {
	const customers, purchases = 2000, 10
	random := rand.New(rand.NewPCG(1, 2))
	fold := projections.NewFold(domain.DefaultPolicy())
	events := make([]domain.Event, customers*purchases)
	for c := range customers {
		at, mean := monday, 10+60*random.Float64()
		for i := range purchases {
			events[c*purchases+i] = domain.Event{ID: fmt.Sprint("e", c, "-", i), Type: "purchase.recorded", Subject: fmt.Sprint("c", c), Time: at}
			at += domain.Instant(-math.Log(random.Float64()) * mean * float64(domain.Day))
		}
	}
	data := &domain.PurchaseRecorded{Amount: domain.Money{Minor: 1000, Currency: "CNY"}, Quantity: 1}
	var out projections.Effects
	for b.Loop() {
		for c := range customers {
			customer := projections.NewCustomer(events[c*purchases].Subject)
			for i := range purchases {
				fold.Apply(customer, &projections.Entry{Event: &events[c*purchases+i], Data: data}, &out)
			}
		}
		out.Reset()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*customers*purchases), "ns/event")
	b.ReportMetric(0, "ns/op")
}
