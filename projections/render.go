package projections

import (
	"encoding/json"

	"github.com/rapport-crm/rapport/domain"
)

// View returns the customer as of the given instant, with its moves so far. The caller adds positions.
func (f *Fold) View(c *Customer, moves []Move, at domain.Instant) *CustomerView {
	s, ahead := f.At(c, at)
	v := &CustomerView{
		ID: s.ID, Version: s.Events, AsOf: at, Stage: s.Lifecycle.Stage,
		Lifecycle: f.lifecycleView(&s), Profile: s.profileView(), Trade: f.tradeView(&s, at), Risk: f.RiskView(&s, at), Warning: s.warningView(at), Value: f.value(&s, at),
		Contacts: f.contactsView(s.Contacts, at), Satisfaction: s.Satisfaction.view(),
		Matters: orEmpty(s.Matters.Open), Complaints: s.complaintViews(at), Losses: s.lossViews(), Deadlines: s.deadlineViews(at), FirstEventAt: s.First, LastEventAt: s.Last, LateEvents: int64(s.Late),
		PolicyVersion: f.policy.Version, Parked: s.Parked,
	}
	v.Profile.Ownerships = s.Profile.Ownerships()
	v.Lifecycle.Moves = make([]Move, 0, len(moves)+len(ahead))
	v.Lifecycle.Moves = appendMoves(appendMoves(v.Lifecycle.Moves, moves), ahead)
	v.Lifecycle.Outlook = appendMoves([]Move{}, f.Outlook(&s))
	return v
}

// appendMoves appends moves without the customer, whom the view names already.
func appendMoves(dst, moves []Move) []Move {
	for _, m := range moves {
		m.Customer = ""
		m.Evidence = orEmpty(m.Evidence)
		dst = append(dst, m)
	}
	return dst
}

// Item returns the customer as a line of a list, as of the given instant.
func (f *Fold) Item(c *Customer, at domain.Instant) CustomerItem {
	s, _ := f.At(c, at)
	p := s.profileView()
	item := CustomerItem{
		ID: s.ID, Version: s.Events, Name: p.Name, OrgUnit: p.OrgUnit, Owners: p.Owners,
		Stage: s.Lifecycle.Stage, Since: s.Lifecycle.Since, Risk: s.Lifecycle.Risk, ValueClass: f.className(s.class), Purchases: s.Trade.Purchases, Sums: s.Trade.sums(),
		LastPurchaseAt: s.Trade.LastPurchase, LastEventAt: s.Last, OpenMatters: len(s.Matters.Open),
	}
	if s.Contacts != nil {
		item.LastContactAt = s.Contacts.Last.At
	}
	return item
}

func (f *Fold) lifecycleView(c *Customer) LifecycleView {
	l := &c.Lifecycle
	v := LifecycleView{
		Stage: l.Stage, Since: l.Since, StartedAt: c.First, Reason: l.Reason, Inferred: l.Inferred, WonBack: l.WonBack,
		Evidence: orEmpty(l.Evidence), Path: c.path(), RelationshipLevel: c.Contacts.Level(), Override: l.Override,
	}
	if l.rule != domain.StageTermination {
		v.EndedAt = l.Ended
	}
	return v
}

// path returns how far the customer has come on the acquisition path of LC-03. A customer is cared for once the firm
// was in touch after the relationship was signed.
func (c *Customer) path() string {
	signed := c.Trade.Purchases > 0 || c.Trade.Contracts > 0 || len(c.Trade.Subscriptions()) > 0 || c.Trade.Renewals > 0
	switch {
	case signed && c.Contacts != nil && c.Contacts.outSince > 0:
		return "cared_for"
	case signed:
		return "signed"
	case c.Profile != nil && c.Profile.Prospect:
		return "prospect"
	default:
		return "stranger"
	}
}

func (f *Fold) tradeView(c *Customer, at domain.Instant) TradeView {
	t := &c.Trade
	v := TradeView{
		Purchases: t.Purchases, Returns: t.Returns, Quantity: t.Quantity, Sums: t.sums(), Occasions: len(t.Days),
		FirstPurchaseAt: t.FirstPurchase, LastPurchaseAt: t.LastPurchase, Contracts: t.Contracts,
		Subscriptions: []string{}, Renewals: t.Renewals, Referrals: t.Referrals, Costs: []CostView{},
	}
	for _, s := range t.Subscriptions() {
		v.Subscriptions = append(v.Subscriptions, s.ID)
	}
	for _, s := range t.Costs() {
		v.Costs = append(v.Costs, CostView(s))
	}
	v.UsualGapDays = f.policy.Lifecycle.UsualGap(t.gaps()).Float()
	if n := len(t.Days); n > 1 {
		gap := int64(t.Days[n-1] - t.Days[n-2])
		v.LastGapDays = &gap
	}
	if t.LastPurchase != 0 {
		silence := float64(at-t.LastPurchase) / float64(domain.Day)
		v.SilenceDays = &silence
	}
	return v
}

func (t *Trade) sums() []CurrencyView {
	if t.Main.Currency == "" {
		return []CurrencyView{}
	}
	sums := []CurrencyView{{t.Main.Currency, t.Main.Purchased, t.Main.Returned}}
	for _, s := range t.Other() {
		sums = append(sums, CurrencyView{s.Currency, s.Purchased, s.Returned})
	}
	return sums
}

func (c *Customer) profileView() ProfileView {
	v := ProfileView{
		OrgUnit: c.OrgUnit(),
		Owners:  []string{}, Attributes: []AttributeView{}, Identifiers: []IdentifierView{}, Consents: []ConsentView{},
	}
	p := c.Profile
	if p == nil {
		return v
	}
	v.PartyType, v.Purpose, v.Name = p.PartyType, p.Purpose, p.Name
	v.Owners, v.Absorbed, v.ErasureRequested = orEmpty(p.Owners), p.Absorbed, p.ErasureRequested
	for _, a := range p.Attributes {
		v.Attributes = append(v.Attributes, AttributeView{a.Name, json.RawMessage(a.Value), a.Knowledge, a.At})
	}
	for _, n := range p.Identifiers {
		v.Identifiers = append(v.Identifiers, IdentifierView(n))
	}
	for _, n := range p.Consents {
		v.Consents = append(v.Consents, ConsentView(n))
	}
	return v
}

// orEmpty returns s, or an empty slice for nil, so that JSON shows a list.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
