package notify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
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
