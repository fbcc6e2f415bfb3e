package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Beginning is the cursor before the first output that the topics have.
const Beginning = "1"

// Filter selects outputs. Empty fields select everything.
type Filter struct {
	// Topics are names of output topics, for example "rapport.lifecycle".
	Topics []string
	// Types are types of outputs, for example "lifecycle.started".
	Types []string
	// Customers are ids of customers.
	Customers []string
	// OrgUnit is the path of an organisation unit: it and the units below it.
	OrgUnit string
}

func (f Filter) query() url.Values {
	query := make(url.Values)
	for name, values := range map[string][]string{"topic": f.Topics, "type": f.Types, "customer": f.Customers} {
		if len(values) > 0 {
			query.Set(name, strings.Join(values, ","))
		}
	}
	if f.OrgUnit != "" {
		query.Set("org_unit", f.OrgUnit)
	}
	return query
}

// Follow yields outputs as they come: those after the cursor, from Beginning all, and with an empty cursor what is published
// from now on. The outputs of a customer on a topic come in order and each once; Follow remembers the last sequence of each
// customer for that, about 100 bytes. It opens the stream again after every failure and goes on where it was, at any
// server.
//
// Whoever wants to go on after an end of the program keeps Output.Cursor together with what was done, and follows after it;
// an output that was published twice may then come again, and is known by its ID or its Sequence.
//
// The sequence ends with an error when ctx ends, when the server refuses the filter or the cursor (ErrInvalid, ErrGone), or
// when an output cannot be decoded.
func (c *Client) Follow(ctx context.Context, filter Filter, after string) iter.Seq2[Output, error] {
	return func(yield func(Output, error) bool) {
		f := &follower{client: c, query: filter.query(), cursor: after, seen: make(map[place]string), pause: defaultRetry}
		for failures := 0; ; failures++ {
			before := f.cursor
			err := f.read(ctx, yield)
			if errors.Is(err, errStopped) {
				return
			}
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			if ctx.Err() != nil || err != nil && !passing(err) {
				yield(Output{}, fmt.Errorf("follow outputs: %w", err))
				return
			}
			if f.cursor != before {
				failures = 0
			}
			c.options.Logger.LogAttrs(ctx, slog.LevelInfo, "stream of outputs ended", slog.Any("error", err), slog.Int("failures", failures))
			wait := max(min(f.pause<<min(failures, 8), longestRetry), retryAfter(err))
			if sleep(ctx, wait) != nil {
				yield(Output{}, fmt.Errorf("follow outputs: %w", ctx.Err()))
				return
			}
		}
	}
}

// How long a follower waits before it opens the stream again: unless the server says otherwise, and at most.
const (
	defaultRetry = 3 * time.Second
	longestRetry = 30 * time.Second
)

// errStopped says that the caller wants no more outputs.
var errStopped = errors.New("the caller has stopped")

// place is where a sequence of outputs counts.
type place struct{ topic, customer string }

// follower is one call of Follow.
type follower struct {
	client *Client
	query  url.Values
	// cursor is what the caller has.
	cursor string
	// seen are the last sequences.
	seen map[place]string
	// pause is what the server asks for before the stream is opened again.
	pause time.Duration
}

// read opens the stream and yields what comes, until it ends: with nil or an error that passes when it is to be opened
// again.
func (f *follower) read(ctx context.Context, yield func(Output, error) bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.client.url(f.query, "v1", "stream"), nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "text/event-stream")
	if f.cursor != "" {
		r.Header.Set("Last-Event-ID", f.cursor)
	}
	silent := time.AfterFunc(f.client.options.Silence, func() { cancel(errSilent) })
	defer silent.Stop()
	answer, err := f.client.do(r)
	if err != nil {
		return f.cause(ctx, err)
	}
	defer answer.Body.Close()
	events := newEventReader(answer.Body)
	for {
		event, err := events.next()
		if err != nil {
			return f.cause(ctx, err)
		}
		// What the caller does with an output may take longer than the stream may be silent.
		silent.Stop()
		if err := f.take(event, yield); err != nil {
			return err
		}
		silent.Reset(f.client.options.Silence)
	}
}

// errSilent says that the stream sent nothing for too long.
var errSilent = errors.New("the stream was silent for too long")

// cause returns why the stream ended; the end of the answer is none.
func (f *follower) cause(ctx context.Context, err error) error {
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		return errSilent
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

// take yields the output of an event, unless it came before, and moves the cursor.
func (f *follower) take(event event, yield func(Output, error) bool) error {
	if event.retry > 0 {
		f.pause = event.retry
	}
	if len(event.data) > 0 {
		o, err := DecodeOutput(event.data)
		if err != nil {
			return err
		}
		at := place{o.topic(), o.Customer}
		o.Cursor = event.id
		if last, known := f.seen[at]; o.Sequence > last {
			// What is kept has memory of its own: the texts of an output are parts of the whole event.
			if !known {
				at = place{strings.Clone(at.topic), strings.Clone(at.customer)}
			}
			f.seen[at] = strings.Clone(o.Sequence)
			if !yield(o, nil) {
				return errStopped
			}
		}
	}
	if event.id != "" {
		f.cursor = event.id
	}
	return nil
}
