package projections

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/valuation"
	"github.com/rapport-crm/rapport/eventstore"
)

// ValueFilter selects what the report on value covers. Zero fields select everything.
type ValueFilter struct {
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	// Measure is what customers are ranked by. Default: that of the policy.
	Measure domain.ValueMeasure
	// From and To are the months of the changes of class, both inclusive.
	From, To domain.Month
}

// Cells returns the filter for the changes of class that the report needs.
func (f *ValueFilter) Cells() CellFilter {
	return CellFilter{Kinds: []CellKind{CellClass}, From: f.From, To: f.To, OrgUnit: f.OrgUnit, Whole: true}
}

// ValueReport says what the customers are worth together and how it is spread (SV-01 to SV-09, KA-01). Its JSON form is part
// of the public contract. Amounts are in minor units and never added over currencies: every customer counts in the main
// currency alone.
type ValueReport struct {
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	Measure   domain.ValueMeasure  `json:"measure"`
	// Customers counts the customers, Buyers those with a purchase.
	Customers  int64           `json:"customers"`
	Buyers     int64           `json:"buyers"`
	Currencies []CurrencyValue `json:"currencies"`
	// RFM counts the buyers by scores, once with each reading of the first letter.
	RFM []RFMCount `json:"rfm"`
	// Compared are groups of customers about whom the methods disagree, the largest customers of each first (SV-09).
	Compared []ValueComparison `json:"compared"`
	// Changes are the changes of class in the months covered, by class before and after; Months are the same by month.
	Changes []ClassChange      `json:"class_changes"`
	Months  []ClassChangeMonth `json:"class_change_months"`
	// ChangesAsOf and ChangesPositions are the moment of the changes, which are counted after the customers.
	ChangesAsOf      domain.Instant       `json:"class_changes_as_of"`
	ChangesPositions eventstore.Positions `json:"class_changes_positions"`
	Loyal            int64                `json:"loyal"`
	Referrals        ReferralCount        `json:"referrals"`
	// PolicyVersion is the policy published last.
	PolicyVersion string `json:"policy_version"`
}

// CurrencyValue is what customers with one main currency are worth.
type CurrencyValue struct {
	Currency       string `json:"currency"`
	Buyers         int64  `json:"buyers"`
	PurchasedMinor int64  `json:"purchased_minor"`
	ReturnedMinor  int64  `json:"returned_minor"`
	RevenueMinor   int64  `json:"revenue_minor"`
	// Costs are the attributed costs by kind.
	Costs       []CostView `json:"costs"`
	CostMinor   int64      `json:"cost_minor"`
	ProfitMinor int64      `json:"profit_minor"`
	// Ranked counts the customers of a positive value by the measure, TotalMinor is the sum of their values. The others have no
	// share of the whole.
	Ranked     int   `json:"ranked"`
	TotalMinor int64 `json:"total_minor"`
	// Classes are those of the ABC analysis now.
	Classes []ValueClassRow `json:"classes"`
	// Top is the share of the whole that the first customers hold. Gini and Herfindahl are null when nobody is ranked.
	Top        []TopShare `json:"top"`
	Gini       *float64   `json:"gini"`
	Herfindahl *float64   `json:"herfindahl"`
	// KeyAccounts is what depends on the candidates for key accounts.
	KeyAccounts KeyAccountShare `json:"key_accounts"`
	// Migration is Dwyer's method over all customers.
	Migration MigrationReport `json:"migration"`
}

// ValueClassRow is one class of the ABC analysis.
type ValueClassRow struct {
	Class string `json:"class"`
	// Share is that of the policy: where the class ends.
	Share          float64  `json:"share"`
	Customers      int64    `json:"customers"`
	CustomersShare *float64 `json:"customers_share"`
	ValueMinor     int64    `json:"value_minor"`
	ValueShare     *float64 `json:"value_share"`
	// LeastMinor is the lowest value in the class, null for an empty one.
	LeastMinor *int64 `json:"least_minor"`
	// InForce counts the customers who are in the class by the thresholds in force.
	InForce int64 `json:"in_force"`
}

// TopShare is what part of the whole a part of the customers hold.
type TopShare struct {
	Customers float64  `json:"customers"`
	Share     *float64 `json:"share"`
}

// KeyAccountShare is how much depends on the candidates for key accounts.
type KeyAccountShare struct {
	Candidates int64    `json:"candidates"`
	ValueMinor int64    `json:"value_minor"`
	Share      *float64 `json:"share"`
}

// RFMCount counts buyers with the same scores.
type RFMCount struct {
	// Reading says what the first score stands for: recency or interval.
	Reading   string `json:"reading"`
	First     int    `json:"first"`
	Frequency int    `json:"frequency"`
	Amount    int    `json:"amount"`
	Customers int64  `json:"customers"`
}

// ClassChange counts changes from one class to another; an empty class stands for none.
type ClassChange struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Count int64  `json:"count"`
}

// ClassChangeMonth is ClassChange for one month.
type ClassChangeMonth struct {
	Month domain.Month `json:"month"`
	ClassChange
}

// ReferralCount counts who brought whom (LOY-09, SV-15).
type ReferralCount struct {
	// Referrals counts the recommendations, Referrers the customers who made them.
	Referrals int64 `json:"referrals"`
	Referrers int64 `json:"referrers"`
	// Rate is the share of the buyers who recommended the firm, null without buyers.
	Rate *float64 `json:"rate"`
	// Named counts the customers who are known to have been brought.
	Named int64 `json:"named"`
	// LargestTree is the greatest number of customers who came by one customer, directly or by those the customer brought.
	LargestTree int `json:"largest_tree"`
}

// MigrationReport is what becomes of customers by the number of periods since their last purchase (SV-06).
type MigrationReport struct {
	PeriodDays int64 `json:"period_days"`
	// ContributionMinor is the margin of what a customer pays in a period with a purchase, ContactMinor what it costs to keep in
	// touch for a period, and Rate the discount of a period.
	ContributionMinor *float64         `json:"contribution_minor"`
	ContactMinor      int64            `json:"contact_minor"`
	Rate              float64          `json:"rate"`
	States            []MigrationState `json:"states"`
	// Parameters are those of the model customer_migration, none when some state was never seen.
	Parameters []customerbase.Parameter `json:"parameters"`
}

// MigrationState is the customers so many periods after their last purchase.
type MigrationState struct {
	State int `json:"state"`
	customerbase.Trial
	// Chance is the share of buyers, ValueMinor what a customer in the state is worth from then on without a horizon; null when
	// a state was never seen.
	Chance     *float64 `json:"chance"`
	ValueMinor *float64 `json:"value_minor"`
	// Stop says that it costs more to stay in touch than it brings.
	Stop bool `json:"stop"`
}

// Report returns the report on the customers that were added, with the changes of class.
func (v *Valuation) Report(at *Moment, changes *CellView) *ValueReport {
	measure := cmp.Or(v.filter.Measure, at.Policy.Value.Measure)
	r := &ValueReport{
		AsOf: at.AsOf, Positions: at.Positions, Measure: measure, Customers: v.customers, Buyers: v.buyers, Currencies: []CurrencyValue{},
		Loyal: v.loyal, Referrals: v.referrals(), PolicyVersion: at.Policy.Version,
	}
	for _, currency := range slices.Sorted(maps.Keys(v.currencies)) {
		r.Currencies = append(r.Currencies, v.currencies[currency].row(currency, &at.Policy.Value))
	}
	r.RFM = sortedCounts(v.rfm)
	r.Compared = v.compared(&at.Policy.Value)
	r.addChanges(changes)
	return r
}

func sortedCounts(counts map[RFMCount]int64) []RFMCount {
	rows := make([]RFMCount, 0, len(counts))
	for row, n := range counts {
		row.Customers = n
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b RFMCount) int {
		return cmp.Or(cmp.Compare(b.Reading, a.Reading), cmp.Compare(b.First, a.First), cmp.Compare(b.Frequency, a.Frequency), cmp.Compare(b.Amount, a.Amount))
	})
	return rows
}

func (r *ValueReport) addChanges(changes *CellView) {
	r.Changes, r.Months = []ClassChange{}, []ClassChangeMonth{}
	r.ChangesAsOf, r.ChangesPositions = changes.AsOf, changes.Positions
	months, whole := make(map[ClassChangeMonth]int64), make(map[ClassChange]int64)
	for i := range changes.Cells {
		c := &changes.Cells[i]
		change := ClassChange{From: c.Names[0], To: c.Names[1]}
		whole[change] += c.Counts[ClassChanges]
		months[ClassChangeMonth{c.Month, change}] += c.Counts[ClassChanges]
	}
	for change, n := range whole {
		change.Count = n
		r.Changes = append(r.Changes, change)
	}
	for change, n := range months {
		change.Count = n
		r.Months = append(r.Months, change)
	}
	compare := func(a, b ClassChange) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) }
	slices.SortFunc(r.Changes, compare)
	slices.SortFunc(r.Months, func(a, b ClassChangeMonth) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), compare(a.ClassChange, b.ClassChange))
	})
}

// ratioOf returns part of the whole, nil when there is no whole.
func ratioOf(part, whole float64) *float64 {
	if whole == 0 {
		return nil
	}
	share := part / whole
	return &share
}

// shares returns where the classes of the policy end.
func shares(p *domain.ValuePolicy) []float64 {
	list := make([]float64, len(p.Classes))
	for i, c := range p.Classes {
		list[i] = c.Share
	}
	return list
}

// ranked is a ranking with its classes.
type ranked struct {
	*valuation.Ranking
	classes []valuation.Class
	least   []int64
}

func rank(values []int64, p *domain.ValuePolicy) ranked {
	r := valuation.NewRanking(values)
	return ranked{Ranking: r, classes: r.Classes(shares(p)), least: r.Least(shares(p))}
}
