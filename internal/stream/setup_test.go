package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds the wait for something that must happen. No test passes because it has run out.
const patience = 2 * time.Minute

var topics = []string{"rapport.lifecycle", "rapport.churn"}

// cluster is an embedded broker with output topics.
type cluster struct {
	cfg    eventstore.Config
	outlet *eventstore.Outlet
	sent   int
}

func setup(t testing.TB, partitions int) *cluster {
	t.Helper()
	b, err := broker.Open(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, b) })
	c := &cluster{cfg: eventstore.Config{Brokers: []string{b.Addr()}, Partitions: partitions}}
	var wanted []eventstore.OutletTopic
	for _, topic := range topics {
		wanted = append(wanted, eventstore.OutletTopic{Name: topic})
	}
	if c.outlet, err = eventstore.OpenOutlet(t.Context(), c.cfg, wanted...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, c.outlet) })
	return c
}

func closing(t testing.TB, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// customers is how many customers the outputs of publish are of.
const customers = 20

// publish publishes n outputs, half of them on each topic, and returns the ids of all there are.
func (c *cluster) publish(t testing.TB, n int) []string {
	t.Helper()
	records := make(map[string][]eventstore.Record)
	for range n {
		topic := topics[c.sent%2]
		records[topic] = append(records[topic], record(c.sent))
		c.sent++
	}
	for topic, all := range records {
		if err := c.outlet.Publish(t.Context(), topic, all); err != nil {
			t.Fatal(err)
		}
	}
	ids := make([]string, c.sent)
	for i := range ids {
		ids[i] = fmt.Sprint("o", i)
	}
	return ids
}

// record returns the n-th output.
func record(n int) eventstore.Record {
	ev := domain.Event{
		ID: fmt.Sprint("o", n), Source: "rapport", Type: []string{"lifecycle.started", "churn.warning_raised"}[n%2],
		Subject: fmt.Sprint("c", n/2%customers), Time: domain.InstantOf(domain.Date(20_000).Time()), ExpectedVersion: domain.NoExpectation,
		Data: fmt.Appendf(nil, `{"n":%d,"org_unit":"group/dealer-%d"}`, n, n%3),
	}
	return eventstore.Record{Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
}

// hub runs a hub until stop or the end of the test.
func (c *cluster) hub(t testing.TB, opts stream.Options) (h *stream.Hub, stop func()) {
	t.Helper()
	opts.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	h, err := stream.Open(t.Context(), eventstore.Config{Brokers: c.cfg.Brokers}, topics, opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the hub ended with %v", err)
		}
		closing(t, h)
	}
	t.Cleanup(stop)
	return h, stop
}

// client is a client and what it got.
type client struct {
	t   testing.TB
	sub *stream.Subscription
	// ids are those of the outputs, last the id of the last Server-Sent Event.
	ids  []string
	last string
	// of is, for each output, its customer.
	of map[string]string
}

// subscribe begins a client, after the id last unless that is empty.
func subscribe(t testing.TB, h *stream.Hub, filter stream.Filter, last string) *client {
	t.Helper()
	var from stream.Cursor
	if last != "" {
		var err error
		if from, err = stream.ParseCursor(last); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	sub, err := h.Subscribe(ctx, filter, from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sub.Close)
	c := &client{t: t, sub: sub, last: last, of: make(map[string]string)}
	c.take(sub.Position())
	return c
}

// next takes what comes next.
func (c *client) next() error {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	events, err := c.sub.Next(ctx)
	for _, event := range events {
		c.take(event)
	}
	return err
}

// take reads one Server-Sent Event as a browser does.
func (c *client) take(event []byte) {
	c.t.Helper()
	var data, kind string
	for line := range strings.Lines(string(event)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			c.last = value
		case "event":
			kind = value
		case "data":
			data = value
		}
	}
	if !strings.HasSuffix(string(event), "\n\n") || strings.Count(string(event), "\n\n") != 1 {
		c.t.Errorf("%q is not one event", event)
	}
	if data == "" {
		return
	}
	var output struct{ ID, Type, Subject string }
	if err := json.Unmarshal([]byte(data), &output); err != nil || output.Type != kind {
		c.t.Fatalf("%q: %v", event, err)
	}
	c.ids = append(c.ids, output.ID)
	c.of[output.ID] = output.Subject
}

// until takes outputs until it has n.
func (c *client) until(n int) {
	c.t.Helper()
	for len(c.ids) < n {
		if err := c.next(); err != nil {
			c.t.Fatalf("after %d of %d outputs: %v", len(c.ids), n, err)
		}
	}
}

// endsWith takes outputs until the subscription ends, with the given error.
func (c *client) endsWith(want error) {
	c.t.Helper()
	for {
		if err := c.next(); err != nil {
			if !errors.Is(err, want) {
				c.t.Errorf("ended with %v, want %v", err, want)
			}
			return
		}
	}
}
