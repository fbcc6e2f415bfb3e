package projections

import (
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
)

// Valuation adds up what customers are worth, one after the other, in the order in which a store walks through them; the
// order does not matter. It keeps eight bytes for each customer and comparison, and lists of bounded length. It is used by
// one goroutine.
type Valuation struct {
	filter            ValueFilter
	customers, buyers int64
	loyal             int64
	currencies        map[string]*currencyValues
	rfm               map[RFMCount]int64
	comparisons       [comparisons]comparison
	referring         map[string][]string
	recommended       int64
	recommending      int64
}

// currencyValues adds up customers with one main currency.
type currencyValues struct {
	buyers, purchased, returned int64
	costs                       map[string]int64
	values                      []int64
	inForce                     []int64
	keyAccounts, keyValue       int64
	trials                      customerbase.Trials
	// periods counts the periods with a purchase, revenue is what they brought.
	periods, revenue int64
}

// NewValuation returns a valuation of nobody yet.
func NewValuation(filter ValueFilter) *Valuation {
	v := &Valuation{
		filter: filter, currencies: make(map[string]*currencyValues), rfm: make(map[RFMCount]int64),
		referring: make(map[string][]string),
	}
	for i := range v.comparisons {
		v.comparisons[i].values = make(map[string][]int64)
	}
	return v
}

// Add adds a customer as of an instant that is not before the customer's time.
func (v *Valuation) Add(f *Fold, c *Customer, at domain.Instant) {
	t, p := &c.Trade, &f.policy.Value
	v.customers++
	v.refer(c)
	if len(t.Days) == 0 {
		return
	}
	v.buyers++
	if c.Trade.Referrals > 0 {
		v.recommending++
	}
	today := domain.DateOf(at, f.location)
	k := v.currencies[t.Main.Currency]
	if k == nil {
		k = &currencyValues{
			costs: make(map[string]int64), inForce: make([]int64, len(p.Classes)+1), trials: make(customerbase.Trials, p.Migration.States),
		}
		v.currencies[t.Main.Currency] = k
	}
	value := t.value(v.measure(p))
	k.add(c, value, p, today)
	r := f.rfm(t, at)
	v.rfm[RFMCount{Reading: "recency", First: r.Scores.Recency, Frequency: r.Scores.Frequency, Amount: r.Scores.Amount}]++
	if r.Scores.Interval > 0 {
		v.rfm[RFMCount{Reading: "interval", First: r.Scores.Interval, Frequency: r.Scores.Frequency, Amount: r.Scores.Amount}]++
	}
	if l := f.loyalty(t, today); l.Loyal {
		v.loyal++
	}
	v.compare(f, c, at, r, value)
}

func (v *Valuation) measure(p *domain.ValuePolicy) domain.ValueMeasure {
	if v.filter.Measure != "" {
		return v.filter.Measure
	}
	return p.Measure
}

func (k *currencyValues) add(c *Customer, value int64, p *domain.ValuePolicy, today domain.Date) {
	t := &c.Trade
	k.buyers++
	k.purchased, k.returned = domain.AddMinor(k.purchased, t.Main.Purchased), domain.AddMinor(k.returned, t.Main.Returned)
	for _, cost := range t.Costs() {
		if cost.Currency == t.Main.Currency {
			k.costs[cost.Kind] = domain.AddMinor(k.costs[cost.Kind], cost.Minor)
		}
	}
	k.values = append(k.values, value)
	if class := c.ValueClass(); class < len(k.inForce) {
		k.inForce[class]++
	}
	if year := t.year(today); year.keyAccount(&p.KeyAccount) {
		k.keyAccounts++
		k.keyValue = domain.AddMinor(k.keyValue, max(value, 0))
	}
	days := t.dayNumbers()
	k.trials.Add(days, int(today), int(p.Migration.PeriodDays))
	k.periods += int64(periodsOf(days, int(p.Migration.PeriodDays)))
	k.revenue = domain.AddMinor(k.revenue, t.Main.Purchased-t.Main.Returned)
}

// row returns the currency as a row of the report.
func (k *currencyValues) row(currency string, p *domain.ValuePolicy) CurrencyValue {
	r := rank(slices.Clone(k.values), p)
	row := CurrencyValue{
		Currency: currency, Buyers: k.buyers, PurchasedMinor: k.purchased, ReturnedMinor: k.returned, RevenueMinor: k.purchased - k.returned,
		Costs: []CostView{}, Ranked: r.Customers(), TotalMinor: r.Total(), Migration: k.migration(p),
		KeyAccounts: KeyAccountShare{k.keyAccounts, k.keyValue, ratioOf(float64(k.keyValue), float64(r.Total()))},
	}
	for _, kind := range slices.Sorted(maps.Keys(k.costs)) {
		row.Costs = append(row.Costs, CostView{Kind: kind, Currency: currency, Minor: k.costs[kind]})
		row.CostMinor = domain.AddMinor(row.CostMinor, k.costs[kind])
	}
	row.ProfitMinor = row.RevenueMinor - row.CostMinor
	for i, class := range r.classes {
		of := ValueClassRow{
			Class: p.Classes[i].Name, Share: p.Classes[i].Share, Customers: class.Customers, ValueMinor: class.Value,
			CustomersShare: ratioOf(float64(class.Customers), float64(r.Customers())), ValueShare: ratioOf(float64(class.Value), float64(r.Total())),
		}
		if class.Customers > 0 {
			of.LeastMinor = &class.Least
		}
		if i+1 < len(k.inForce) {
			of.InForce = k.inForce[i+1]
		}
		row.Classes = append(row.Classes, of)
	}
	for _, part := range []float64{0.2, 0.1, 0.01} {
		row.Top = append(row.Top, TopShare{Customers: part, Share: told(r.Top(part))})
	}
	row.Gini, row.Herfindahl = told(r.Gini()), told(r.Herfindahl())
	return row
}

// told returns a figure, nil when there is none.
func told(figure float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &figure
}

// migration returns what becomes of the customers by the periods since their last purchase.
func (k *currencyValues) migration(p *domain.ValuePolicy) MigrationReport {
	m := MigrationReport{
		PeriodDays: p.Migration.PeriodDays, ContactMinor: p.Migration.ContactMinor, States: []MigrationState{}, Parameters: []customerbase.Parameter{},
		Rate: periodRate(p.Discount, float64(p.Migration.PeriodDays)/daysOfYear),
	}
	for i, n := range k.trials {
		m.States = append(m.States, MigrationState{State: i + 1, Trial: n, Chance: ratioOf(float64(n.Buyers), float64(n.Customers))})
	}
	model, ok := k.trials.Migration(int(p.Migration.PeriodDays))
	if !ok || k.periods == 0 {
		return m
	}
	m.Parameters = model.Parameters()
	contribution := float64(p.Margin * float64(k.revenue) / float64(k.periods))
	m.ContributionMinor = &contribution
	values, err := model.Chain(contribution, float64(m.ContactMinor)).LongRunValue(m.Rate)
	if err != nil { // without a discount there is no value without a horizon
		return m
	}
	for i := range m.States {
		m.States[i].ValueMinor, m.States[i].Stop = &values[i], values[i] < 0
	}
	return m
}

// refer counts whom the customer brought.
func (v *Valuation) refer(c *Customer) {
	v.recommended += int64(c.Trade.Referrals)
	if c.Trade.Referrals > 0 {
		v.referring[c.ID] = c.Trade.ledger().referred
	}
}

// referrals returns the count of who brought whom. Whoever was brought by others has no larger tree than they, so trees
// begin with those whom nobody brought; those that are left brought one another.
func (v *Valuation) referrals() ReferralCount {
	n := ReferralCount{Referrals: v.recommended, Referrers: int64(len(v.referring)), Rate: ratioOf(float64(v.recommending), float64(v.buyers))}
	named := make(map[string]bool)
	for _, brought := range v.referring {
		for _, to := range brought {
			named[to] = true
		}
	}
	counted := make(map[string]bool)
	for _, wanted := range []bool{false, true} {
		for id := range v.referring {
			if named[id] == wanted && !counted[id] {
				n.LargestTree = max(n.LargestTree, v.tree(id, counted))
			}
		}
	}
	n.Named = int64(len(named))
	return n
}

// tree returns how many customers came by one, each counted once, and notes them.
func (v *Valuation) tree(id string, counted map[string]bool) int {
	met := map[string]bool{id: true}
	for next := []string{id}; len(next) > 0; {
		from := next[len(next)-1]
		next = next[:len(next)-1]
		counted[from] = true
		for _, to := range v.referring[from] {
			if !met[to] {
				met[to] = true
				next = append(next, to)
			}
		}
	}
	return len(met) - 1
}
