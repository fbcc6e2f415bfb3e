package projections_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// shop folds purchases and the like of customers under one policy.
type shop struct {
	t         testing.TB
	fold      *projections.Fold
	customers map[string]*projections.Customer
	out       projections.Effects
	events    int
}

func newShop(t testing.TB, document string) *shop {
	t.Helper()
	p, err := domain.ParsePolicy([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return &shop{t: t, fold: projections.NewFold(p), customers: make(map[string]*projections.Customer)}
}

// happen folds an event of a customer on a day, at noon UTC.
func (s *shop) happen(customer string, day domain.Date, typ string, data any) {
	s.t.Helper()
	c := s.customers[customer]
	if c == nil {
		c = projections.NewCustomer(customer)
		s.customers[customer] = c
	}
	s.events++
	ev := &domain.Event{ID: fmt.Sprintf("e%d", s.events), Type: typ, Subject: customer, Time: domain.InstantOf(day.Time()) + domain.Day/2}
	s.fold.Apply(c, &projections.Entry{Event: ev, Data: data}, &s.out)
}

func (s *shop) buy(customer string, day domain.Date, minor int64) {
	s.happen(customer, day, "purchase.recorded", &domain.PurchaseRecorded{Amount: domain.Money{Minor: minor, Currency: "CNY"}})
}

// moment is the end of a day, in UTC.
func (s *shop) moment(day domain.Date) *projections.Moment {
	return &projections.Moment{AsOf: domain.InstantOf(day.Time()) + domain.Day - 1, Policy: s.fold.Policy()}
}

// report adds all customers, in any order, and returns the report.
func (s *shop) report(day domain.Date, filter projections.ValueFilter) *projections.ValueReport {
	at := s.moment(day)
	v := projections.NewValuation(filter)
	for _, c := range s.customers {
		snapshot, _ := s.fold.At(c, at.AsOf)
		v.Add(s.fold, &snapshot, at.AsOf)
	}
	changes := make(projections.CellSum)
	cells := filter.Cells()
	changes.Add(s.out.Rollups.Cells, &cells)
	return v.Report(at, &projections.CellView{Policy: at.Policy, Cells: changes.Sorted()})
}

// Pfeifer and Carraway (2000): the chances .30, .20, .15 and .05 come out of the log, and with them the values of the paper.
// Of so many customers who are looked at for one period more than it takes to reach a state, so many buy in the last of them;
// the others before it, and those of later states, are trials without a purchase.
func TestMigrationOfTheReportHasTheValuesOfPfeiferAndCarraway(t *testing.T) {
	t.Parallel()
	s := newShop(t, "time_zone: UTC\nvalue: {margin: 0.4, discount: 0.2, migration: {period_days: 365, states: 4, contact_minor: 400}}")
	const today = domain.Date(20_000)
	for state, of := range []struct{ customers, buyers int }{{200, 150}, {100, 60}, {100, 30}, {100, 5}} {
		for i := range of.customers {
			id := fmt.Sprintf("c%d-%d", state, i)
			first := today + 1 - domain.Date((state+2)*365)
			s.buy(id, first, 10_000)
			if i < of.buyers {
				s.buy(id, first+domain.Date((state+1)*365), 10_000)
			}
		}
	}
	m := s.report(today, projections.ValueFilter{}).Currencies[0].Migration
	if *m.ContributionMinor != 4000 || math.Abs(m.Rate-0.2) > 1e-12 {
		t.Errorf("a purchase contributes %v at a rate of %v, want 4000 at 0.2", *m.ContributionMinor, m.Rate)
	}
	for i, want := range []struct{ chance, value float64 }{{0.30, 52.320}, {0.20, 5.554}, {0.15, 1.251}, {0.05, -1.820}} {
		state := m.States[i]
		if *state.Chance != want.chance || math.Abs(*state.ValueMinor/100-want.value) > 0.0006 || state.Stop != (want.value < 0) {
			t.Errorf("state %d has the chance %v and the value %.3f, want %v and %.3f", state.State, *state.Chance, *state.ValueMinor/100, want.chance, want.value)
		}
	}
}

// TestReportIsWhatCountingByHandGives recounts the report on random trade the long way.
func TestReportIsWhatCountingByHandGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := newShop(t, "time_zone: UTC\nvalue: {recency_days: [5, 10, 20, 40], amount: [2, 5, 9, 30], frequency: [2, 3, 4, 5]}\n"+
			"models: {classes: {name: abc, parameters: {least.CNY.A: 20, least.CNY.B: 6}}}")
		const first, today = 20_000, domain.Date(20_100)
		values, last := make(map[string]int64), make(map[string]int)
		for range rapid.IntRange(1, 60).Draw(rt, "events") {
			id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(rt, "customer")
			day, minor := rapid.IntRange(0, 100).Draw(rt, "day"), rapid.Int64Range(0, 12).Draw(rt, "minor")
			if rapid.IntRange(0, 4).Draw(rt, "return") == 0 {
				s.happen(id, domain.Date(first+day), "purchase.returned", &domain.PurchaseReturned{Amount: domain.Money{Minor: minor, Currency: "CNY"}})
				values[id] -= minor
				continue
			}
			s.buy(id, domain.Date(first+day), minor)
			values[id] += minor
			last[id] = max(last[id], day)
		}
		r := s.report(today, projections.ValueFilter{})
		if r.Buyers != int64(len(last)) || r.Customers != int64(len(values)) {
			rt.Fatalf("%d buyers of %d customers, want %d of %d", r.Buyers, r.Customers, len(last), len(values))
		}
		if len(last) == 0 {
			return
		}
		checkClasses(rt, &r.Currencies[0], values, last)
		var falling int64
		for _, row := range r.RFM {
			if row.Reading == "recency" && row.First <= 2 {
				falling += row.Customers
			}
		}
		var want int64
		for _, day := range last {
			if 100-day >= 20 { // noon of day 80 is 20 days and some hours before the end of day 100
				want++
			}
		}
		if falling != want {
			rt.Fatalf("%d customers have a recency of 2 or less, want %d", falling, want)
		}
		checkChanges(rt, s, r)
	})
}

// checkClasses recounts the classes of a ranking: who has less than the share of the whole before them.
func checkClasses(t *rapid.T, got *projections.CurrencyValue, values map[string]int64, bought map[string]int) {
	var total int64
	for id := range bought {
		total += max(values[id], 0)
	}
	counts := make(map[string]int64)
	for id := range bought {
		if values[id] <= 0 {
			continue
		}
		var before int64
		for other := range bought {
			if values[other] > values[id] {
				before += values[other]
			}
		}
		switch share := float64(before) / float64(total); {
		case share < 0.8:
			counts["A"]++
		case share < 0.95:
			counts["B"]++
		default:
			counts["C"]++
		}
	}
	for _, class := range got.Classes {
		if class.Customers != counts[class.Class] {
			t.Fatalf("class %s holds %d customers, want %d of %v", class.Class, class.Customers, counts[class.Class], values)
		}
	}
}

// checkChanges adds the changes of class up to the number of customers who are in each class now.
func checkChanges(t *rapid.T, s *shop, r *projections.ValueReport) {
	sums, in := make(map[string]int64), make(map[string]int64)
	for _, change := range r.Changes {
		sums[change.To] += change.Count
		sums[change.From] -= change.Count
	}
	for _, c := range s.customers {
		if item := s.fold.Item(c, c.Now); item.ValueClass != "" {
			in[item.ValueClass]++
		}
	}
	for _, class := range r.Currencies[0].Classes {
		if sums[class.Class] != in[class.Class] || class.InForce != in[class.Class] {
			t.Fatalf("the changes add up to %d customers in %s and %d are counted, %d are in it", sums[class.Class], class.Class, class.InForce, in[class.Class])
		}
	}
}

func TestListByValueComesInPagesWithSharesOfTheWhole(t *testing.T) {
	t.Parallel()
	s := newShop(t, "time_zone: UTC")
	const today = domain.Date(20_000)
	for i, minor := range []int64{500, 300, 300, 100, 0} {
		s.buy(string(rune('a'+i)), today-10, minor)
	}
	s.happen("x", today-3, "purchase.recorded", &domain.PurchaseRecorded{Amount: domain.Money{Minor: 7, Currency: "EUR"}})
	s.happen("nobody", today-3, "note.added", nil)
	var got []string
	filter := projections.ValueListFilter{Limit: 2}
	for {
		list, err := projections.NewValueList(filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.customers {
			list.Add(s.fold, c, s.moment(today).AsOf)
		}
		page := list.Page(s.moment(today))
		for _, line := range page.Items {
			text := fmt.Sprintf("%s %s %d %s", line.Customer, line.Currency, line.ValueMinor, line.Class)
			if line.Share != nil {
				text += fmt.Sprintf(" %.3f %.3f", *line.Share, *line.Cumulative)
			}
			got = append(got, text)
		}
		if page.Next == "" {
			break
		}
		filter.Cursor = page.Next
	}
	want := []string{"a CNY 500 A 0.417 0.417", "b CNY 300 A 0.250 0.917", "c CNY 300 A 0.250 0.917", "d CNY 100 B 0.083 1.000", "e CNY 0 C", "x EUR 7 A 1.000 1.000"}
	if !slices.Equal(got, want) {
		t.Errorf("the list is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	filter.Currency = "CNY"
	if _, err := projections.NewValueList(filter); err == nil {
		t.Error("a cursor of another list was taken")
	}
}

func TestKeyAccountsReachAllThreeMeasuresWithinTheYear(t *testing.T) {
	t.Parallel()
	s := newShop(t, "time_zone: UTC\nvalue: {key_account: {occasions: 2, amount_minor: 1000, profit: 0.5}}")
	const today = domain.Date(20_000)
	cost := func(id string, minor int64) {
		s.happen(id, today-1, "cost.attributed", &domain.CostAttributed{Amount: domain.Money{Minor: minor, Currency: "CNY"}, Kind: domain.CostService})
	}
	s.buy("all", today-365, 9_000) // the day before the year
	s.buy("all", today-364, 500)
	s.buy("all", today, 500)
	cost("all", 500)
	s.buy("once", today-2, 5_000)
	s.buy("small", today-2, 499)
	s.buy("small", today-1, 500)
	s.buy("dear", today-2, 500)
	s.buy("dear", today-1, 500)
	cost("dear", 501)
	s.buy("past", today-400, 9_000)
	s.buy("past", today-380, 9_000)
	list, err := projections.NewValueList(projections.ValueListFilter{KeyAccounts: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.customers {
		list.Add(s.fold, c, s.moment(today).AsOf)
	}
	var got []string
	for _, line := range list.Page(s.moment(today)).Items {
		got = append(got, fmt.Sprintf("%s %d %d %.2f", line.Customer, line.LastYear.Occasions, *line.LastYear.RevenueMinor, *line.LastYear.ProfitShare))
	}
	if want := []string{"all 2 1000 0.50"}; !slices.Equal(got, want) {
		t.Errorf("the candidates are %q, want %q", got, want)
	}
	share := s.report(today, projections.ValueFilter{}).Currencies[0].KeyAccounts
	if share.Candidates != 1 || share.ValueMinor != 10_000 {
		t.Errorf("the candidates hold %+v, want one with 10000", share)
	}
}

func TestMethodsThatDisagreeAreToldSideBySide(t *testing.T) {
	t.Parallel()
	s := newShop(t, "time_zone: UTC")
	const today = domain.Date(20_000)
	s.buy("gone", today-300, 1_000_000)
	s.buy("dear", today-1, 900_000)
	s.happen("dear", today-1, "cost.attributed", &domain.CostAttributed{Amount: domain.Money{Minor: 900_000, Currency: "CNY"}, Kind: domain.CostSales})
	for i := range 8 {
		s.buy("busy", today-domain.Date(10*i), 10)
	}
	got := make(map[string][]string)
	for _, group := range s.report(today, projections.ValueFilter{}).Compared {
		for _, line := range group.Examples {
			got[group.Group] = append(got[group.Group], line.Customer)
		}
	}
	want := map[string][]string{"valuable_but_falling": {"gone"}, "valuable_but_unprofitable": {"dear"}, "small_but_rising": {"busy"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the groups are %v, want %v", got, want)
	}
}

func TestReferralsGrowTrees(t *testing.T) {
	t.Parallel()
	s := newShop(t, "time_zone: UTC")
	for _, pair := range [][2]string{{"a", "b"}, {"b", "c"}, {"c", "a"}, {"b", "d"}, {"e", ""}, {"a", "b"}} {
		s.happen(pair[0], 20_000, "referral.made", &domain.ReferralMade{Referred: pair[1]})
	}
	s.buy("a", 20_001, 5)
	got := s.report(20_001, projections.ValueFilter{}).Referrals
	rate := 1.0
	if want := (projections.ReferralCount{Referrals: 6, Referrers: 4, Rate: &rate, Named: 4, LargestTree: 3}); !reflect.DeepEqual(got, want) {
		t.Errorf("the referrals are %+v, want %+v", got, want)
	}
}
