package projections

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/valuation"
	"github.com/rapport-crm/rapport/eventstore"
)

// ValueLine is one customer in lists by value, with all methods side by side (SV-09). Amounts are in minor units of the main
// currency.
type ValueLine struct {
	Customer string       `json:"customer"`
	Name     string       `json:"name,omitempty"`
	OrgUnit  string       `json:"org_unit,omitempty"`
	Owners   []string     `json:"owners"`
	Stage    domain.Stage `json:"stage"`
	Currency string       `json:"currency"`
	// ValueMinor is the value by the measure of the list, Share its part of the whole, null for one that is not positive, and
	// Cumulative the part of all customers of at least this value.
	ValueMinor int64    `json:"value_minor"`
	Share      *float64 `json:"share"`
	Cumulative *float64 `json:"cumulative_share"`
	// Class is the class of the ranking now, ClassInForce that by the thresholds in force.
	Class        string           `json:"class"`
	ClassInForce string           `json:"class_in_force,omitempty"`
	ProfitMinor  int64            `json:"profit_minor"`
	RFM          string           `json:"rfm"`
	IntervalRFM  string           `json:"interval_rfm,omitempty"`
	RecencyDays  float64          `json:"recency_days"`
	Scores       valuation.Scores `json:"scores"`
	LastYear     YearView         `json:"last_year"`
	KeyAccount   bool             `json:"key_account"`
	Loyal        bool             `json:"loyal"`
	// Lifetime is the lifetime value by the three methods.
	Lifetime []LifetimeMethod `json:"lifetime"`
}

// line returns the customer as a line of a list.
func (l *leader) line(r *ranked, p *domain.ValuePolicy) ValueLine {
	c, t := &l.customer, &l.customer.Trade
	v := l.fold.value(c, l.at)
	profile := c.profileView()
	line := ValueLine{
		Customer: c.ID, Name: profile.Name, OrgUnit: profile.OrgUnit, Owners: profile.Owners, Stage: c.Lifecycle.Stage, Currency: v.Currency,
		ValueMinor: l.value, Class: p.Classes[r.class(l.value)].Name, ClassInForce: v.Class, ProfitMinor: t.value(domain.MeasureProfit),
		LastYear: v.LastYear, KeyAccount: v.KeyAccount, Loyal: v.Loyalty.Loyal, Lifetime: v.Lifetime.Methods,
	}
	if v.RFM != nil {
		line.RFM, line.IntervalRFM, line.RecencyDays, line.Scores = v.RFM.Code, v.RFM.IntervalCode, v.RFM.RecencyDays, v.RFM.Scores
	}
	if l.value > 0 && r.Total() > 0 {
		line.Share = ratioOf(float64(l.value), float64(r.Total()))
		line.Cumulative = ratioOf(float64(r.From(l.value)), float64(r.Total()))
	}
	return line
}

// ValueListFilter selects customers for a list by value. Zero fields select everything.
type ValueListFilter struct {
	// OrgUnit selects a unit and everything below it. It says what the whole is of which customers have a share.
	OrgUnit string
	Measure domain.ValueMeasure
	// Currency selects a main currency, KeyAccounts the candidates for key accounts.
	Currency    string
	KeyAccounts bool
	// Cursor continues after the page that returned it.
	Cursor string
	// Limit is the length of the page, 1 to 500. Default: 50.
	Limit int
}

// ValuePage is one page of customers with a purchase by value: by currency, the highest first.
type ValuePage struct {
	Items     []ValueLine          `json:"items"`
	Next      string               `json:"next,omitempty"`
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"-"`
}

// valueCursor is the place of the last customer of a page.
type valueCursor struct {
	Filter   uint64 `json:"f"`
	Currency string `json:"c"`
	Value    int64  `json:"v"`
	ID       string `json:"i"`
}

func (f *ValueListFilter) fingerprint() uint64 {
	return xxhash.Sum64String(fmt.Sprintf("value\x00%s\x00%s\x00%s\x00%t", f.OrgUnit, f.Measure, f.Currency, f.KeyAccounts))
}

// ValueList picks one page out of customers that come in any order. It keeps eight bytes for each customer, and the page.
type ValueList struct {
	filter ValueListFilter
	after  *valueCursor
	values map[string][]int64
	found  []leader
	limit  int
}

// NewValueList returns an empty list. Errors match ErrFilter.
func NewValueList(f ValueListFilter) (*ValueList, error) {
	limit, err := checkLimit(f.Limit)
	if err != nil {
		return nil, err
	}
	l := &ValueList{filter: f, limit: limit, values: make(map[string][]int64)}
	if f.Cursor == "" {
		return l, nil
	}
	l.after = new(valueCursor)
	b, err := base64.RawURLEncoding.DecodeString(f.Cursor)
	if err == nil {
		err = json.Unmarshal(b, l.after)
	}
	if err != nil || l.after.Filter != f.fingerprint() {
		return nil, fmt.Errorf("%w: cursor must come from a page with the same filter", ErrFilter)
	}
	return l, nil
}

// Add takes a customer into the page who belongs there, as of an instant that is not before the customer's time.
func (l *ValueList) Add(f *Fold, c *Customer, at domain.Instant) {
	t := &c.Trade
	if len(t.Days) == 0 || l.filter.Currency != "" && t.Main.Currency != l.filter.Currency {
		return
	}
	value := t.value(cmp.Or(l.filter.Measure, f.policy.Value.Measure))
	l.values[t.Main.Currency] = append(l.values[t.Main.Currency], value)
	if l.filter.KeyAccounts {
		year := t.year(domain.DateOf(at, f.location))
		if !year.keyAccount(&f.policy.Value.KeyAccount) {
			return
		}
	}
	x := leader{fold: f, value: value, at: at}
	x.customer.ID, x.customer.Trade.Main.Currency = c.ID, t.Main.Currency
	if l.after != nil && compareLeaders(&x, l.after.leader()) <= 0 {
		return
	}
	x.customer = *c
	if l.found = append(l.found, x); len(l.found) > 4*(l.limit+1) {
		l.trim()
	}
}

func (c *valueCursor) leader() *leader {
	x := &leader{value: c.Value}
	x.customer.ID, x.customer.Trade.Main.Currency = c.ID, c.Currency
	return x
}

func compareLeaders(a, b *leader) int {
	return cmp.Or(strings.Compare(a.currency(), b.currency()), cmp.Compare(b.value, a.value), strings.Compare(a.customer.ID, b.customer.ID))
}

// trim keeps the first customers of the page and one more, which shows that there is a next page.
func (l *ValueList) trim() {
	slices.SortFunc(l.found, func(a, b leader) int { return compareLeaders(&a, &b) })
	l.found = l.found[:min(len(l.found), l.limit+1)]
}

// Page returns the page.
func (l *ValueList) Page(at *Moment) *ValuePage {
	l.trim()
	p := &at.Policy.Value
	page := &ValuePage{Items: []ValueLine{}, AsOf: at.AsOf, Positions: at.Positions}
	rankings := make(map[string]ranked)
	for i := range l.found {
		x := &l.found[i]
		if i == l.limit {
			last := &l.found[i-1]
			page.Next = (&valueCursor{l.filter.fingerprint(), last.currency(), last.value, last.customer.ID}).String()
			break
		}
		r, known := rankings[x.currency()]
		if !known {
			r = rank(l.values[x.currency()], p)
			rankings[x.currency()] = r
		}
		page.Items = append(page.Items, x.line(&r, p))
	}
	return page
}

// String returns the opaque form of the cursor.
func (c *valueCursor) String() string {
	b, err := json.Marshal(c)
	if err != nil {
		return "" // strings and integers always marshal
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
