package reactor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/projections"
)

const (
	// source is the CloudEvents source of the events that the reactor appends.
	source = "rapport/reactor"
	// released is the type of the event that tells a customer.
	released = "customer.owner_released"
)

// look handles the departures in the partitions that are not handled yet, in the order in which they occurred, unless
// nothing has come to the views since the last look and none is due again.
func (d *Departures) look(ctx context.Context, partitions []int) error {
	positions, err := d.views.Positions(ctx)
	if err != nil {
		return fmt.Errorf("look for departures: %w", err)
	}
	if d.seen.Reached(positions) && len(d.seen) > 0 && !d.due() {
		return nil
	}
	page, err := d.views.Cases(ctx, projections.CaseFilter{Kind: projections.CaseDeparture, Limit: projections.AllCases})
	if err != nil {
		return fmt.Errorf("look for departures: %w", err)
	}
	for _, x := range slices.Backward(page.Items) { // the newest is first
		left := departure{employee: x.Holder, event: x.ID, at: x.Opened}
		if !slices.Contains(partitions, d.log.PartitionOf([]byte(x.Customer))) || d.isHandled(left) {
			continue
		}
		if err := d.handle(ctx, left, x.Customer); err != nil {
			return fmt.Errorf("tell the customers of %s, who left: %w", left.employee, err)
		}
	}
	d.seen = positions
	return nil
}

// isHandled reports whether the departure need not be looked at now.
func (d *Departures) isHandled(left departure) bool {
	at, handled := d.handled[left]
	return handled && time.Since(at) < d.options.Recheck
}

// due reports whether a departure is to be looked at again.
func (d *Departures) due() bool {
	for _, at := range d.handled {
		if time.Since(at) >= d.options.Recheck {
			return true
		}
	}
	return false
}

// handle tells the customers of the departure until none is left. The views are read when they have taken in all that was
// in the log, so that a customer who was told, by whatever node, is not told again.
func (d *Departures) handle(ctx context.Context, left departure, stream string) error {
	customers := 0
	told := make(map[string]bool)
	for {
		ends, err := d.log.Ends(ctx)
		if err != nil {
			return err
		}
		if err := d.progress.Wait(ctx, ends); err != nil {
			return err
		}
		n, err := d.pass(ctx, left, stream, told)
		if err != nil {
			return err
		}
		customers += n
		if n == 0 {
			break
		}
		d.options.Released(n)
	}
	_, again := d.handled[left]
	d.handled[left] = time.Now()
	if !again || customers > 0 {
		d.options.Logger.LogAttrs(ctx, slog.LevelInfo, "departure handled", slog.String("employee", left.employee),
			slog.String("event", left.event), slog.Int("customers", customers), slog.Int("stuck", len(d.stuck[left])))
	}
	return nil
}

// pass goes through the customers of the employee once and tells those that are to be told. It returns how many it told.
// told are those that were told before.
func (d *Departures) pass(ctx context.Context, left departure, stream string, told map[string]bool) (int, error) {
	filter := projections.CustomerFilter{Owner: left.employee, Sort: projections.SortID, Limit: d.options.Page}
	n := 0
	for {
		page, err := d.views.Customers(ctx, filter)
		if err != nil {
			return n, err
		}
		var events []domain.Event
		for i := range page.Items {
			id := page.Items[i].ID
			orphaned, err := d.orphaned(ctx, id, left)
			if err != nil {
				return n, err
			}
			if !orphaned || d.stuck[left][id] {
				continue
			}
			if told[id] {
				d.giveUp(ctx, left, id, "the stream did not take the event")
				continue
			}
			events = append(events, release(id, left, stream))
		}
		if err := d.tell(ctx, left, events, told); err != nil {
			return n, err
		}
		n += len(events)
		if page.Next == "" {
			return n, nil
		}
		filter.Cursor = page.Next
	}
}

// orphaned reports whether the employee followed the customer when leaving, and was not released since.
func (d *Departures) orphaned(ctx context.Context, id string, left departure) (bool, error) {
	view, err := d.views.Customer(ctx, id)
	if errors.Is(err, projections.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(view.Profile.Ownerships, func(o projections.Ownership) bool {
		return o.Employee == left.employee && o.RunsAt(left.at)
	}), nil
}

// release returns the event that tells a customer. It says the same whenever and wherever it is made: the owner is gone
// since the employee left.
func release(customer string, left departure, stream string) domain.Event {
	data, err := json.Marshal(domain.CustomerOwnerReleased{Employee: left.employee, Reason: domain.OwnerLeftCompany})
	if err != nil {
		panic("reactor: two strings cannot be written: " + err.Error())
	}
	return domain.Event{
		ID: domain.DerivedID(released, stream, left.event, customer), Source: source, Type: released, Subject: customer,
		Time: left.at, CausationID: left.event, ExpectedVersion: domain.NoExpectation, Data: data,
	}
}

// tell appends the events. A customer whose event is not valid is given up.
func (d *Departures) tell(ctx context.Context, left departure, events []domain.Event, told map[string]bool) error {
	if len(events) == 0 {
		return nil
	}
	results, err := d.door.Append(ctx, events)
	if err != nil {
		return err
	}
	for i := range results {
		id := events[i].Subject
		told[id] = true
		if results[i].Status == ingest.Invalid {
			d.giveUp(ctx, left, id, results[i].Problems[0].Message)
		}
	}
	return nil
}

// giveUp leaves a customer alone who cannot be told.
func (d *Departures) giveUp(ctx context.Context, left departure, id, why string) {
	if d.stuck[left] == nil {
		d.stuck[left] = make(map[string]bool)
	}
	d.stuck[left][id] = true
	d.options.Logger.LogAttrs(ctx, slog.LevelWarn, "customer cannot be told of a departure", slog.String("customer", id),
		slog.String("employee", left.employee), slog.String("event", left.event), slog.String("reason", why))
}
