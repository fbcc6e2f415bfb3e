package projections

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// LossDetail is what is known of a loss beyond its case: the Detail of a case of kind CaseLoss. Its JSON form is part of the
// public contract. What is not known is null or left out.
type LossDetail struct {
	// Inferred says that nobody reported the loss: silence did. ReportedAt is when it was reported to have happened,
	// SilentSince when the silence began.
	Inferred    bool           `json:"inferred"`
	ReportedAt  domain.Instant `json:"reported_at,omitzero"`
	SilentSince domain.Instant `json:"silent_since,omitzero"`
	Nature      string         `json:"nature,omitempty"`
	Competitor  string         `json:"competitor,omitempty"`
	// Side is that of the cause, which is the topic of the case.
	Cause   string         `json:"cause,omitempty"`
	Side    string         `json:"side,omitempty"`
	CauseAt domain.Instant `json:"cause_at,omitzero"`
	// Product is what the customer had bought last, Worth what the customer had paid until the loss, less what was given back.
	Product   string           `json:"product,omitempty"`
	Worth     []CurrencyAmount `json:"worth"`
	Occasions int64            `json:"occasions"`
	// BadDebt says that the customer left an invoice unpaid.
	BadDebt bool `json:"bad_debt"`
	// Decision is recover or let_go, empty before it is decided.
	Decision  string         `json:"decision,omitempty"`
	DecidedAt domain.Instant `json:"decided_at,omitzero"`
	Reason    string         `json:"reason,omitempty"`
	// RelationshipEndedAt is when the relationship was reported to have ended.
	RelationshipEndedAt domain.Instant `json:"relationship_ended_at,omitzero"`
	// ReturnedBy is the event with which the customer came back.
	ReturnedBy string         `json:"returned_by,omitempty"`
	Outcome    WinBackOutcome `json:"outcome"`
	// WinBack is what was done to win the customer back, null when nobody tried.
	WinBack *WinBackView `json:"win_back"`
}

// WinBackView is what was done to win a customer back.
type WinBackView struct {
	IDs          []string       `json:"ids"`
	StartedAt    domain.Instant `json:"started_at"`
	WindowEndsAt domain.Instant `json:"window_ends_at"`
	Owner        string         `json:"owner,omitempty"`
	// DelaySeconds is the time from the loss to the first contact, null before it.
	DelaySeconds *float64          `json:"delay_seconds"`
	Contacts     int64             `json:"contacts"`
	Channel      string            `json:"channel,omitempty"`
	Offers       []WinBackOffer    `json:"offers"`
	Cost         []CurrencyAmount  `json:"cost"`
	Revenue      []CurrencyAmount  `json:"revenue"`
	Steps        []WinBackStepDone `json:"steps"`
	ClosedAt     domain.Instant    `json:"closed_at,omitzero"`
	Result       string            `json:"result,omitempty"`
}

// WinBackOffer is an offer to a lost customer. Accepted is null while there is no answer.
type WinBackOffer struct {
	ID         string          `json:"id"`
	Terms      string          `json:"terms,omitempty"`
	Cost       *CurrencyAmount `json:"cost"`
	MadeAt     domain.Instant  `json:"made_at"`
	ExpiresAt  domain.Instant  `json:"expires_at,omitzero"`
	Accepted   *bool           `json:"accepted"`
	AnsweredAt domain.Instant  `json:"answered_at,omitzero"`
	Reason     string          `json:"reason,omitempty"`
}

// WinBackStepDone is one of the steps of a visit to a lost customer (CHN-13) that the events show.
type WinBackStepDone string

// The steps of a visit: the customer was contacted, heard an apology, was listened to (what was said is written down), got
// something for the trouble, was made an offer, and agreed to it.
const (
	WinBackStepContacted  WinBackStepDone = "contacted"
	WinBackStepApologised WinBackStepDone = "apologised"
	WinBackStepListened   WinBackStepDone = "listened"
	WinBackStepGoodwill   WinBackStepDone = "goodwill"
	WinBackStepOffered    WinBackStepDone = "offered"
	WinBackStepAgreed     WinBackStepDone = "agreed"
)

// WinBackSteps returns the steps of a visit to a lost customer in their order.
func WinBackSteps() []WinBackStepDone {
	return []WinBackStepDone{
		WinBackStepContacted, WinBackStepApologised, WinBackStepListened, WinBackStepGoodwill, WinBackStepOffered, WinBackStepAgreed,
	}
}

// Loss returns the detail of a case of kind CaseLoss.
func (c *Case) Loss() (*LossDetail, error) {
	d := new(LossDetail)
	if err := json.Unmarshal(c.Detail, d); err != nil {
		return nil, fmt.Errorf("read loss %s of customer %s: %w", c.ID, c.Customer, err)
	}
	return d, nil
}

// losses returns the losses as cases. A loss is due when the window of success ends, as long as the
// customer is still to be won back.
func (r *Risk) losses() []Case {
	if r == nil || r.Losses == nil {
		return nil
	}
	var cases []Case
	for _, l := range walkLosses(r.Losses.steps, r.Losses.settled) {
		detail, err := json.Marshal(l.detail())
		if err != nil {
			panic("projections: the detail of a loss is no JSON: " + err.Error()) // it holds texts, numbers and times only
		}
		x := Case{
			ID: l.id, OrgUnit: l.opening.unit, Holder: l.campaign.owner, Topic: l.cause, Opened: l.at, Ended: l.ended, Detail: detail,
		}
		if l.toDo() {
			x.Due = l.windowEnd()
		}
		cases = append(cases, x)
	}
	return cases
}

// toDo reports whether the customer is still to be won back.
func (l *loss) toDo() bool {
	o := l.outcome()
	return (o == WinBackRunning || o == WinBackFailed) && l.campaign.closed == 0 && l.relationship == 0 &&
		l.decision != string(domain.DecisionLetGo)
}

// detail returns what people see of the loss.
func (l *loss) detail() *LossDetail {
	d := &LossDetail{
		Inferred: l.inferred, ReportedAt: l.reported, SilentSince: l.silentSince, Nature: l.nature, Competitor: l.competitor,
		Cause: l.cause, Side: string(domain.ChurnCause(l.cause).Side()), CauseAt: l.causeAt,
		Product: l.opening.product, Worth: orEmpty(l.opening.worth), Occasions: l.opening.occasions, BadDebt: l.debt,
		Decision: l.decision, DecidedAt: l.decided, Reason: l.reason, RelationshipEndedAt: l.relationship, ReturnedBy: l.endedBy,
		Outcome: l.outcome(),
	}
	if l.campaign.started != 0 {
		d.WinBack = l.winBackView()
	}
	return d
}

func (l *loss) winBackView() *WinBackView {
	k := &l.campaign
	v := &WinBackView{
		IDs: orEmpty(k.names), StartedAt: k.started, WindowEndsAt: l.windowEnd(), Owner: k.owner, Contacts: k.contacts, Channel: k.channel,
		Offers: make([]WinBackOffer, len(k.offers)), Cost: orEmpty(l.cost()), Revenue: orEmpty(l.revenue()), Steps: []WinBackStepDone{},
		ClosedAt: k.closed, Result: k.result,
	}
	if k.contacted != 0 {
		v.DelaySeconds = new(seconds(k.contacted - l.at))
	}
	for i := range k.offers {
		v.Offers[i] = k.offers[i].view()
	}
	done := []bool{k.contacts > 0, k.apology, k.noted, k.goodwill(), len(k.offers) > 0, k.accepted() > 0}
	for i, step := range WinBackSteps() {
		if done[i] {
			v.Steps = append(v.Steps, step)
		}
	}
	return v
}

// goodwill reports whether something was given to make up for what went wrong.
func (k *winBack) goodwill() bool {
	return slices.ContainsFunc(k.costs, func(s *lossStep) bool { return s.what == string(domain.CostCompensation) })
}

func (o *winBackOffer) view() WinBackOffer {
	s := o.step
	v := WinBackOffer{
		ID: s.offer, Terms: s.what, MadeAt: s.at, ExpiresAt: s.until, AnsweredAt: o.answered, Reason: o.reason,
	}
	if v.ID == "" {
		v.ID = s.event
	}
	if s.currency != "" {
		v.Cost = &CurrencyAmount{Currency: s.currency, Minor: s.minor}
	}
	if o.answered != 0 {
		v.Accepted = new(o.accepted())
	}
	return v
}
