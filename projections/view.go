package projections

import (
	"encoding/json"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// CustomerView is one customer as people see it. Its JSON form is part of the public contract.
type CustomerView struct {
	ID      string         `json:"id"`
	Version int64          `json:"version"`
	AsOf    domain.Instant `json:"as_of"`
	// Position is where the newest accepted record of the customer is.
	Position  eventstore.Position  `json:"position"`
	Positions eventstore.Positions `json:"positions"`

	Lifecycle LifecycleView `json:"lifecycle"`
	Profile   ProfileView   `json:"profile"`
	Trade     TradeView     `json:"trade"`
	Contacts  ContactsView  `json:"contacts"`
	Matters   []Matter      `json:"open_matters"`

	FirstEventAt  domain.Instant `json:"first_event_at"`
	LastEventAt   domain.Instant `json:"last_event_at"`
	LateEvents    int64          `json:"late_events"`
	PolicyVersion string         `json:"policy_version"`
}

// LifecycleView is a customer's stage with its reason, how it came about and what silence will bring.
type LifecycleView struct {
	Stage domain.Stage   `json:"stage"`
	Since domain.Instant `json:"since"`
	// StartedAt is the beginning of the lifecycle: the earliest thing known of customer and firm (LC-01).
	StartedAt domain.Instant `json:"started_at"`
	Reason    Reason         `json:"reason"`
	Inferred  bool           `json:"inferred"`
	WonBack   bool           `json:"won_back"`
	Evidence  []string       `json:"evidence"`
	// Path is the acquisition path of LC-03: stranger, prospect, signed, cared_for.
	Path string `json:"path"`
	// RelationshipLevel is 1 to 5 (LC-07).
	RelationshipLevel int `json:"relationship_level"`
	// EndedAt is when the relationship was reported to have ended while matters are open.
	EndedAt  domain.Instant `json:"ended_unsettled_at,omitzero"`
	Override *Override      `json:"override,omitempty"`
	Moves    []Move         `json:"moves"`
	// Outlook are the moves that silence alone would bring.
	Outlook []Move `json:"outlook"`
}

// ProfileView is who the customer is.
type ProfileView struct {
	PartyType        string           `json:"party_type,omitempty"`
	Purpose          string           `json:"purpose,omitempty"`
	Name             string           `json:"name,omitempty"`
	OrgUnit          string           `json:"org_unit,omitempty"`
	Owners           []string         `json:"owners"`
	Attributes       []AttributeView  `json:"attributes"`
	Identifiers      []IdentifierView `json:"identifiers"`
	Consents         []ConsentView    `json:"consents"`
	Absorbed         []string         `json:"absorbed,omitempty"`
	ErasureRequested domain.Instant   `json:"erasure_requested_at,omitzero"`
}

// AttributeView is one fact about a customer.
type AttributeView struct {
	Name      string          `json:"name"`
	Value     json.RawMessage `json:"value"`
	Knowledge string          `json:"knowledge"`
	At        domain.Instant  `json:"at"`
}

// IdentifierView is a name of the customer in another scheme.
type IdentifierView struct {
	Scheme string `json:"scheme"`
	Value  string `json:"value"`
}

// ConsentView says whether data may be used for a purpose.
type ConsentView struct {
	Purpose string         `json:"purpose"`
	Given   bool           `json:"given"`
	At      domain.Instant `json:"at"`
}

// TradeView is what the customer bought. Sums are in minor units; gaps and silence are in days.
type TradeView struct {
	Purchases       int64          `json:"purchases"`
	Returns         int64          `json:"returns"`
	Quantity        int64          `json:"quantity"`
	Sums            []CurrencyView `json:"sums"`
	Occasions       int            `json:"occasions"`
	FirstPurchaseAt domain.Instant `json:"first_purchase_at"`
	LastPurchaseAt  domain.Instant `json:"last_purchase_at"`
	// UsualGapDays is the usual gap of LC-02, LastGapDays the last one between two occasions (SV-04).
	UsualGapDays  float64    `json:"usual_gap_days"`
	LastGapDays   *int64     `json:"last_gap_days"`
	SilenceDays   *float64   `json:"silence_days"`
	Contracts     int32      `json:"contracts"`
	Subscriptions []string   `json:"subscriptions"`
	Renewals      int32      `json:"renewals"`
	Referrals     int32      `json:"referrals"`
	Costs         []CostView `json:"costs"`
}

// CurrencyView sums the trade in one currency.
type CurrencyView struct {
	Currency       string `json:"currency"`
	PurchasedMinor int64  `json:"purchased_minor"`
	ReturnedMinor  int64  `json:"returned_minor"`
}

// CostView sums the costs of one kind.
type CostView struct {
	Kind     string `json:"kind"`
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
}

// ContactsView is who was in touch with whom.
type ContactsView struct {
	Inbound        int64          `json:"inbound"`
	Outbound       int64          `json:"outbound"`
	Attempts       int64          `json:"attempts"`
	LastInboundAt  domain.Instant `json:"last_inbound_at"`
	LastOutboundAt domain.Instant `json:"last_outbound_at"`
	Last           *Contact       `json:"last"`
}

// CustomerItem is one line of a list of customers.
type CustomerItem struct {
	ID             string         `json:"id"`
	Version        int64          `json:"version"`
	Name           string         `json:"name,omitempty"`
	OrgUnit        string         `json:"org_unit,omitempty"`
	Owners         []string       `json:"owners"`
	Stage          domain.Stage   `json:"stage"`
	Since          domain.Instant `json:"since"`
	Purchases      int64          `json:"purchases"`
	Sums           []CurrencyView `json:"sums"`
	LastPurchaseAt domain.Instant `json:"last_purchase_at"`
	LastContactAt  domain.Instant `json:"last_contact_at"`
	LastEventAt    domain.Instant `json:"last_event_at"`
	OpenMatters    int            `json:"open_matters"`
}

// View returns the customer as of the given instant, with its moves so far. The caller adds positions.
func (f *Fold) View(c *Customer, moves []Move, at domain.Instant) *CustomerView {
	s, ahead := f.At(c, at)
	v := &CustomerView{
		ID: s.ID, Version: s.Events, AsOf: at,
		Lifecycle: f.lifecycleView(&s), Profile: s.profileView(), Trade: f.tradeView(&s, at), Contacts: s.Contacts.view(),
		Matters: orEmpty(s.Matters.Open), FirstEventAt: s.First, LastEventAt: s.Last, LateEvents: s.Late,
		PolicyVersion: f.policy.Version,
	}
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
		Stage: s.Lifecycle.Stage, Since: s.Lifecycle.Since, Purchases: s.Trade.Purchases, Sums: s.Trade.sums(),
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
	signed := c.Trade.Purchases > 0 || c.Trade.Contracts > 0 || len(c.Trade.Subscriptions) > 0 || c.Trade.Renewals > 0
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
		Subscriptions: orEmpty(t.Subscriptions), Renewals: t.Renewals, Referrals: t.Referrals, Costs: []CostView{},
	}
	for _, s := range t.Costs {
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
	for _, s := range t.Other {
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

func (k *Contacts) view() ContactsView {
	if k == nil {
		return ContactsView{}
	}
	v := ContactsView{
		Inbound: k.Inbound, Outbound: k.Outbound, Attempts: k.Attempts,
		LastInboundAt: k.LastInbound, LastOutboundAt: k.LastOutbound,
	}
	if k.Last.At != 0 {
		last := k.Last
		v.Last = &last
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
