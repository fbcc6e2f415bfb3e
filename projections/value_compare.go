package projections

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// ValueComparison is a group of customers about whom the methods disagree, because each looks at something else: ABC at what
// was bought so far, RFM at how the customer behaves, profit at what is left of it (SV-09).
type ValueComparison struct {
	Group    string `json:"group"`
	Currency string `json:"currency"`
	// Customers counts them, Examples are some: those of the highest values, or of the lowest where the group is of small ones.
	Customers int         `json:"customers"`
	Examples  []ValueLine `json:"examples"`
}

// The groups of customers that are compared. Valuable customers are those of the first class, small ones those of the last.
const (
	// falling customers have a recency of 2 or less.
	falling = iota
	// unprofitable customers cost as much as they bring.
	unprofitable
	// rising customers have a recency and a frequency of 4 or more.
	rising
	// contrary customers have readings of recency that differ by 2 or more.
	contrary
	comparisons
)

var comparisonNames = [comparisons]string{
	"valuable_but_falling", "valuable_but_unprofitable", "small_but_rising", "readings_of_recency_differ",
}

// examples is how many customers of a group are shown.
const examples = 10

// comparison is the customers whom only their class can still take out of a group.
type comparison struct {
	values  map[string][]int64
	leaders leaders
}

// compare adds the customer to the groups it may belong to.
func (v *Valuation) compare(f *Fold, c *Customer, at domain.Instant, r *RFMView, value int64) {
	t := &c.Trade
	cost := t.costIn(t.Main.Currency)
	for group, is := range [comparisons]bool{
		falling:      r.Scores.Recency <= 2,
		unprofitable: cost > 0 && t.Main.Purchased-t.Main.Returned <= cost,
		rising:       r.Scores.Recency >= 4 && r.Scores.Frequency >= 4,
		contrary:     r.Scores.Interval > 0 && max(r.Scores.Recency-r.Scores.Interval, r.Scores.Interval-r.Scores.Recency) >= 2,
	} {
		if !is {
			continue
		}
		x := &v.comparisons[group]
		x.values[t.Main.Currency] = append(x.values[t.Main.Currency], value)
		x.leaders.small, x.leaders.limit = group == rising, examples
		x.leaders.add(leader{fold: f, customer: *c, at: at, value: value})
	}
}

// compared returns the groups that are not empty, by currency.
func (v *Valuation) compared(p *domain.ValuePolicy) []ValueComparison {
	all := []ValueComparison{}
	for group := range v.comparisons {
		x := &v.comparisons[group]
		for _, currency := range slices.Sorted(maps.Keys(x.values)) {
			r := rank(slices.Clone(v.currencies[currency].values), p)
			in := func(value int64) bool {
				class := r.class(value)
				switch group {
				case contrary:
					return true
				case rising:
					return class == len(p.Classes)-1
				default:
					return class == 0
				}
			}
			row := ValueComparison{Group: comparisonNames[group], Currency: currency, Examples: []ValueLine{}}
			for _, value := range x.values[currency] {
				if in(value) {
					row.Customers++
				}
			}
			for _, l := range x.leaders.of(currency) {
				if in(l.value) {
					row.Examples = append(row.Examples, l.line(&r, p))
				}
			}
			if row.Customers > 0 {
				all = append(all, row)
			}
		}
	}
	return all
}

// class returns the place of the class of a value; one that is not positive is in the last.
func (r *ranked) class(value int64) int {
	last := len(r.classes) - 1
	if value <= 0 || r.least == nil {
		return last
	}
	for i, least := range r.least {
		if value >= least {
			return i
		}
	}
	return last
}

// leader is a customer with what lists are sorted by.
type leader struct {
	fold     *Fold
	customer Customer
	at       domain.Instant
	value    int64
}

func (l *leader) currency() string { return l.customer.Trade.Main.Currency }

// leaders keeps the first customers of each currency: those of the highest values, or of the lowest when small. Ties are in
// order of id.
type leaders struct {
	small bool
	limit int
	all   map[string][]leader
}

func (k *leaders) compare(a, b *leader) int {
	by := cmp.Compare(b.value, a.value)
	if k.small {
		by = -by
	}
	return cmp.Or(by, strings.Compare(a.customer.ID, b.customer.ID))
}

func (k *leaders) add(l leader) {
	if k.all == nil {
		k.all = make(map[string][]leader)
	}
	list := append(k.all[l.currency()], l)
	if len(list) >= 2*k.limit {
		list = k.first(list)
	}
	k.all[l.currency()] = list
}

func (k *leaders) first(list []leader) []leader {
	slices.SortFunc(list, func(a, b leader) int { return k.compare(&a, &b) })
	return list[:min(len(list), k.limit)]
}

// of returns the first customers of a currency, in order.
func (k *leaders) of(currency string) []leader { return k.first(k.all[currency]) }
