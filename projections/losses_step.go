package projections

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain"
)

// lossStepKind is a kind of step in the story of a loss. At one instant the order of the kinds holds.
type lossStepKind uint8

// The kinds of steps. Their order is part of the coded state.
const (
	// stepDebt is a bad debt, which belongs to all losses of the customer.
	stepDebt lossStepKind = iota
	// stepLost and stepInferred begin a loss.
	stepLost
	stepInferred
	stepCause
	stepDecided
	stepStarted
	stepContacted
	stepOffered
	stepAccepted
	stepDeclined
	stepSpent
	// stepBought, stepReturned and stepSigned are signs of life, which end a loss.
	stepBought
	stepReturned
	stepSigned
	stepGaveBack
	stepClosed
	stepEnded
)

// signOfLife reports whether steps of the kind show that the relationship goes on.
func (k lossStepKind) signOfLife() bool {
	return k == stepBought || k == stepReturned || k == stepSigned
}

// lossStep is one step. name is the id of the win-back case that it names. What its other words mean depends on the kind:
//
//	lost         what: the nature; also: the competitor
//	inferred     what: the event with which the silence began
//	cause        what: the cause
//	decided      what: the decision; also: the reason
//	started      who: the owner
//	contacted    who: the employee; what: the channel; yes: apologised; noted: what was said is known
//	offered      offer; what: the terms; minor, currency: what it costs
//	accepted     offer
//	declined     offer; what: the reason
//	spent        what: the kind of cost; minor, currency; name: the case or offer it was spent on
//	bought       minor, currency
//	signed       what: the type of the event
//	gave back    minor, currency
//	closed       what: the result
//	ended        what: the reason
type lossStep struct {
	kind     lossStepKind
	yes      answer
	noted    bool
	month    domain.Month
	at       domain.Instant
	until    domain.Instant
	event    string
	name     string
	offer    string
	who      string
	what     string
	also     string
	minor    int64
	currency string
	// opening is what is known of the customer at the beginning of a loss, nil for other steps.
	opening *lossOpening
}

// lossOpening is what was known of the customer when a loss was recorded. It is never changed.
type lossOpening struct {
	// unit is the organisation unit that had the customer, product what the customer had bought last.
	unit, product string
	// worth is what the customer had paid less what was given back, by currency; occasions are the purchase occasions.
	worth     []CurrencyAmount
	occasions int64
	// silentSince is when the silence began from which the loss was inferred.
	silentSince domain.Instant
	// window is the time after the start of a case within which a purchase makes it a success.
	window domain.Instant
}

// CurrencyAmount is an amount in minor units of a currency.
type CurrencyAmount struct {
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
}

// addAmount returns the sums, which are in the order of the currencies, with an amount added. The caller owns the sums.
func addAmount(sums []CurrencyAmount, currency string, minor int64) []CurrencyAmount {
	i, found := slices.BinarySearchFunc(sums, currency, func(a CurrencyAmount, currency string) int {
		return strings.Compare(a.Currency, currency)
	})
	if !found {
		sums = slices.Insert(sums, i, CurrencyAmount{Currency: strings.Clone(currency)})
	}
	sums[i].Minor = domain.AddMinor(sums[i].Minor, minor)
	return sums
}

// lossStepOf returns the step that an event is, nil for an event that is none. The words borrow from the event.
func lossStepOf(e *Entry) *lossStep {
	switch d := e.Data.(type) {
	case *domain.PurchaseRecorded:
		return &lossStep{kind: stepBought, minor: d.Amount.Minor, currency: d.Amount.Currency}
	case *domain.PurchaseReturned:
		return &lossStep{kind: stepGaveBack, minor: d.Amount.Minor, currency: d.Amount.Currency}
	case *domain.ContractSigned, *domain.SubscriptionStarted, *domain.SubscriptionRenewed:
		return &lossStep{kind: stepSigned, what: e.Event.Type}
	case *domain.CustomerReturned:
		return &lossStep{kind: stepReturned}
	case *domain.CustomerLost:
		return &lossStep{kind: stepLost, what: string(d.Nature), also: d.Competitor}
	case *domain.ChurnCauseDetermined:
		return &lossStep{kind: stepCause, what: string(d.Cause)}
	case *domain.RelationshipEnded:
		return &lossStep{kind: stepEnded, what: d.Reason}
	case *domain.BadDebtBooked:
		return &lossStep{kind: stepDebt}
	default:
		return winBackStepOf(e)
	}
}

// winBackStepOf is lossStepOf for what is done to win the customer back.
func winBackStepOf(e *Entry) *lossStep {
	switch d := e.Data.(type) {
	case *domain.WinBackDecided:
		return &lossStep{kind: stepDecided, what: string(d.Decision), also: d.Reason}
	case *domain.WinBackStarted:
		return &lossStep{kind: stepStarted, name: d.WinBackID, who: d.Owner}
	case *domain.WinBackContactMade:
		return &lossStep{
			kind: stepContacted, name: d.WinBackID, who: d.Employee, what: string(d.Channel), yes: answerOf(d.Apology), noted: d.Note != "",
		}
	case *domain.WinBackOfferMade:
		s := &lossStep{kind: stepOffered, name: d.WinBackID, offer: d.OfferID, what: d.Terms, until: d.ExpiresAt}
		if d.Cost != nil {
			s.minor, s.currency = d.Cost.Minor, d.Cost.Currency
		}
		return s
	case *domain.WinBackOfferAccepted:
		return &lossStep{kind: stepAccepted, name: d.WinBackID, offer: d.OfferID}
	case *domain.WinBackOfferDeclined:
		return &lossStep{kind: stepDeclined, name: d.WinBackID, offer: d.OfferID, what: d.Reason}
	case *domain.WinBackClosed:
		return &lossStep{kind: stepClosed, name: d.WinBackID, what: d.Result}
	case *domain.CostAttributed:
		if d.Kind == domain.CostWinBack {
			return &lossStep{kind: stepSpent, name: d.Of, what: string(d.Kind), minor: d.Amount.Minor, currency: d.Amount.Currency}
		}
	case *domain.CompensationGiven:
		if d.ComplaintID == "" && d.Amount != nil {
			return &lossStep{kind: stepSpent, what: string(domain.CostCompensation), minor: d.Amount.Minor, currency: d.Amount.Currency}
		}
	}
	return nil
}

// signed returns the amount of a purchase, or minus that of a return of goods.
func (s *lossStep) signed() int64 {
	if s.kind == stepGaveBack {
		return -s.minor
	}
	return s.minor
}

// compare orders steps by time, those of one instant by kind and event.
func (s *lossStep) compare(o *lossStep) int {
	return cmp.Or(cmp.Compare(s.at, o.at), cmp.Compare(s.kind, o.kind), strings.Compare(s.event, o.event))
}

// mostReason is the greatest number of bytes of a reason that is kept: reasons are free text.
const mostReason = 240

// keep gives the step its name, its month and memory of its own.
func (s *lossStep) keep(e *Entry, month domain.Month) {
	s.event, s.month = e.id(), month
	for _, word := range s.words() {
		*word = strings.Clone(cut(*word, mostReason))
	}
	if o := s.opening; o != nil {
		o.unit = strings.Clone(o.unit)
	}
}

func (s *lossStep) words() [6]*string {
	return [...]*string{&s.name, &s.offer, &s.who, &s.what, &s.also, &s.currency}
}

// cut returns the text, or as many whole characters of it as fit into so many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

func codeLossStep(k *coder, s *lossStep) {
	number(k, &s.kind)
	number(k, &s.yes)
	k.bool(&s.noted)
	number(k, &s.month)
	k.instant(&s.at)
	k.instant(&s.until)
	k.string(&s.event)
	for _, word := range s.words() {
		k.string(word)
	}
	k.int(&s.minor)
	optional(k, &s.opening, codeLossOpening)
	if s.opening == nil && (s.kind == stepLost || s.kind == stepInferred) {
		k.failed = true
	}
}

func codeLossOpening(k *coder, o *lossOpening) {
	k.string(&o.unit)
	k.string(&o.product)
	list(k, &o.worth, codeCurrencyAmount)
	k.int(&o.occasions)
	k.instant(&o.silentSince)
	k.instant(&o.window)
}

func codeCurrencyAmount(k *coder, a *CurrencyAmount) {
	k.string(&a.Currency)
	k.int(&a.Minor)
}
