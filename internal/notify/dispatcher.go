package notify

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// dispatcher sends what is due.
type dispatcher struct {
	store   Store
	roster  *roster
	options Options
	clocks  *clocks
	sender  sender
	settler *settler
	wake    chan struct{}
	// gather is how long the dispatcher waits for more when it was woken up: what comes meanwhile is claimed with one look at
	// the store.
	gather  time.Duration
	flights sync.WaitGroup

	mu        sync.Mutex
	endpoints map[string]*endpoint
	inFlight  int
}

func newDispatcher(store Store, r *roster, o Options, s sender) *dispatcher {
	p := &dispatcher{
		store: store, roster: r, options: o, clocks: newClocks(o), sender: s,
		wake: make(chan struct{}, 1), gather: gatherWakes, endpoints: make(map[string]*endpoint),
	}
	p.settler = &settler{store: store, options: o, settled: p.wakeUp}
	return p
}

// gatherWakes is the time for which a dispatcher gathers.
const gatherWakes = 2 * time.Millisecond

// wakeUp makes the dispatcher look for what is due before the next poll. It never blocks.
func (p *dispatcher) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run sends until ctx ends and returns when no request is in flight and the store knows what came of all.
func (p *dispatcher) run(ctx context.Context) {
	// Requests outlive ctx by the time to drain.
	flight, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	poll := time.NewTicker(p.options.Poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		if err := p.round(ctx, flight); err != nil && ctx.Err() == nil {
			p.options.Logger.LogAttrs(ctx, slog.LevelWarn, "webhook deliveries cannot be claimed", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
		case <-p.wake:
			pause(ctx, p.gather)
		case <-poll.C:
		}
	}
	drain := time.AfterFunc(p.options.Drain, cut)
	defer drain.Stop()
	p.flights.Wait()
	p.settler.wait()
}

// round begins as many requests as there is room for.
func (p *dispatcher) round(ctx, flight context.Context) error {
	now := instant(time.Now())
	due, err := p.store.Due(ctx, now)
	if err != nil || len(due) == 0 {
		return err
	}
	subscriptions, err := p.roster.current(ctx)
	if err != nil {
		return err
	}
	known := make(map[string]*Subscription, len(subscriptions))
	for i := range subscriptions {
		known[subscriptions[i].ID] = &subscriptions[i]
	}
	due = slices.DeleteFunc(due, func(id string) bool { return known[id] == nil || known[id].Disabled != "" || p.silent(known[id], now) })
	claims := p.claims(due, known, now)
	if len(claims) == 0 {
		return nil
	}
	claimed, err := p.store.Claim(ctx, claims, now, instant(time.Now().Add(p.options.lease())))
	if err != nil {
		return err
	}
	for _, d := range claimed {
		p.launch(flight, *known[d.Subscription], d)
	}
	return nil
}

// silent reports whether quiet hours hold everything there is for a subscription.
func (p *dispatcher) silent(s *Subscription, now time.Time) bool {
	return s.Quiet != nil && len(s.Quiet.Except) == 0 && !p.clocks.quietUntil(s, now).IsZero()
}

// claim returns what is asked for of a subscription: in quiet hours the levels that are spared.
func (p *dispatcher) claim(s *Subscription, limit int, now time.Time) Claim {
	c := Claim{Subscription: s.ID, Ordered: s.Ordered, Limit: limit}
	if !p.clocks.quietUntil(s, now).IsZero() {
		c.Levels = s.Quiet.Except
	}
	return c
}

// unsettledFor is how many outcomes may wait for the store, for each request that may be in flight.
const unsettledFor = 8

// claims returns how much may be asked for, the endpoints with the fewest requests in flight first, so that those which
// answer late do not take every place.
func (p *dispatcher) claims(due []string, known map[string]*Subscription, now time.Time) []Claim {
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortStableFunc(due, func(a, b string) int { return cmp.Compare(p.endpoint(a).inFlight, p.endpoint(b).inFlight) })
	// A store that is slow to take what came of requests slows those that follow.
	free := min(p.options.Concurrency-p.inFlight, unsettledFor*p.options.Concurrency-p.settler.unsettled())
	share := max(1, free/max(1, len(due)))
	var claims []Claim
	for _, id := range due {
		room := min(p.endpoint(id).room(now, p.options.PerEndpoint), share, free)
		if room > 0 {
			claims = append(claims, p.claim(known[id], room, now))
			free -= room
		}
	}
	return claims
}

// endpoint returns the state of an endpoint. The caller holds the lock.
func (p *dispatcher) endpoint(id string) *endpoint {
	e, ok := p.endpoints[id]
	if !ok {
		e = newEndpoint(id, p.options)
		p.endpoints[id] = e
	}
	return e
}

// condition returns what is known of an endpoint.
func (p *dispatcher) condition(s *Subscription) (c Condition) {
	quietUntil := p.clocks.quietUntil(s, time.Now())
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, known := p.endpoints[s.ID]; known {
		c = e.condition()
	}
	c.QuietUntil = quietUntil
	return c
}

// trust forgets that an endpoint failed or asked for a pause.
func (p *dispatcher) trust(id string) {
	p.mu.Lock()
	e := p.endpoint(id)
	e.breaker, e.pausedUntil = newBreaker(id, p.options), time.Time{}
	p.mu.Unlock()
	p.wakeUp()
}

// launch makes a request in the background.
func (p *dispatcher) launch(ctx context.Context, s Subscription, d Delivery) {
	p.mu.Lock()
	p.inFlight++
	end := p.endpoint(d.Subscription).begin()
	p.mu.Unlock()
	p.flights.Go(func() {
		a := p.sender.send(ctx, &s, &d)
		p.settler.add(p.outcome(ctx, &s, d, a))
		p.mu.Lock()
		p.inFlight--
		end(a)
		p.mu.Unlock()
		p.wakeUp()
	})
}

// outcome returns what is to be written down about a request.
func (p *dispatcher) outcome(flight context.Context, s *Subscription, d Delivery, a Attempt) outcome {
	if flight.Err() != nil && a.Error != "" {
		// The end of the program cut the request off, which is no failure of the receiver.
		d.NextAttempt = a.At
		return outcome{delivery: d, cut: true}
	}
	d.record(a)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(flight), storeGrace/2)
	defer cancel()
	p.decide(ctx, s, &d, a)
	return outcome{delivery: d}
}

// decide says how the delivery goes on after an attempt.
func (p *dispatcher) decide(ctx context.Context, s *Subscription, d *Delivery, a Attempt) {
	now := instant(time.Now())
	switch {
	case a.Error == "":
		d.finish(Delivered, "", now)
		return
	case a.Status == http.StatusGone:
		d.finish(Dead, ReasonGone, now)
		p.disable(ctx, d.Subscription, now)
		return
	}
	schedule := p.options.Schedule
	next, ok := schedule.next(p.clocks.windowEnd(s, d, schedule.Window), now, d.Tries, time.Duration(a.RetryAfterMS)*time.Millisecond)
	if ok {
		d.NextAttempt = next
		return
	}
	d.finish(Dead, ReasonExhausted, now)
	p.options.Logger.LogAttrs(ctx, slog.LevelWarn, "webhook delivery is dead",
		slog.String("subscription", d.Subscription), slog.String("delivery", d.ID), slog.String("last_error", a.Error))
}

// disable takes an endpoint that answered 410 out of use.
func (p *dispatcher) disable(ctx context.Context, id string, now time.Time) {
	_, err := p.store.Change(ctx, id, func(s *Subscription) error {
		if s.Disabled == "" {
			s.Disabled, s.DisabledAt = DisabledGone, now
		}
		return nil
	})
	p.roster.forget()
	if err != nil && !errors.Is(err, ErrNotFound) {
		p.options.Logger.LogAttrs(ctx, slog.LevelWarn, "webhook endpoint that is gone was not disabled",
			slog.String("subscription", id), slog.Any("error", err))
		return
	}
	p.options.Logger.LogAttrs(ctx, slog.LevelWarn, "webhook endpoint is gone and was disabled", slog.String("subscription", id))
}
