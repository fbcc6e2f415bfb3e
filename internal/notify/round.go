package notify

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// round begins as many requests as there is room for.
func (p *dispatcher) round(ctx, flight context.Context) error {
	subscriptions, err := p.roster.current(ctx)
	if err != nil {
		return err
	}
	now := instant(time.Now())
	quiet := p.clocks.quietNow(subscriptions, now)
	due, err := p.store.Due(ctx, now, quiet)
	if err != nil || len(due) == 0 {
		return err
	}
	known := make(map[string]*Subscription, len(subscriptions))
	for i := range subscriptions {
		known[subscriptions[i].ID] = &subscriptions[i]
	}
	due = slices.DeleteFunc(due, func(id string) bool { return known[id] == nil || known[id].Disabled != "" })
	// A claim may bring less than it asks for: order holds what is due, or another engine has it. The room that is left goes to
	// those that were not asked yet, or they would wait behind the same ones in every round.
	for len(due) > 0 {
		var claims []Claim
		if claims, due = p.claims(due, now); len(claims) == 0 {
			return nil
		}
		for i := range claims {
			claims[i].Ordered, claims[i].Levels = known[claims[i].Subscription].Ordered, quiet[claims[i].Subscription]
		}
		claimed, err := p.store.Claim(ctx, claims, now, instant(time.Now().Add(p.options.lease())))
		if err != nil {
			return err
		}
		for _, d := range claimed {
			p.launch(flight, *known[d.Subscription], d)
		}
	}
	return nil
}

// unsettledFor is how many outcomes may wait for the store, for each request that may be in flight.
const unsettledFor = 8

// claims returns how much may be asked for, and of whom nothing is asked because there is no room for more. The endpoints
// with the fewest requests in flight go first, so that those which answer late do not take every place.
func (p *dispatcher) claims(due []string, now time.Time) (claims []Claim, rest []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortStableFunc(due, func(a, b string) int { return cmp.Compare(p.endpoint(a).inFlight, p.endpoint(b).inFlight) })
	// A store that is slow to take what came of requests slows those that follow.
	free := min(p.options.Concurrency-p.inFlight, unsettledFor*p.options.Concurrency-p.settler.unsettled())
	share := max(1, free/len(due))
	for i, id := range due {
		if free <= 0 {
			return claims, due[i:]
		}
		if room := min(p.endpoint(id).room(now, p.options.PerEndpoint), share, free); room > 0 {
			claims = append(claims, Claim{Subscription: id, Limit: room})
			free -= room
		}
	}
	return claims, nil
}
