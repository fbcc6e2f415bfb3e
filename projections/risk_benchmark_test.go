package projections_test

import (
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// BenchmarkScore measures one score of customers of whom only purchases are known, and of one of whom more is.
func BenchmarkScore(b *testing.B) {
	fold := projections.NewFold(domain.DefaultPolicy())
	purchases := []happening{bought(0), bought(20), bought(50), bought(70), bought(120)}
	more := append([]happening{called(0), csat(3, 2), workshop(4, 9, 4), filed(5), {6, "price.objected", `{}`}, {7, "need.changed", `{}`}}, purchases...)
	for _, v := range []struct {
		name  string
		story []happening
	}{{"purchases", purchases}, {"signals", more}} {
		c, decoder := projections.NewCustomer("c-1"), domain.NewDecoder()
		var out projections.Effects
		for i, h := range v.story {
			fold.Apply(c, entryOf(b, decoder, fmt.Sprint("e", i), h), &out)
		}
		b.Run(v.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				fold.Score(c, c.Now+domain.Instant(i%100)*domain.Hour)
			}
		})
		b.Run(v.name+" bounds", func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				fold.ScoreWithin(c, c.Now, c.Now+domain.Instant(i%100)*domain.Hour)
			}
		})
	}
}

// BenchmarkApplyPurchases measures one purchase of a customer who buys every month or so, with the risk and with one that
// nothing contributes to.
func BenchmarkApplyPurchases(b *testing.B) {
	const none = `version: none
risk:
  measures: {silence: {weight: 0}, trend: {weight: 0}, model: {weight: 0}, satisfaction: {weight: 0}, contact: {weight: 0}}`
	for _, v := range []struct{ name, policy string }{{"risk", ""}, {"none", none}} {
		p, err := domain.ParsePolicy([]byte(v.policy))
		if err != nil {
			b.Fatal(err)
		}
		fold, decoder := projections.NewFold(p), domain.NewDecoder()
		entries := make([]*projections.Entry, 12)
		for i := range entries {
			entries[i] = entryOf(b, decoder, fmt.Sprint("e", i), bought(float64(31*i+i*i%7)))
			own := *entries[i].Data.(*domain.PurchaseRecorded) // the decoder uses its struct again
			entries[i].Data = &own
		}
		b.Run(v.name, func(b *testing.B) {
			b.ReportAllocs()
			var out projections.Effects
			var c *projections.Customer
			for i := range b.N {
				if i%len(entries) == 0 {
					out.Reset()
					c = projections.NewCustomer("c-1")
				}
				fold.Apply(c, entries[i%len(entries)], &out)
			}
		})
	}
}
