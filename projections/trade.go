package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Trade is what a customer bought and gave back: counts, sums, recency and gaps (SV-02, SV-04).
type Trade struct {
	Purchases int64
	Returns   int64
	Quantity  int64
	// Main sums the currency seen first, Other the further ones in the order of their first use.
	Main  CurrencySum
	Other []CurrencySum
	// Days are the purchase occasions: the calendar days with at least one purchase, ascending.
	Days []domain.Date
	// FirstPurchase and LastPurchase are the earliest and the newest occurred_at of a purchase.
	FirstPurchase  domain.Instant
	LastPurchase   domain.Instant
	LastPurchaseID string

	Contracts int32
	Renewals  int32
	Referrals int32
	// Subscriptions are those that run now, in the order of their start.
	Subscriptions []Subscription
	// Costs sums the costs attributed to the customer, by kind in the order of first use.
	Costs []Cost
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
		e.lastCancelled = t.unsubscribe(d.SubscriptionID, e.Event.Time) && len(t.Subscriptions) == 0
	case *domain.CostAttributed:
		t.cost(string(d.Kind), d.Amount)
	case *domain.CompensationGiven:
		if d.Amount != nil {
			t.cost(string(domain.CostCompensation), *d.Amount)
		}
	case *domain.ReferralMade:
		t.Referrals++
	}
}

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
	}
	t.addDay(day)
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
	for _, s := range t.Other {
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
		t.Main.Purchased += s.Purchased
		t.Main.Returned += s.Returned
		return
	}
	t.Other = slices.Clone(t.Other)
	for i := range t.Other {
		if o := &t.Other[i]; o.Currency == s.Currency {
			o.Purchased += s.Purchased
			o.Returned += s.Returned
			return
		}
	}
	s.Currency = strings.Clone(s.Currency)
	t.Other = append(t.Other, s)
}

func (t *Trade) cost(kind string, m domain.Money) {
	t.Costs = slices.Clone(t.Costs)
	for i := range t.Costs {
		if c := &t.Costs[i]; c.Kind == kind && c.Currency == m.Currency {
			c.Minor += m.Minor
			return
		}
	}
	t.Costs = append(t.Costs, Cost{Kind: strings.Clone(kind), Currency: strings.Clone(m.Currency), Minor: m.Minor})
}

func (t *Trade) subscribe(id string, at domain.Instant) {
	if !slices.ContainsFunc(t.Subscriptions, func(s Subscription) bool { return s.ID == id }) {
		t.Subscriptions = append(t.Subscriptions, Subscription{ID: strings.Clone(id), Since: at})
	}
}

// unsubscribe ends the subscription and reports whether it ran. A cancellation from before its start is of an earlier
// run.
func (t *Trade) unsubscribe(id string, at domain.Instant) bool {
	i := slices.IndexFunc(t.Subscriptions, func(s Subscription) bool { return s.ID == id && s.Since <= at })
	if i < 0 {
		return false
	}
	t.Subscriptions = slices.Delete(slices.Clone(t.Subscriptions), i, i+1)
	return true
}
