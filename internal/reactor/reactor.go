// Package reactor causes in some streams what follows from events in others. What it causes comes through the front door
// as events with derived ids, so that doing it again, after a crash or on two nodes at once, adds nothing.
package reactor

import (
	"context"
	"log/slog"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/projections"
)

// The defaults of Options.
const (
	DefaultEvery   = 5 * time.Second
	DefaultRecheck = time.Hour
	DefaultPage    = 200
)

// lastPause is the longest pause after an error.
const lastPause = time.Minute

// views is what the reactor reads.
type views interface {
	Positions(ctx context.Context) (eventstore.Positions, error)
	Cases(ctx context.Context, filter projections.CaseFilter) (*projections.CasePage, error)
	Customers(ctx context.Context, filter projections.CustomerFilter) (*projections.CustomerPage, error)
	Customer(ctx context.Context, id string) (*projections.CustomerView, error)
}

// log tells where the partitions of the log end, and to which one a stream belongs.
type log interface {
	Ends(ctx context.Context) (eventstore.Positions, error)
	PartitionOf(key []byte) int
}

// progress waits until the views have taken in positions.
type progress interface {
	Wait(ctx context.Context, until eventstore.Positions) error
}

// door takes events in.
type door interface {
	Append(ctx context.Context, events []domain.Event) ([]ingest.Result, error)
}

// Options are the settings of a reactor. The zero value of each field is a documented default.
type Options struct {
	// Every is the time between two looks for employees who left. Default: DefaultEvery.
	Every time.Duration
	// Recheck is how long it takes until the customers of an employee who left are looked at again, for those whose
	// assignment was recorded late. Default: DefaultRecheck.
	Recheck time.Duration
	// Page is how many customers are told at a time, 1 to projections.MaxLimit. Default: DefaultPage.
	Page int
	// Released is called with the number of customers that were told of a departure. Default: nobody is.
	Released func(customers int)
	// Logger gets one line for each departure. Default: none.
	Logger *slog.Logger
}

// Departures tells the customers of employees who left the firm that they have lost their owner (CHN-17): each of those
// whom the employee followed when leaving, and follows still, gets one customer.owner_released. It is for one goroutine.
type Departures struct {
	views    views
	log      log
	progress progress
	door     door
	options  Options
	// handled are the departures with nobody left to tell, by the id of their case, with the time of the last look.
	handled map[departure]time.Time
	// stuck are the customers that were told of a departure and still show their owner, because their stream is parked or
	// did not take the event. They are not told again by this reactor.
	stuck map[departure]map[string]bool
	// seen is where the views were when every departure had been handled.
	seen eventstore.Positions
}

// departure names the event by which an employee left.
type departure struct {
	employee string
	event    string
	at       domain.Instant
}

// NewDepartures returns a reactor. It starts nothing.
func NewDepartures(views views, log log, progress progress, door door, options Options) *Departures {
	if options.Every <= 0 {
		options.Every = DefaultEvery
	}
	if options.Recheck <= 0 {
		options.Recheck = DefaultRecheck
	}
	if options.Page <= 0 {
		options.Page = DefaultPage
	}
	if options.Released == nil {
		options.Released = func(int) {}
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Departures{
		views: views, log: log, progress: progress, door: door, options: options,
		handled: make(map[departure]time.Time), stuck: make(map[departure]map[string]bool),
	}
}

// Run tells the customers of the employees whose streams are in the given partitions, until ctx ends. What fails is tried
// again, after pauses that grow to a minute.
func (d *Departures) Run(ctx context.Context, partitions []int) error {
	pause := d.options.Every
	for {
		err := d.look(ctx, partitions)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			d.options.Logger.LogAttrs(ctx, slog.LevelWarn, "departures cannot be handled", slog.Duration("pause", pause), slog.Any("error", err))
		default:
			pause = d.options.Every
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			pause = min(2*pause, max(lastPause, d.options.Every))
		}
	}
}
