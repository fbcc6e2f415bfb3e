package notify

import (
	"context"
	"errors"
	"time"
)

// Errors of stores.
var (
	// ErrNotFound means that there is no such subscription or delivery.
	ErrNotFound = errors.New("not found")
	// ErrExists means that there is a subscription with the same id.
	ErrExists = errors.New("exists already")
	// ErrPending means that a delivery cannot be asked for again because it has not ended.
	ErrPending = errors.New("is still pending")
)

// Store keeps subscriptions and deliveries. What a method did is durable when it returns, as far as the store is durable
// at all. Its methods may be called concurrently, and by several processes on one database. Times have a resolution
// of one microsecond and come back in UTC.
type Store interface {
	Directory
	Queue
	Journal
}

// Directory is the part of a store that holds the subscriptions.
type Directory interface {
	// Subscribe adds a subscription. The error wraps ErrExists when there is one with the same id.
	Subscribe(ctx context.Context, s Subscription) error
	// Change lets f change a subscription, which nobody else changes meanwhile, and returns what became of it. Nothing
	// changes when f returns an error, which is returned then. f must not call the store. The id cannot be changed.
	Change(ctx context.Context, id string, f func(*Subscription) error) (Subscription, error)
	// Unsubscribe deletes a subscription. Its pending deliveries die and stay in the journal.
	Unsubscribe(ctx context.Context, id string, now time.Time) error
	// Subscription returns one subscription.
	Subscription(ctx context.Context, id string) (Subscription, error)
	// Subscriptions returns all subscriptions in the order of their ids.
	Subscriptions(ctx context.Context) ([]Subscription, error)
}

// Queue is the part of a store that deliveries pass through.
type Queue interface {
	// Add adds deliveries in their order, all or none, and returns the number of new ones. One whose id is known is left as
	// it is, and one whose subscription is not there is left out.
	Add(ctx context.Context, deliveries []Delivery) (int, error)
	// Due returns the ids of the subscriptions in use that have a pending delivery whose next attempt is due, in order. The keys of
	// quiet are subscriptions that have quiet hours, of which only deliveries of the levels given there count. Deliveries that
	// wait for a digest are passed over here and by Claim.
	Due(ctx context.Context, now time.Time, quiet map[string][]string) ([]string, error)
	// Claim takes on deliveries that are due now, for each subscription those first that have been due for the longest
	// time, and returns them in the order in which they were added. Nobody else is given them before the lease ends. Of an
	// ordered subscription only the first pending delivery of each customer is given. A claim need not outlive a crash.
	Claim(ctx context.Context, claims []Claim, now, until time.Time) ([]Delivery, error)
	// Settle replaces deliveries that were claimed and takes the claims back. It returns the ids of those that were lost: they
	// were taken on by somebody else, or have ended, since they were claimed, and stay as they are. What it did need not
	// outlive a crash of the store: the requests are made again then.
	Settle(ctx context.Context, deliveries []Delivery) (lost []string, err error)
	// HeldDigests returns which digests of subscriptions in use are due, those with pending deliveries that wait for a digest at
	// or before now, in the order of subscriptions and times.
	HeldDigests(ctx context.Context, now time.Time) ([]HeldDigest, error)
	// MakeDigest puts the deliveries that wait for a digest, the first in the order in which they were added, at most limit,
	// into one: it adds what compose makes of them, and they are Digested. It returns their number, and does nothing when there
	// are none or the subscription is not in use. All of it happens or nothing, also when compose fails or others do the same.
	MakeDigest(ctx context.Context, held HeldDigest, limit int, now time.Time, compose func(members []Delivery) (Delivery, error)) (int, error)
	// Redeliver makes a finished delivery pending. The error wraps ErrPending when it has not ended, and ErrNotFound when
	// it or its subscription is not there.
	Redeliver(ctx context.Context, id string, now time.Time) error
	// RedeliverDead makes all dead deliveries of a subscription pending and returns their number.
	RedeliverDead(ctx context.Context, subscription string, now time.Time) (int, error)
}

// Claim asks for deliveries of a subscription.
type Claim struct {
	Subscription string
	Ordered      bool
	// Levels are the levels of which deliveries are asked for. Default: all, and deliveries without a level.
	Levels []string
	// Limit is how many there may be.
	Limit int
}

// Journal is the part of a store in which deliveries are looked up.
type Journal interface {
	// Delivery returns one delivery.
	Delivery(ctx context.Context, id string) (Delivery, error)
	// Deliveries returns deliveries, the newest first.
	Deliveries(ctx context.Context, f Filter) (Page, error)
	// Backlog returns what waits, by subscription. Subscriptions for which nothing waits are left out.
	Backlog(ctx context.Context) (map[string]Backlog, error)
	// Prune deletes what was delivered before one time and what died before another, and returns the number. An output
	// that is repeated after that is delivered again.
	Prune(ctx context.Context, delivered, dead time.Time) (int, error)
}

// Backlog is what waits for an endpoint.
type Backlog struct {
	// Pending is the number of pending deliveries.
	Pending int
	// Oldest is when the oldest of them was made, zero without any.
	Oldest time.Time
}

// Filter chooses deliveries. A field with its zero value chooses all.
type Filter struct {
	Subscription, Type, Customer string
	Status                       Status
	// Before is Next of the page before.
	Before int64
	// Limit is the size of the page. Default: 50.
	Limit int
}

// DefaultPage is the size of a page when a filter names none.
const DefaultPage = 50

// Page is a part of a list of deliveries.
type Page struct {
	Items []Delivery
	// Next is where the next page begins, 0 on the last one.
	Next int64
}
