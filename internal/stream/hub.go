package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/rapport-crm/rapport/eventstore"
)

var (
	// ErrSlow means that a client has read so slowly that outputs it has not seen left the ring. It may resume with the
	// last id it has.
	ErrSlow = errors.New("client reads more slowly than outputs come")
	// ErrGone means that a topic no longer has the outputs that follow a client's id.
	ErrGone = errors.New("outputs after the id were deleted")
	// ErrFull means that there are as many clients as the hub takes.
	ErrFull = errors.New("too many clients")
	// ErrStopped means that the hub does not run any more.
	ErrStopped = errors.New("hub has stopped")
)

// Options are the settings of a hub. The zero value of each field is a documented default.
type Options struct {
	// RingOutputs and RingBytes are how many recent outputs are kept for all clients together, and about how much memory
	// they take at most. Default: 8192 outputs and 16 MiB.
	RingOutputs, RingBytes int
	// MaxClients is how many clients there may be at a time. Default: 2000.
	MaxClients int
	// Replays is how many clients may wait for Kafka at a time to get what lies before the ring. Default: 8.
	Replays int
	// WindowBytes is how much the reader of a partition fetches at a time. Default: 64 KiB.
	WindowBytes int
	// Pause is the time before topics are read anew that could not be read further. Default: 1 s.
	Pause time.Duration
	// Logger gets a line when topics cannot be read, and for the first record that is no output. Default: none.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	def := func(v *int, value int) {
		if *v <= 0 {
			*v = value
		}
	}
	def(&o.RingOutputs, 8192)
	def(&o.RingBytes, 16<<20)
	def(&o.MaxClients, 2000)
	def(&o.Replays, 8)
	def(&o.WindowBytes, 64<<10)
	if o.Pause <= 0 {
		o.Pause = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Hub sends the outputs of some topics to its subscriptions. It is safe for concurrent use.
type Hub struct {
	logs    []*eventstore.Log
	topics  []string
	opts    Options
	replays *semaphore.Weighted
	strange sync.Once

	mu      sync.Mutex
	clients int
	// session is the one that runs, nil for none.
	session *session
	stopped bool
	// changed is closed when one of the three above has changed, and another one takes its place.
	changed chan struct{}
}

// Open opens the topics, which must exist, on the cluster of cfg for reading. Cursors list them in this order, so that
// a topic may only ever be added at the end. It starts nothing but connections: Run reads.
func Open(ctx context.Context, cfg eventstore.Config, topics []string, opts Options) (*Hub, error) {
	h := &Hub{topics: topics, opts: opts.withDefaults(), changed: make(chan struct{})}
	h.replays = semaphore.NewWeighted(int64(h.opts.Replays))
	for _, topic := range topics {
		cfg.Topic, cfg.ReadOnly = topic, true
		log, err := eventstore.Open(ctx, cfg)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open output topic %s: %w", topic, err), h.Close())
		}
		h.logs = append(h.logs, log)
	}
	return h, nil
}

// Topics returns the names of the topics. The slice is shared.
func (h *Hub) Topics() []string { return h.topics }

// Close ends the connections. Run must have returned.
func (h *Hub) Close() error {
	var faults []error
	for _, log := range h.logs {
		faults = append(faults, log.Close())
	}
	return errors.Join(faults...)
}

// Run reads the topics while there are clients, until ctx ends; then it ends every subscription with ErrStopped and
// returns nil. When a topic cannot be read further, because it was made anew for instance, the subscriptions end with
// that error and reading begins again for those that come. It is called once.
func (h *Hub) Run(ctx context.Context) error {
	defer h.change(func() { h.stopped = true })
	last := ""
	for h.awaitClients(ctx, func(clients int) bool { return clients > 0 }) {
		fault := h.serve(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if fault == nil {
			last = ""
			continue
		}
		if fault.Error() != last {
			h.opts.Logger.LogAttrs(ctx, slog.LevelError, "output topics cannot be read further", slog.Any("error", fault))
		}
		last = fault.Error()
		select {
		case <-time.After(h.opts.Pause):
		case <-ctx.Done():
		}
	}
	return nil
}

// serve runs one session to its end and returns why it ended: nil when the last client has left.
func (h *Hub) serve(ctx context.Context) error {
	s, err := h.begin(ctx)
	if err != nil {
		return err
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	h.change(func() { h.session = s })
	var idle sync.WaitGroup
	left := false
	idle.Go(func() {
		defer cancel()
		left = h.awaitClients(inner, func(clients int) bool { return clients == 0 })
	})
	err = s.run(inner)
	cancel()
	idle.Wait()
	h.change(func() { h.session = nil })
	switch {
	case ctx.Err() != nil:
		s.end(ErrStopped)
		return nil
	case left:
		// A client that came after the last one had left waits for the next session.
		s.end(errRenewed)
		return nil
	default:
		s.end(err)
		return err
	}
}

// errRenewed ends a session without clients.
var errRenewed = errors.New("session was without clients")

// change changes the state of the hub and wakes those who wait for that.
func (h *Hub) change(do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	do()
	close(h.changed)
	h.changed = make(chan struct{})
}

// awaitClients returns true once there are as many clients as wanted, false when ctx ends first.
func (h *Hub) awaitClients(ctx context.Context, wanted func(clients int) bool) bool {
	for {
		h.mu.Lock()
		clients, changed := h.clients, h.changed
		h.mu.Unlock()
		if wanted(clients) {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// enter counts one more client. leave must follow.
func (h *Hub) enter() error {
	fault := ErrStopped
	h.change(func() {
		switch {
		case h.stopped:
		case h.clients >= h.opts.MaxClients:
			fault = ErrFull
		default:
			h.clients++
			fault = nil
		}
	})
	return fault
}

// leave counts one client less.
func (h *Hub) leave() { h.change(func() { h.clients-- }) }

// awaitSession returns the session that runs, and waits for one.
func (h *Hub) awaitSession(ctx context.Context) (*session, error) {
	for {
		h.mu.Lock()
		session, stopped, changed := h.session, h.stopped, h.changed
		h.mu.Unlock()
		switch {
		case stopped:
			return nil, ErrStopped
		case session != nil:
			return session, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
