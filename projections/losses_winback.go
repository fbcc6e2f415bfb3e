package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// winBack is what was done to win a customer back. It starts with win_back.started, a contact, an offer or what was spent,
// whichever was first, but not before the loss.
type winBack struct {
	started domain.Instant
	// month is the calendar month of the first of them.
	month  domain.Month
	names  []string
	owner  string
	offers []winBackOffer
	// contacts counts visits and calls, contacted is when the first was made, through channel.
	contacts       int64
	contacted      domain.Instant
	channel        string
	apology, noted bool
	costs          []*lossStep
	closed         domain.Instant
	result         string
}

// winBackOffer is one offer.
type winBackOffer struct {
	step     *lossStep
	answer   lossStepKind
	answered domain.Instant
	reason   string
}

// accepted reports whether the customer took the offer.
func (o *winBackOffer) accepted() bool { return o.answer == stepAccepted }

// has reports whether the case or one of its offers has the name.
func (k *winBack) has(name string) bool {
	return slices.Contains(k.names, name) || slices.ContainsFunc(k.offers, func(o winBackOffer) bool { return o.step.isOffer(name) })
}

// isOffer reports whether the offer has the name, which is its own or that of its event.
func (s *lossStep) isOffer(name string) bool { return s.offer == name || s.event == name }

// take applies what was done to win the customer back after a loss at the given instant.
func (k *winBack) take(s *lossStep, lost domain.Instant) {
	if s.name != "" && !slices.Contains(k.names, s.name) {
		k.names = append(k.names, s.name)
	}
	switch s.kind {
	case stepStarted:
		if s.who != "" {
			k.owner = s.who
		}
		k.start(s, lost)
	case stepContacted:
		k.contacts++
		k.apology, k.noted = k.apology || s.yes == answerYes, k.noted || s.noted
		if k.contacted == 0 {
			k.contacted, k.channel = max(s.at, lost), s.what
		}
		k.start(s, lost)
	case stepOffered:
		k.offers = append(k.offers, winBackOffer{step: s})
		k.start(s, lost)
	case stepAccepted, stepDeclined:
		if o := k.offer(s.offer); o != nil {
			o.answer, o.answered, o.reason = s.kind, s.at, s.what
		}
	case stepClosed:
		k.closed, k.result = s.at, s.what
	}
}

func (k *winBack) spend(s *lossStep, lost domain.Instant) {
	k.costs = append(k.costs, s)
	k.start(s, lost)
}

func (k *winBack) start(s *lossStep, lost domain.Instant) {
	if k.started == 0 {
		k.started, k.month = max(s.at, lost), s.month
	}
}

// offer returns the offer of that name; without a name the newest that was not answered, or else the newest. It is nil when
// there is none.
func (k *winBack) offer(name string) *winBackOffer {
	var newest *winBackOffer
	for i := range k.offers {
		o := &k.offers[i]
		switch {
		case name != "" && o.step.isOffer(name):
			return o
		case name == "" && (newest == nil || o.answered == 0 || newest.answered != 0):
			newest = o
		}
	}
	return newest
}

// WinBackOutcome says whether winning a customer back succeeded.
type WinBackOutcome string

// The outcomes of winning a customer back.
const (
	// WinBackNone says that nobody tried.
	WinBackNone WinBackOutcome = "none"
	// WinBackRunning says that the window of success is open.
	WinBackRunning WinBackOutcome = "running"
	// WinBackSucceeded says that the customer bought within the window.
	WinBackSucceeded WinBackOutcome = "succeeded"
	// WinBackFailed says that the window closed without a purchase.
	WinBackFailed WinBackOutcome = "failed"
	// WinBackMoot says that the customer was back before anybody tried.
	WinBackMoot WinBackOutcome = "moot"
)

// windowEnd returns when the window of success ends, zero when nobody tried.
func (l *loss) windowEnd() domain.Instant {
	if l.campaign.started == 0 {
		return 0
	}
	return l.campaign.started + l.opening.window
}

func (l *loss) outcome() WinBackOutcome {
	switch end := l.windowEnd(); {
	case end == 0:
		return WinBackNone
	case l.ended != 0 && l.ended < l.campaign.started:
		return WinBackMoot
	case slices.ContainsFunc(l.purchases, func(s *lossStep) bool { return s.kind == stepBought && l.inWindow(s.at) }):
		return WinBackSucceeded
	case end <= l.settled:
		return WinBackFailed
	default:
		return WinBackRunning
	}
}

func (l *loss) inWindow(at domain.Instant) bool {
	return at >= l.campaign.started && at < l.windowEnd()
}

// revenue returns what a customer who was won back paid within the window, less what was given back, by currency.
func (l *loss) revenue() []CurrencyAmount {
	sums := l.inWindowOf(stepBought)
	for _, a := range l.inWindowOf(stepGaveBack) {
		sums = addAmount(sums, a.Currency, -a.Minor)
	}
	return sums
}

// inWindowOf returns what was paid, or given back, within the window by a customer who was won back, by currency.
func (l *loss) inWindowOf(kind lossStepKind) (sums []CurrencyAmount) {
	if l.outcome() != WinBackSucceeded {
		return nil
	}
	for _, s := range l.purchases {
		if s.kind == kind && l.inWindow(s.at) {
			sums = addAmount(sums, s.currency, s.minor)
		}
	}
	return sums
}

// cost returns what winning the customer back cost, by currency: what was spent, and what the offers cost that the customer
// took. What was spent on an offer stands in the place of what it was to cost.
func (l *loss) cost() []CurrencyAmount {
	var sums []CurrencyAmount
	for _, s := range l.campaign.costs {
		sums = addAmount(sums, s.currency, s.minor)
	}
	for i := range l.campaign.offers {
		o := &l.campaign.offers[i]
		spent := slices.ContainsFunc(l.campaign.costs, func(s *lossStep) bool { return s.name != "" && o.step.isOffer(s.name) })
		if o.accepted() && !spent && o.step.currency != "" {
			sums = addAmount(sums, o.step.currency, o.step.minor)
		}
	}
	return sums
}
