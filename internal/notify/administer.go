package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ErrFull means that there are as many subscriptions as Options.MaxSubscriptions allows.
var ErrFull = errors.New("there are as many subscriptions as there may be")

// Subscribe adds a subscription with a new id and a first secret and returns it. The error is a *Faulty when it breaks
// rules, and wraps ErrFull when there are too many. The outputs that are published from then on are for it.
func (d *Deliverer) Subscribe(ctx context.Context, s Subscription) (Subscription, error) {
	if err := s.validate(d.options); err != nil {
		return Subscription{}, err
	}
	others, err := d.store.Subscriptions(ctx)
	if err != nil {
		return Subscription{}, fmt.Errorf("subscribe: %w", err)
	}
	if len(others) >= d.options.MaxSubscriptions {
		return Subscription{}, fmt.Errorf("subscribe: %w", ErrFull)
	}
	now := instant(time.Now())
	// Ids in the order of time; there are always random numbers.
	s.ID, s.CreatedAt, s.Secrets = uuid.Must(uuid.NewV7()).String(), now, []Secret{{Key: NewKey(), CreatedAt: now}}
	if err := d.store.Subscribe(ctx, s); err != nil {
		return Subscription{}, err
	}
	d.roster.forget()
	return s, nil
}

// Edit lets f change what a subscription asks for and returns what became of it. The error is a *Faulty when it breaks
// rules then, and what f returns; nothing changes in both cases. f must not call the deliverer.
func (d *Deliverer) Edit(ctx context.Context, id string, f func(*Subscription) error) (Subscription, error) {
	return d.change(ctx, id, func(s *Subscription) error {
		if err := f(s); err != nil {
			return err
		}
		return s.validate(d.options)
	})
}

// Rotate gives a subscription a new secret, the first one of what it returns; see Subscription.Rotate.
func (d *Deliverer) Rotate(ctx context.Context, id string, overlap time.Duration) (Subscription, error) {
	return d.change(ctx, id, func(s *Subscription) error {
		s.Rotate(instant(time.Now()), overlap)
		return nil
	})
}

// Enable takes an endpoint into use again, also one that this engine leaves alone because it failed or asked for a pause.
func (d *Deliverer) Enable(ctx context.Context, id string) (Subscription, error) {
	s, err := d.change(ctx, id, func(s *Subscription) error {
		s.Disabled, s.DisabledAt = "", time.Time{}
		return nil
	})
	if err == nil {
		d.dispatcher.trust(id)
	}
	return s, err
}

// Disable sends nothing to an endpoint until it is enabled. What is pending waits; no outputs are filed meanwhile.
func (d *Deliverer) Disable(ctx context.Context, id string) (Subscription, error) {
	return d.change(ctx, id, func(s *Subscription) error {
		if s.Disabled == "" {
			s.Disabled, s.DisabledAt = DisabledByHand, instant(time.Now())
		}
		return nil
	})
}

func (d *Deliverer) change(ctx context.Context, id string, f func(*Subscription) error) (Subscription, error) {
	s, err := d.store.Change(ctx, id, f)
	d.roster.forget()
	d.dispatcher.wakeUp()
	return s, err
}

// Unsubscribe deletes a subscription; see Directory.Unsubscribe.
func (d *Deliverer) Unsubscribe(ctx context.Context, id string) error {
	err := d.store.Unsubscribe(ctx, id, instant(time.Now()))
	d.roster.forget()
	return err
}

// Endpoint is a subscription and how it fares.
type Endpoint struct {
	Subscription
	Backlog
	Condition
}

// State is how an endpoint fares, in one word.
type State string

// The states of an endpoint.
const (
	// InUse means that deliveries are sent.
	InUse State = "in_use"
	// Paused means that the receiver asked to be left alone for a while.
	Paused State = "paused"
	// Broken means that it failed several times in a row and is left alone, but for one request at a time.
	Broken State = "broken"
	// Quiet means that it has quiet hours.
	Quiet State = "quiet"
	// Disabled means that nothing is sent until somebody enables it.
	Disabled State = "disabled"
)

// State returns the state of the endpoint at the given time.
func (e *Endpoint) State(now time.Time) State {
	switch {
	case e.Disabled != "":
		return Disabled
	case e.Broken:
		return Broken
	case now.Before(e.PausedUntil):
		return Paused
	case now.Before(e.QuietUntil):
		return Quiet
	default:
		return InUse
	}
}

// Endpoints returns all subscriptions in the order of their ids.
func (d *Deliverer) Endpoints(ctx context.Context) ([]Endpoint, error) {
	subscriptions, err := d.store.Subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	backlog, err := d.store.Backlog(ctx)
	if err != nil {
		return nil, err
	}
	endpoints := make([]Endpoint, len(subscriptions))
	for i := range subscriptions {
		s := &subscriptions[i]
		endpoints[i] = Endpoint{*s, backlog[s.ID], d.dispatcher.condition(s)}
	}
	return endpoints, nil
}

// Endpoint returns one subscription. The error wraps ErrNotFound when it is not there.
func (d *Deliverer) Endpoint(ctx context.Context, id string) (Endpoint, error) {
	s, err := d.store.Subscription(ctx, id)
	if err != nil {
		return Endpoint{}, err
	}
	backlog, err := d.store.Backlog(ctx)
	if err != nil {
		return Endpoint{}, err
	}
	return Endpoint{s, backlog[id], d.dispatcher.condition(&s)}, nil
}
