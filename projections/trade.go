package projections

import (
	"slices"
	"strings"
	"unique"

	"github.com/rapport-crm/rapport/domain"
)

// Trade is what a customer bought and gave back: counts, sums, recency and gaps (SV-02, SV-04).
type Trade struct {
	Purchases int64
	Returns   int64
	Quantity  int64
	// Main sums the currency seen first.
	Main CurrencySum
	// Days are the purchase occasions: the calendar days with at least one purchase, ascending.
	Days []domain.Date
	// FirstSpend is what the first occasion brought in the main currency, in minor units. Models of spend leave it out.
	FirstSpend int64
	// FirstPurchase and LastPurchase are the earliest and the newest occurred_at of a purchase.
	FirstPurchase  domain.Instant
	LastPurchase   domain.Instant
	LastPurchaseID string
	// product is what the newest purchase brought, the first of several lines. Customers share the texts.
	product unique.Handle[string]

	Contracts int32
	Renewals  int32
	Referrals int32
	// side is what few customers have, nil for the others. It is replaced, never changed.
	side *tradeSide
}

// tradeSide is what few customers have of trade.
type tradeSide struct {
	other         []CurrencySum
	subscriptions []Subscription
	costs         []Cost
	// ledger is what is kept to value the customer, nil without any of it.
	ledger *ledger
}

// Other sums the currencies besides the main one, in the order of their first use.
func (t *Trade) Other() []CurrencySum { return t.aside().other }

// Subscriptions are those that run now, in the order of their start.
func (t *Trade) Subscriptions() []Subscription { return t.aside().subscriptions }

// Costs sums the costs attributed to the customer, by kind in the order of first use.
func (t *Trade) Costs() []Cost { return t.aside().costs }

// aside returns a copy of what few customers have, to be changed and put in its place by setAside.
func (t *Trade) aside() tradeSide {
	if t.side == nil {
		return tradeSide{}
	}
	return *t.side
}

func (t *Trade) setAside(s tradeSide) {
	t.side = nil
	if len(s.other)+len(s.subscriptions)+len(s.costs) > 0 || s.ledger != nil {
		t.side = &s
	}
}

// CurrencySum sums a customer's trade in one currency, in minor units.
type CurrencySum struct {
	Currency  string
	Purchased int64
	Returned  int64
}

// Subscription is a subscription that runs.
type Subscription struct {
	ID    string
	Since domain.Instant
}

// Cost sums the costs of one kind in one currency, in minor units.
type Cost struct {
	Kind     string
	Currency string
	Minor    int64
}

func (f *Fold) applyTrade(c *Customer, e *Entry, out *Effects) {
	t := &c.Trade
	switch d := e.Data.(type) {
	case *domain.PurchaseRecorded:
		t.purchase(e, d, domain.DateOf(e.Event.Time, f.location))
		out.Rollups.addTrade(t.sum(d.Amount.Currency).Currency, TradeSum{Purchases: 1, Purchased: d.Amount.Minor})
	case *domain.PurchaseReturned:
		t.Returns++
		t.add(CurrencySum{Currency: d.Amount.Currency, Returned: d.Amount.Minor})
		out.Rollups.addTrade(t.sum(d.Amount.Currency).Currency, TradeSum{Returns: 1, Returned: d.Amount.Minor})
	case *domain.ContractSigned:
		t.Contracts++
	case *domain.SubscriptionStarted:
		t.subscribe(d.SubscriptionID, e.Event.Time)
	case *domain.SubscriptionRenewed:
		t.Renewals++
		t.subscribe(d.SubscriptionID, e.Event.Time)
	case *domain.SubscriptionCancelled:
		e.lastCancelled = t.unsubscribe(d.SubscriptionID, e.Event.Time) && len(t.Subscriptions()) == 0
	case *domain.CostAttributed:
		t.cost(string(d.Kind), d.Amount)
	case *domain.CompensationGiven:
		if d.Amount != nil {
			t.cost(string(domain.CostCompensation), *d.Amount)
		}
	case *domain.BadDebtBooked:
		if d.Amount != nil {
			t.cost(costBadDebt, *d.Amount)
		}
	case *domain.ReferralMade:
		t.Referrals++
	}
}

// costBadDebt is the kind of cost of money that was written off: it was counted as revenue and never came in.
const costBadDebt = "bad_debt"

func (t *Trade) purchase(e *Entry, d *domain.PurchaseRecorded, day domain.Date) {
	at := e.Event.Time
	t.Purchases++
	t.Quantity += d.Quantity
	t.add(CurrencySum{Currency: d.Amount.Currency, Purchased: d.Amount.Minor})
	if t.FirstPurchase == 0 || at < t.FirstPurchase {
		t.FirstPurchase = at
	}
	if at >= t.LastPurchase {
		t.LastPurchase, t.LastPurchaseID = at, e.id()
		t.setProduct(d)
	}
	t.spendFirst(d.Amount, day)
	t.addDay(day)
}

// Product returns the product that was bought last, empty when it is not known.
func (t *Trade) Product() string {
	if t.product == (unique.Handle[string]{}) {
		return ""
	}
	return t.product.Value()
}

func (t *Trade) setProduct(d *domain.PurchaseRecorded) {
	product := d.Product
	if product == "" && len(d.Items) > 0 {
		product = d.Items[0].Product
	}
	if product != t.Product() {
		t.product = productOf(product)
	}
}

// productOf returns the product by its name, the zero value for none.
func productOf(name string) (product unique.Handle[string]) {
	if name != "" {
		product = unique.Make(name)
	}
	return product
}

// spendFirst counts an amount to the first occasion when it belongs there. The day of the purchase is not recorded yet.
func (t *Trade) spendFirst(amount domain.Money, day domain.Date) {
	spent := int64(0)
	if amount.Currency == t.Main.Currency {
		spent = amount.Minor
	}
	switch {
	case len(t.Days) == 0 || day < t.Days[0]:
		t.FirstSpend = spent
	case day == t.Days[0]:
		t.FirstSpend = domain.AddMinor(t.FirstSpend, spent)
	}
}

// addDay records a purchase occasion. Days arrive in order, except late ones, which go into a new slice so that
// earlier copies keep theirs.
func (t *Trade) addDay(day domain.Date) {
	n := len(t.Days)
	if n == 0 || day > t.Days[n-1] {
		t.Days = append(t.Days, day)
		return
	}
	if i, found := slices.BinarySearch(t.Days, day); !found {
		t.Days = slices.Insert(slices.Clone(t.Days), i, day)
	}
}

// daysAfter returns how many purchase occasions lie after day.
func (t *Trade) daysAfter(day domain.Date) int {
	i, found := slices.BinarySearch(t.Days, day)
	if found {
		i++
	}
	return len(t.Days) - i
}

// gaps returns the sum of the gaps between consecutive purchase occasions in whole days, and how many there are.
func (t *Trade) gaps() (sum, n int64) {
	if len(t.Days) < 2 {
		return 0, 0
	}
	return int64(t.Days[len(t.Days)-1] - t.Days[0]), int64(len(t.Days) - 1)
}

// sum returns the sums of one currency.
func (t *Trade) sum(currency string) CurrencySum {
	if t.Main.Currency == currency {
		return t.Main
	}
	for _, s := range t.Other() {
		if s.Currency == currency {
			return s
		}
	}
	return CurrencySum{Currency: currency}
}

func (t *Trade) add(s CurrencySum) {
	if t.Main.Currency == "" {
		t.Main.Currency = strings.Clone(s.Currency)
	}
	if t.Main.Currency == s.Currency {
		t.Main.add(s)
		return
	}
	side := t.aside()
	side.other = slices.Clone(side.other)
	i := slices.IndexFunc(side.other, func(o CurrencySum) bool { return o.Currency == s.Currency })
	if i < 0 {
		i = len(side.other)
		side.other = append(side.other, CurrencySum{Currency: strings.Clone(s.Currency)})
	}
	side.other[i].add(s)
	t.setAside(side)
}

func (s *CurrencySum) add(o CurrencySum) {
	s.Purchased, s.Returned = domain.AddMinor(s.Purchased, o.Purchased), domain.AddMinor(s.Returned, o.Returned)
}

func (t *Trade) cost(kind string, m domain.Money) {
	side := t.aside()
	side.costs = slices.Clone(side.costs)
	i := slices.IndexFunc(side.costs, func(c Cost) bool { return c.Kind == kind && c.Currency == m.Currency })
	if i < 0 {
		i = len(side.costs)
		side.costs = append(side.costs, Cost{Kind: strings.Clone(kind), Currency: strings.Clone(m.Currency)})
	}
	side.costs[i].Minor = domain.AddMinor(side.costs[i].Minor, m.Minor)
	t.setAside(side)
}

func (t *Trade) subscribe(id string, at domain.Instant) {
	side := t.aside()
	if !slices.ContainsFunc(side.subscriptions, func(s Subscription) bool { return s.ID == id }) {
		side.subscriptions = append(side.subscriptions, Subscription{ID: strings.Clone(id), Since: at})
		t.setAside(side)
	}
}

// unsubscribe ends the subscription and reports whether it ran. A cancellation from before its start is of an earlier
// run.
func (t *Trade) unsubscribe(id string, at domain.Instant) bool {
	side := t.aside()
	i := slices.IndexFunc(side.subscriptions, func(s Subscription) bool { return s.ID == id && s.Since <= at })
	if i < 0 {
		return false
	}
	side.subscriptions = slices.Delete(slices.Clone(side.subscriptions), i, i+1)
	t.setAside(side)
	return true
}
