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

// Options are the settings of the reactors. The zero value of each field is a documented default.
type Options struct {
	// Every is the time between two looks at the views. Default: DefaultEvery.
	Every time.Duration
	// Recheck is how long it takes until the customers of an employee who left are looked at again, for those whose
	// assignment was recorded late. Default: DefaultRecheck.
	Recheck time.Duration
	// Page is how many customers are told at a time, 1 to projections.MaxLimit. Default: DefaultPage.
	Page int
	// Released is called with the number of customers that were told of a departure. Default: nobody is.
	Released func(customers int)
	// Logger gets one line for each departure and each mass loss. Default: none.
	Logger *slog.Logger
}

// withDefaults returns the options with their defaults filled in.
func (o Options) withDefaults() Options {
	if o.Every <= 0 {
		o.Every = DefaultEvery
	}
	if o.Recheck <= 0 {
		o.Recheck = DefaultRecheck
	}
	if o.Page <= 0 {
		o.Page = DefaultPage
	}
	if o.Released == nil {
		o.Released = func(int) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// repeat looks again and again until ctx ends. After a failure the pauses grow to a minute.
func (o *Options) repeat(ctx context.Context, reactor string, look func(context.Context) error) error {
	pause := o.Every
	for {
		err := look(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			o.Logger.LogAttrs(ctx, slog.LevelWarn, "reactor is held up", slog.String("reactor", reactor), slog.Duration("pause", pause), slog.Any("error", err))
		default:
			pause = o.Every
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			pause = min(2*pause, max(lastPause, o.Every))
		}
	}
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
	return &Departures{
		views: views, log: log, progress: progress, door: door, options: options.withDefaults(),
		handled: make(map[departure]time.Time), stuck: make(map[departure]map[string]bool),
	}
}

// Run tells the customers of the employees whose streams are in the given partitions, until ctx ends. What fails is tried
// again, after pauses that grow to a minute.
func (d *Departures) Run(ctx context.Context, partitions []int) error {
	return d.options.repeat(ctx, "departures", func(ctx context.Context) error { return d.look(ctx, partitions) })
}
