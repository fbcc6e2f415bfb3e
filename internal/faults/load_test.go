package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// The clients of a run.
const (
	feeders             = 3
	maxBatch            = 150
	contendedStreams    = 5
	contendersPerStream = 3
	readers             = 2

	// retryPause is the pause before an event is sent again.
	retryPause = 100 * time.Millisecond
	// settlePatience bounds how long the clients may take, after all is healed, to have everything acknowledged.
	settlePatience = 90 * time.Second
)

// New customers come all the time, so that there are always some whose lifecycle begins: one for so many events, which
// buys while the latest so many others do.
const (
	eventsPerCustomer = 20
	atATime           = 60
)

// span is the time over which the events of a run have happened: they end now, so that the clock of the engine ticks on
// top of them, and reach far enough back for silence to have had its effect on some customers.
const span = 400 * 24 * time.Hour

// load is the clients of a run and what they know. Its fields are for those who hold mu.
type load struct {
	urls []string
	seed uint64
	from time.Time
	// closing is closed when the clients are to finish what they have begun and end.
	closing chan struct{}
	clients sync.WaitGroup

	mu sync.Mutex
	// sent has the customer of every event that was sent at least once.
	sent map[string]string
	// answers is what was told of events.
	answers []told
	// history is the verdicts that contenders asked for.
	history []operation
	// faults are answers that nothing explains.
	faults []string
}

// startLoad starts the clients.
func startLoad(t *testing.T, c *cluster, seed uint64) *load {
	t.Helper()
	// The test's context ends before its clean-up begins.
	ctx := t.Context()
	l := &load{
		urls: c.urls(), seed: seed, from: time.Now().Add(-span), closing: make(chan struct{}), sent: make(map[string]string),
	}
	t.Cleanup(l.clients.Wait)
	number := 0
	run := func(body func(ctx context.Context, me *clientOf)) {
		me := &clientOf{load: l, number: number, dice: rand.New(rand.NewPCG(seed, uint64(number)+1))}
		number++
		l.clients.Go(func() { body(ctx, me) })
	}
	for range feeders {
		run(feed)
	}
	for i := range contendedStreams {
		for range contendersPerStream {
			run(func(ctx context.Context, me *clientOf) { contend(ctx, me, fmt.Sprintf("r-%02d", i)) })
		}
	}
	for range readers {
		run(readBack)
	}
	return l
}

// settle lets the clients finish and returns when they have: everything that was sent is acknowledged.
func (l *load) settle(t *testing.T) {
	t.Helper()
	close(l.closing)
	finished := make(chan struct{})
	go func() {
		l.clients.Wait()
		close(finished)
	}()
	select {
	case <-finished:
	case <-time.After(settlePatience):
		t.Fatalf("clients do not get their events acknowledged within %s of the last fault", settlePatience)
	}
	for _, f := range l.faults {
		t.Errorf("a client was answered what no fault explains: %s", f)
	}
}

// counts returns how much was asked and answered.
func (l *load) counts() (sent, answers, operations int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sent), len(l.answers), len(l.history)
}

// clientOf is one client of the load, for one goroutine.
type clientOf struct {
	*load
	number int
	dice   *rand.Rand
	minted int
}

// mint returns an id that no other event has.
func (c *clientOf) mint() string {
	c.minted++
	return fmt.Sprintf("%016x-%02d-%06d", c.seed, c.number, c.minted)
}

// node returns the address of a node.
func (c *clientOf) node() string { return c.urls[c.dice.IntN(len(c.urls))] }

// moment returns when an event happened, some part of the span after its beginning.
func (c *clientOf) moment(part float64) time.Time {
	return c.from.Add(time.Duration(part * float64(span-time.Hour)))
}

// buyer returns a customer and when it buys: the longer it has been there, the later. Some purchases of a customer are
// dated before those that were sent earlier.
func (c *clientOf) buyer() (customer string, at time.Time) {
	c.mu.Lock()
	newest := len(c.sent) / eventsPerCustomer
	c.mu.Unlock()
	age := min(c.dice.IntN(atATime), newest)
	return fmt.Sprintf("c-%05d", newest-age), c.moment((float64(age) + c.dice.Float64()) / atATime)
}

// open reports whether the client is to go on, after a pause of up to limit.
func (c *clientOf) open(ctx context.Context, limit time.Duration) bool {
	select {
	case <-c.closing:
		return false
	case <-ctx.Done():
		return false
	case <-time.After(time.Duration(c.dice.Int64N(int64(limit) + 1))):
		return true
	}
}

// sending notes that events are about to be sent.
func (c *clientOf) sending(events ...event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ev := range events {
		c.sent[ev.id] = ev.customer
	}
}

// heard notes answers.
func (c *clientOf) heard(results ...told) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range results {
		if r.appended() {
			c.answers = append(c.answers, r)
		}
	}
}

// suspect notes an error that nothing explains.
func (c *clientOf) suspect(err error) {
	var refused *refusedError
	if !errors.As(err, &refused) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.faults) < 10 {
		c.faults = append(c.faults, err.Error())
	}
}

// insist repeats try until it reports success or the load is given up.
func (c *clientOf) insist(ctx context.Context, try func() bool) {
	for !try() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(retryPause):
		}
	}
}

// feed appends purchases until the load closes; the last ones too are repeated until they are acknowledged. Now and then
// it sends events again that were acknowledged long before.
func feed(ctx context.Context, c *clientOf) {
	var old []event
	for c.open(ctx, 40*time.Millisecond) {
		if len(old) > 0 && c.dice.IntN(10) == 0 {
			c.append(ctx, old)
			continue
		}
		events := make([]event, 1+c.dice.IntN(maxBatch))
		if c.dice.IntN(4) == 0 {
			events = events[:1]
		}
		for i := range events {
			customer, at := c.buyer()
			events[i] = newPurchase(c.mint(), customer, at, noExpectation, c.dice)
		}
		c.append(ctx, events)
		if c.dice.IntN(8) == 0 {
			old = events
		}
	}
}

// append sends events until each is acknowledged.
func (c *clientOf) append(ctx context.Context, events []event) {
	c.sending(events...)
	prefer := ""
	if c.dice.IntN(3) == 0 {
		prefer = "wait=2"
	}
	c.insist(ctx, func() bool {
		var results []told
		var err error
		if len(events) == 1 && c.dice.IntN(2) == 0 {
			results = make([]told, 1)
			results[0], err = post(ctx, c.node(), events[0], prefer)
		} else {
			results, err = postBatch(ctx, c.node(), events, prefer)
		}
		if err != nil {
			c.suspect(err)
			return false
		}
		c.heard(results...)
		done := true
		for i, r := range results {
			switch {
			case r.id != events[i].id, r.status == "conflict", r.status == "invalid":
				c.suspect(&refusedError{fmt.Sprintf("event %s became %+v", events[i].id, r)})
			case !r.appended() && r.status != "duplicate":
				done = false
			}
		}
		return done
	})
}

// readBack asks for events that were acknowledged and fails the run when an answer that claims to reflect them does not.
func readBack(ctx context.Context, c *clientOf) {
	for c.open(ctx, 100*time.Millisecond) {
		known, there := c.anyAccepted()
		if !there {
			continue
		}
		url := fmt.Sprintf("%s/v1/customers/%s?after=%s", c.node(), c.customerOf(known.id), known.position)
		view, err := get[struct {
			Version int64 `json:"version"`
		}](ctx, url)
		if err == nil && view.Version < max(known.version, 1) {
			c.suspect(&refusedError{fmt.Sprintf("%s answers version %d after %+v", url, view.Version, known)})
		}
	}
}

// anyAccepted returns an answer that says that an event was accepted.
func (c *clientOf) anyAccepted() (told, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.answers) == 0 {
		return told{}, false
	}
	// One of the latest, so that the read may have to wait.
	r := c.answers[len(c.answers)-1-c.dice.IntN(min(len(c.answers), 50))]
	return r, r.status == "accepted"
}

func (c *clientOf) customerOf(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent[id]
}
