package customerbase_test

import (
	"strconv"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// donations reads the donors of 1995 with their donations in the six years after.
func donations(t testing.TB) []customerbase.RecordGroup {
	t.Helper()
	var groups []customerbase.RecordGroup
	for _, row := range readTable(t, "cdnow/donations.csv") {
		var n [4]int
		for i, column := range []string{"frequency", "recency", "periods", "weights"} {
			var err error
			if n[i], err = strconv.Atoi(row[column]); err != nil {
				t.Fatal(err)
			}
		}
		groups = append(groups, customerbase.RecordGroup{Record: customerbase.Record{Repeats: n[0], Last: n[1], Opportunities: n[2]}, Customers: n[3]})
	}
	return groups
}

func TestBGBBValuesOfTheDonationsInTheBTYDVignette(t *testing.T) {
	t.Parallel()
	get := value(t)
	m := customerbase.BGBB{Alpha: 1.203522, Beta: 0.749716, Gamma: 0.656718, Delta: 2.783443}
	groups := donations(t)
	printed(t, "log-likelihood", get(m.SampleLogLikelihood(groups)), "-33225.581")
	record := func(x, last int) customerbase.Record {
		return customerbase.Record{Repeats: x, Last: last, Opportunities: 6}
	}
	printed(t, "alive after nothing", get(m.Alive(record(0, 0))), "0.10813")
	printed(t, "alive after two", get(m.Alive(record(2, 4))), "0.58966")
	printed(t, "alive after six", get(m.Alive(record(6, 6))), "0.93043")
	near(t, "expected donations after nothing", get(m.Expected(record(0, 0), 10)), 0.1302169, 2e-5)
	near(t, "expected donations after four", get(m.Expected(record(4, 5), 10)), 3.627858, 5e-5)
	donors, sum := 0, 0.0
	for _, g := range groups {
		donors += g.Customers
		sum += float64(g.Customers) * get(m.Expected(g.Record, 5))
	}
	if donors != 11104 {
		t.Errorf("%d donors, want 11104", donors)
	}
	near(t, "expected donations of all", sum, 12884.2, 1e-5)
}

// TestBGBBNoPurchaseIsTheShareOfTheLikelihood uses that a record that goes on without a purchase is itself a record.
func TestBGBBNoPurchaseIsTheShareOfTheLikelihood(t *testing.T) {
	t.Parallel()
	get := value(t)
	m := customerbase.BGBB{Alpha: 1.2, Beta: 0.75, Gamma: 0.66, Delta: 2.78}
	for _, r := range []customerbase.Record{{Opportunities: 6}, {Repeats: 2, Last: 4, Opportunities: 6}, {Repeats: 6, Last: 6, Opportunities: 6}} {
		for n := range 30 {
			longer := r
			longer.Opportunities += n
			want := get(m.LogLikelihood(longer)) - get(m.LogLikelihood(r))
			near(t, "chance of no purchase", get(m.NoPurchase(r, n)), exp(want), 1e-12)
		}
	}
}
