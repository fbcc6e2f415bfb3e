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
	options Options
	sender  sender
	wake    chan struct{}
	flights sync.WaitGroup

	mu        sync.Mutex
	endpoints map[string]*endpoint
	inFlight  int
}

func newDispatcher(store Store, o Options, s sender) *dispatcher {
	return &dispatcher{store: store, options: o, sender: s, wake: make(chan struct{}, 1), endpoints: make(map[string]*endpoint)}
}

// wakeUp makes the dispatcher look for what is due before the next poll. It never blocks.
func (p *dispatcher) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run sends until ctx ends and returns when no request is in flight.
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
		case <-poll.C:
		}
	}
	drain := time.AfterFunc(p.options.Drain, cut)
	defer drain.Stop()
	p.flights.Wait()
}

// round begins as many requests as there is room for.
func (p *dispatcher) round(ctx, flight context.Context) error {
	now := instant(time.Now())
	due, err := p.store.Due(ctx, now)
	if err != nil {
		return err
	}
	for _, id := range p.fairly(due) {
		room := p.room(id, now, len(due))
		if room == 0 {
			continue
		}
		s, err := p.store.Subscription(ctx, id)
		if errors.Is(err, ErrNotFound) || err == nil && s.Disabled != "" {
			continue
		}
		if err != nil {
			return err
		}
		claimed, err := p.store.Claim(ctx, Claim{
			Subscription: id, Ordered: s.Ordered, Now: now, Until: instant(time.Now().Add(p.options.lease())), Limit: room,
		})
		if err != nil {
			return err
		}
		for _, d := range claimed {
			p.launch(flight, s, d)
		}
	}
	return nil
}

// fairly returns the endpoints with the fewest requests in flight first, so that those which answer late do not take
// every place.
func (p *dispatcher) fairly(ids []string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(p.endpoint(a).inFlight, p.endpoint(b).inFlight) })
	return ids
}

// room returns the number of requests that may begin to an endpoint when that many endpoints have something due.
func (p *dispatcher) room(id string, now time.Time, due int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	free := p.options.Concurrency - p.inFlight
	share := max(1, free/due)
	return min(p.endpoint(id).room(now, p.options.PerEndpoint), share, max(0, free))
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

// launch makes a request in the background.
func (p *dispatcher) launch(ctx context.Context, s Subscription, d Delivery) {
	p.mu.Lock()
	p.inFlight++
	end := p.endpoint(d.Subscription).begin()
	p.mu.Unlock()
	p.flights.Go(func() {
		a := p.sender.send(ctx, &s, &d)
		p.settle(ctx, &d, a)
		p.mu.Lock()
		p.inFlight--
		end(a)
		p.mu.Unlock()
		p.wakeUp()
	})
}

// settle writes down what came of a request. When the store does not take it, the lease ends and the request is made
// again with the same id.
func (p *dispatcher) settle(flight context.Context, d *Delivery, a Attempt) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(flight), storeGrace/2)
	defer cancel()
	if flight.Err() != nil && a.Error != "" {
		// The end of the program cut the request off, which is no failure of the receiver.
		d.NextAttempt = a.At
	} else {
		d.record(a)
		p.decide(ctx, d, a)
	}
	if err := p.store.Settle(ctx, *d); err != nil {
		p.options.Logger.LogAttrs(ctx, slog.LevelWarn, "outcome of a webhook request was not kept",
			slog.String("delivery", d.ID), slog.Any("error", err))
		return
	}
	p.options.Attempted(*d)
}

// decide says how the delivery goes on after an attempt.
func (p *dispatcher) decide(ctx context.Context, d *Delivery, a Attempt) {
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
	next, ok := p.options.Schedule.next(d.WindowStart, now, d.Tries, time.Duration(a.RetryAfterMS)*time.Millisecond)
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
	if err != nil && !errors.Is(err, ErrNotFound) {
		p.options.Logger.LogAttrs(ctx, slog.LevelWarn, "webhook endpoint that is gone was not disabled",
			slog.String("subscription", id), slog.Any("error", err))
		return
	}
	p.options.Logger.LogAttrs(ctx, slog.LevelWarn, "webhook endpoint is gone and was disabled", slog.String("subscription", id))
}
