package training

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/projections"
)

// keepsSubscriptions reports whether a model is about subscriptions.
func keepsSubscriptions(model string) bool {
	return model == customerbase.NameSBG || model == NameKaplanMeier
}

// subscriptionBook keeps what happened to subscriptions, which the states of customers do not. It is safe for concurrent use.
type subscriptionBook struct {
	mu sync.Mutex
	// events are by the id of the event: an event that is seen twice counts once.
	events map[string]subscriptionEvent
}

// subscriptionEvent is what happened to one subscription.
type subscriptionEvent struct {
	customer, subscription, product string
	at                              domain.Instant
	ends                            bool
}

func newSubscriptionBook() *subscriptionBook {
	return &subscriptionBook{events: make(map[string]subscriptionEvent)}
}

// enter keeps an event when it is about a subscription.
func (b *subscriptionBook) enter(c *projections.Customer, e *projections.Entry) {
	x := subscriptionEvent{customer: c.ID, at: e.Event.Time}
	switch d := e.Data.(type) {
	case *domain.SubscriptionStarted:
		x.subscription, x.product = strings.Clone(d.SubscriptionID), strings.Clone(d.Product)
	case *domain.SubscriptionRenewed:
		x.subscription = strings.Clone(d.SubscriptionID)
	case *domain.SubscriptionCancelled:
		x.subscription, x.ends = strings.Clone(d.SubscriptionID), true
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events[x.customer+"\x00"+e.Event.ID] = x
}

// run is one run of a subscription: from its start to its cancellation, or to the moment when it was not cancelled.
type run struct {
	product  string
	from, to domain.Instant
	ended    bool
}

// runs returns the runs of all subscriptions up to an instant. One that is renewed although no start is known began with the
// renewal; a cancellation from before the start ends nothing.
func (b *subscriptionBook) runs(until domain.Instant) []run {
	events := make([]subscriptionEvent, 0, len(b.events))
	for _, e := range b.events {
		events = append(events, e)
	}
	slices.SortFunc(events, func(x, y subscriptionEvent) int {
		return cmp.Or(strings.Compare(x.customer, y.customer), strings.Compare(x.subscription, y.subscription),
			cmp.Compare(x.at, y.at), compareBool(x.ends, y.ends), strings.Compare(x.product, y.product))
	})
	var runs []run
	open := false
	for i, e := range events {
		if i > 0 && (e.customer != events[i-1].customer || e.subscription != events[i-1].subscription) {
			open = false
		}
		switch {
		case !e.ends && !open:
			runs, open = append(runs, run{product: e.product, from: e.at, to: until}), true
		case e.ends && open:
			last := &runs[len(runs)-1]
			last.to, last.ended, open = e.at, true, false
		}
	}
	return runs
}

// compareBool orders false before true.
func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

// months returns the whole calendar months from one day to another, and whether days are left over.
func months(from, to domain.Date) (whole int, rest bool) {
	a, b := from.Time(), to.Time()
	whole = (b.Year()-a.Year())*12 + int(b.Month()) - int(a.Month())
	if b.Day() < a.Day() {
		whole--
		return whole, true
	}
	return whole, b.Day() > a.Day()
}
