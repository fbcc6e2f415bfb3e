// Package engine wires the parts into one running engine: the log (a Kafka cluster, or the embedded broker), the views
// (PostgreSQL, or memory), the projections between them, the clock, the outputs, and the HTTP edge.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/obs"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/internal/stream"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// Config is what an engine is made of.
type Config struct {
	// Log says where the log is.
	Log LogConfig
	// DatabaseURL is the PostgreSQL that keeps the views. Several engines may share it: they divide the partitions among
	// themselves. Default: none, the views are kept in memory.
	DatabaseURL string
	// Policy is the policy that the views begin with; published ones follow it. Default: that of the views that are there,
	// or domain.DefaultPolicy. Views that began with another one are refused with ErrOtherPolicy.
	Policy *domain.Policy
	// Node names this engine to people. Default: the host's name and the process id.
	Node string
	// Group is the consumer group through which engines with the same database divide the partitions. Default: a name
	// made of the topic and the database's own id.
	Group string
	// Session is how long an engine may be silent before its partitions go to others. Default: 6 s.
	Session time.Duration
	// TickEvery is the time between ticks of the clock. Default: control.DefaultTickEvery.
	TickEvery time.Duration
	// MaxLag is the number of records by which the views may lag before events are refused. Default: 0, no limit.
	MaxLag int64
	// NoOutputs leaves the output topics alone.
	NoOutputs bool
	// CustomersTopic keeps the state of each customer on a compacted topic. It needs a Kafka cluster, as the embedded broker
	// has no such topics, and a database, which knows what was published.
	CustomersTopic bool
	// NoReactor leaves it to others to tell the customers of employees who left, and units of mass losses.
	NoReactor bool
	// ReactEvery is the time between two looks for employees who left, and for mass losses. Default: reactor.DefaultEvery.
	ReactEvery time.Duration
	// Webhooks are the settings of webhooks; Topics, Logger, Zone, Filed and Attempted are those of the engine.
	Webhooks notify.Options
	// Version is the version of the program, for the API's document.
	Version string
}

// ErrOtherPolicy says that the views began with another policy than the one asked for.
var ErrOtherPolicy = errors.New("the views began with another policy: publish the new one, or rebuild the views with it")

// ErrCustomersTopic says that the states of customers were asked for where they cannot be published.
var ErrCustomersTopic = errors.New("the topic of customers needs a Kafka cluster and a database")

// Engine is an opened engine. Its parts may be used as soon as it is open; the views follow the log while Run runs.
type Engine struct {
	// Log is the event log.
	Log *eventstore.Log
	// Views answers queries.
	Views projections.Query
	// Progress says how far the views have come.
	Progress *projections.Progress

	config   Config
	logger   *slog.Logger
	pool     *pg.Pool
	group    string
	views    *views
	policy   *policyInForce
	outcomes *projections.Outcomes
	outlet   *eventstore.Outlet
	// states leads to the topic of customers; nil when their states are not published.
	states *eventstore.Outlet
	// stream is nil when nothing is published.
	stream *stream.Hub
	// webhooks is nil when nothing is published.
	webhooks *notify.Deliverer
	control  *control.Writer
	reader   *replay.Reader
	metrics  *obs.Metrics
	start    eventstore.Positions
	closes   []func() error
}

// Open opens the log and the views. It starts nothing but the embedded broker; Close ends that and lets go of the rest.
func Open(ctx context.Context, c Config, logger *slog.Logger) (e *Engine, err error) {
	c.Node = cmp.Or(c.Node, nodeName())
	e = &Engine{config: c, logger: logger, metrics: obs.NewMetrics()}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	log, closeLog, err := OpenLog(ctx, c.Log, logger)
	if err != nil {
		return e, err
	}
	e.Log, e.closes = log, append(e.closes, closeLog)
	if e.start, err = log.Ends(ctx); err != nil {
		return e, err
	}
	if err := e.openOutlet(ctx); err != nil {
		return e, err
	}
	if err := e.openViews(ctx); err != nil {
		return e, err
	}
	if err := e.openStates(ctx); err != nil {
		return e, err
	}
	if err := e.openWebhooks(ctx); err != nil {
		return e, err
	}
	e.Progress = projections.NewProgress(log.Partitions())
	e.outcomes = projections.NewOutcomes(log.Partitions(), projections.OutcomesOptions{Away: e.shared()})
	e.control = control.NewWriter(log, e.views, time.Now)
	e.reader = replay.NewReader(log, e.views, func() *projections.Fold { return e.views.live.Load().fold })
	return e, nil
}

// nodeName names this process among those of all hosts.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host + "/" + strconv.Itoa(os.Getpid())
}

// shared reports whether other engines may work on the same views.
func (e *Engine) shared() bool { return e.pool != nil }

// openViews opens the views and makes them the live ones.
func (e *Engine) openViews(ctx context.Context) error {
	e.views = new(views)
	e.Views = e.views
	if e.config.DatabaseURL != "" {
		if err := e.openDatabase(ctx); err != nil {
			return err
		}
	} else {
		policy := e.config.Policy
		if policy == nil {
			policy = domain.DefaultPolicy()
		}
		fold := projections.NewFold(policy)
		e.views.live.Store(&generation{store: memview.New(fold, e.Log.Partitions()), fold: fold})
	}
	e.policy = &policyInForce{views: e.views, logger: e.logger}
	e.policy.policy.Store(e.views.live.Load().fold.Policy())
	return nil
}

// ready returns nil once the views have taken in what was in the log when the engine was opened, while they can be
// written.
func (e *Engine) ready(context.Context) error {
	if n := e.Progress.Failing(); n > 0 {
		return fmt.Errorf("views of %d partitions cannot be written", n)
	}
	if at := e.Progress.Positions(); !at.Reached(e.start) {
		return fmt.Errorf("views are at %s of %s", at, e.start)
	}
	return nil
}

// CatchUp waits until the views have taken in everything that is in the log now.
func (e *Engine) CatchUp(ctx context.Context) error {
	ends, err := e.Log.Ends(ctx)
	if err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	return e.Progress.Wait(ctx, ends)
}

// Close lets go of everything that Open took, the last first.
func (e *Engine) Close() error {
	var faults []error
	for _, c := range slices.Backward(e.closes) {
		faults = append(faults, c())
	}
	e.closes = nil
	return errors.Join(faults...)
}
