package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// NewEvent returns an event with a new id: what happened to the customer at an instant, and its data, a struct of package
// domain such as *domain.PurchaseRecorded or anything else that JSON can hold. It expects no version. Source and the other
// attributes are the caller's to set; without a source it is "client".
func NewEvent(typ, customer string, at time.Time, data any) (*domain.Event, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("data of %s: %w", typ, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("mint an id: %w", err)
	}
	return &domain.Event{
		ID: id.String(), Source: "client", Type: typ, Subject: customer, Time: domain.InstantOf(at),
		ExpectedVersion: domain.NoExpectation, Data: text,
	}, nil
}

// Status is what became of an event.
type Status string

// What may become of an event. Without a version, accepted says that the log has the event and duplicate that it came before
// in the same request; with one they are the verdict of the customer's stream.
const (
	Accepted  Status = "accepted"
	Duplicate Status = "duplicate"
	Conflict  Status = "conflict"
	Invalid   Status = "invalid"
	Unknown   Status = "unknown"
)

// Result is what became of one event.
type Result struct {
	ID     string `json:"id"`
	Status Status `json:"status"`
	// Version is the version of the customer after the event, when the verdict is known, and otherwise 0.
	Version int64 `json:"version"`
	// Position is where the event is in the log; reads that wait for it, by the parameter after, reflect the event.
	Position string `json:"position"`
	// Errors are the rules that an event breaks which is invalid or in conflict.
	Errors []domain.Problem `json:"errors"`
}

// Err returns nil when the log has the event and its customer took it as far as is known. Otherwise the error is ErrInvalid,
// ErrIDReused, ErrVersionMismatch or ErrUnknown.
func (r *Result) Err() error {
	switch r.Status {
	case Accepted, Duplicate:
		return nil
	case Invalid:
		return r.fault(ErrInvalid)
	case Conflict:
		for _, e := range r.Errors {
			if e.Rule == "version" {
				return r.fault(ErrVersionMismatch)
			}
		}
		return r.fault(ErrIDReused)
	default:
		return r.fault(ErrUnknown)
	}
}

func (r *Result) fault(kind error) error {
	if len(r.Errors) == 0 {
		return fmt.Errorf("event %s: %w", r.ID, kind)
	}
	return fmt.Errorf("event %s: %w: %s %s", r.ID, kind, r.Errors[0].Pointer, r.Errors[0].Message)
}

// The media types in which events are sent.
const (
	mediaEvent = "application/cloudevents+json"
	mediaBatch = "application/cloudevents-batch+json"
)

// Append appends one event. It returns once the log has it; with a wait above 0, or an expected version, once its verdict is
// known, when that comes in time: Result.Version is then above 0. An event that was not taken is an error: a *Problem that is
// ErrInvalid, ErrIDReused or ErrVersionMismatch.
//
// While the server cannot be reached, is busy or does not know the outcome, the same event is sent again; the id keeps it
// from counting twice. An error that is none of those above leaves it open whether the log has the event.
func (c *Client) Append(ctx context.Context, ev *domain.Event, wait time.Duration) (*Result, error) {
	body := wire.Encode(nil, ev)
	var result *Result
	err := c.retry(ctx, func() error {
		result = new(Result)
		if err := c.post(ctx, body, mediaEvent, wait, result); err != nil {
			return err
		}
		if result.Status == Unknown {
			return result.Err()
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("append event %s: %w", ev.ID, err)
	}
	return result, nil
}

// AppendBatch appends events, at most 100,000 and 64 MiB, and returns what became of each, in their order. One that is not
// taken keeps no other from being taken; see Result.Err. Those whose outcome is unknown are sent again as Append does; what
// stays unknown when the patience of the client ends has the status Unknown. When an error is returned, some of the events
// may be in the log: all can be appended again.
func (c *Client) AppendBatch(ctx context.Context, events []*domain.Event, wait time.Duration) ([]Result, error) {
	if len(events) == 0 {
		return nil, nil
	}
	results := make([]Result, len(events))
	open := make([]int, len(events)) // the places of events whose outcome is not known yet
	for i := range open {
		open[i] = i
	}
	err := c.retry(ctx, func() error {
		var answer struct {
			Results []Result `json:"results"`
		}
		if err := c.post(ctx, batchOf(events, open), mediaBatch, wait, &answer); err != nil {
			return err
		}
		if len(answer.Results) != len(open) {
			return fmt.Errorf("%d results of %d events", len(answer.Results), len(open))
		}
		var left []int
		for i, place := range open {
			results[place] = answer.Results[i]
			if results[place].Status == Unknown {
				left = append(left, place)
			}
		}
		if open = left; len(open) > 0 {
			return ErrUnknown
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrUnknown) {
		return nil, fmt.Errorf("append %d events: %w", len(events), err)
	}
	return results, nil
}

// batchOf returns the events at the given places as a batch.
func batchOf(events []*domain.Event, places []int) []byte {
	body := []byte{'['}
	for i, place := range places {
		if i > 0 {
			body = append(body, ',')
		}
		body = wire.Encode(body, events[place])
	}
	return append(body, ']')
}

// post sends events and reads the answer.
func (c *Client) post(ctx context.Context, body []byte, media string, wait time.Duration, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url(nil, "v1", "events"), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", media)
	if wait > 0 {
		r.Header.Set("Prefer", "wait="+strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	answer, err := c.do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}
