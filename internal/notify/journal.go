package notify

import "context"

// Delivery returns one delivery. The error wraps ErrNotFound when it is not in the journal.
func (d *Deliverer) Delivery(ctx context.Context, id string) (Delivery, error) {
	found, err := d.store.Delivery(ctx, id)
	if err != nil {
		return Delivery{}, err
	}
	one := []Delivery{found}
	err = d.tellHeld(ctx, one)
	return one[0], err
}

// Deliveries returns a page of the journal, the newest first.
func (d *Deliverer) Deliveries(ctx context.Context, f Filter) (Page, error) {
	page, err := d.store.Deliveries(ctx, f)
	if err != nil {
		return Page{}, err
	}
	return page, d.tellHeld(ctx, page.Items)
}

// tellHeld fills in until when quiet hours hold deliveries.
func (d *Deliverer) tellHeld(ctx context.Context, deliveries []Delivery) error {
	subscriptions, err := d.roster.current(ctx)
	if err != nil {
		return err
	}
	known := make(map[string]*Subscription, len(subscriptions))
	for i := range subscriptions {
		known[subscriptions[i].ID] = &subscriptions[i]
	}
	for i := range deliveries {
		if s := known[deliveries[i].Subscription]; s != nil {
			deliveries[i].HeldUntil = d.dispatcher.clocks.held(&deliveries[i], s)
		}
	}
	return nil
}
