package projections

import "github.com/rapport-crm/rapport/domain"

// LoyaltyView is how the customer behaves (LOY-05, LOY-06). What people feel is in the answers to questionnaires; the two are
// not added up.
type LoyaltyView struct {
	// TenureDays are the days since the first purchase, null before it.
	TenureDays *int64 `json:"tenure_days"`
	// Occasions are the days with a purchase, Repeats those after the first.
	Occasions int `json:"occasions"`
	Repeats   int `json:"repeats"`
	// RepurchaseRate is the number of repeats for each 365 days of tenure, and RateBefore the same 365 days ago, which shows the
	// trend; null for a tenure of less than 30 days.
	RepurchaseRate *float64 `json:"repurchase_rate"`
	RateBefore     *float64 `json:"repurchase_rate_before"`
	// SpendMinor is the mean of what the customer paid on an occasion, null before the first.
	SpendMinor *float64 `json:"spend_minor"`
	// Decision is how long the customer takes to decide.
	Decision DecisionView `json:"decision"`
	// PriceObjections counts the objections to prices, RecentObjections those in the last 365 days as far as they are kept, and
	// ObjectionRate is how many there are for each occasion, null before the first purchase.
	PriceObjections  int64    `json:"price_objections"`
	RecentObjections int      `json:"price_objections_last_year"`
	ObjectionRate    *float64 `json:"price_objection_rate"`
	// Loyal says that both behaviour and time speak for it (LOY-02): at least as many occasions and as long a tenure as
	// maturity takes, and no silence longer than after which a customer declines.
	Loyal bool `json:"loyal"`
}

// leastTenure is the number of days from which on a rate is told.
const leastTenure = 30

func (f *Fold) loyalty(t *Trade, today domain.Date) LoyaltyView {
	l := t.ledger()
	v := LoyaltyView{Occasions: len(t.Days), Repeats: max(len(t.Days)-1, 0), Decision: t.decisions(), PriceObjections: l.objected}
	for _, day := range l.objections {
		if day > today-daysOfYear && day <= today {
			v.RecentObjections++
		}
	}
	if len(t.Days) == 0 {
		return v
	}
	tenure := int64(today - t.Days[0])
	v.TenureDays = &tenure
	v.RepurchaseRate, v.RateBefore = t.repurchaseRate(today), t.repurchaseRate(today-daysOfYear)
	spend := float64(t.Main.Purchased) / float64(len(t.Days))
	rate := float64(l.objected) / float64(len(t.Days))
	v.SpendMinor, v.ObjectionRate = &spend, &rate
	p := &f.policy.Lifecycle
	silence := domain.Instant(today-t.Days[len(t.Days)-1]) * domain.Day
	v.Loyal = len(t.Days) >= p.MaturityOccasions && tenure >= p.MaturityTenureDays && silence < p.DeclineAfter(p.UsualGap(t.gaps()))
	return v
}

// repurchaseRate returns the repeat purchases for each year from the first purchase to a day, nil when that is too short.
func (t *Trade) repurchaseRate(until domain.Date) *float64 {
	tenure := int64(until - t.Days[0])
	if tenure < leastTenure {
		return nil
	}
	rate := float64((len(t.Days)-t.daysAfter(until)-1)*daysOfYear) / float64(tenure)
	return &rate
}
