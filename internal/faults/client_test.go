package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
)

// answerLimit is how long a client waits for an answer: longer than a node takes to find out that it cannot give one.
const answerLimit = 8 * time.Second

// client is that of all requests.
var client = &http.Client{Timeout: answerLimit, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// answer is what came back of a request: a status, or an error that says nothing about what the request did.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

// String returns what is worth knowing in an error.
func (a answer) String() string {
	if a.err != nil {
		return a.err.Error()
	}
	return fmt.Sprintf("%d %s", a.status, bytes.TrimSpace(a.body))
}

// ask sends a request. header is of pairs of name and value.
func ask(ctx context.Context, method, url string, body []byte, header []string) answer {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: text, err: err}
}

// get asks for a document.
func get[T any](ctx context.Context, url string) (*T, error) {
	a := ask(ctx, http.MethodGet, url, nil, nil)
	if a.err != nil || a.status != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", url, a)
	}
	v := new(T)
	if err := json.Unmarshal(a.body, v); err != nil {
		return nil, fmt.Errorf("GET %s: %w", url, err)
	}
	return v, nil
}

// event is one event as a client sends it.
type event struct {
	id, customer string
	body         []byte
}

// noExpectation is the expected version of an event that names none.
const noExpectation = -1

// newPurchase returns a purchase with an amount that the dice decide.
func newPurchase(id, customer string, at time.Time, expected int64, dice *rand.Rand) event {
	var b strings.Builder
	fmt.Fprintf(&b, `{"specversion":"1.0","id":%q,"source":"/faults","type":"purchase.recorded","subject":%q,"time":%q,`,
		id, customer, at.UTC().Format(time.RFC3339))
	if expected != noExpectation {
		fmt.Fprintf(&b, `"expectedversion":"%d",`, expected)
	}
	fmt.Fprintf(&b, `"data":{"amount":{"minor":%d,"currency":"CNY"}}}`, 100+dice.IntN(100_000))
	return event{id: id, customer: customer, body: []byte(b.String())}
}

// told is what a client was told of one event.
type told struct {
	id     string
	status string
	// version is 0 when no verdict was given.
	version  int64
	position string
}

// appended reports whether the log has the event.
func (r told) appended() bool { return r.position != "" }

// post sends one event and returns what became of it; an error says that it is not known.
func post(ctx context.Context, url string, ev event, prefer string) (told, error) {
	header := []string{"Content-Type", "application/cloudevents+json"}
	if prefer != "" {
		header = append(header, "Prefer", prefer)
	}
	a := ask(ctx, http.MethodPost, url+"/v1/events", ev.body, header)
	if a.err != nil {
		return told{}, a.err
	}
	var doc struct {
		Status   any    `json:"status"` // the name of a verdict, or the status of a problem
		Version  int64  `json:"version"`
		Position string `json:"position"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil {
		return told{}, fmt.Errorf("answer %s: %w", a, err)
	}
	switch a.status {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted:
		status, _ := doc.Status.(string)
		return told{ev.id, status, doc.Version, doc.Position}, nil
	case http.StatusPreconditionFailed:
		return told{ev.id, "conflict", doc.Version, a.header.Get("Rapport-Position")}, nil
	default:
		return told{}, unanswered(a)
	}
}

// postBatch sends events and returns what became of each; an error says that it is not known of all.
func postBatch(ctx context.Context, url string, events []event, prefer string) ([]told, error) {
	bodies := make([][]byte, len(events))
	for i := range events {
		bodies[i] = events[i].body
	}
	body := append(append([]byte{'['}, bytes.Join(bodies, []byte{','})...), ']')
	header := []string{"Content-Type", "application/cloudevents-batch+json"}
	if prefer != "" {
		header = append(header, "Prefer", prefer)
	}
	a := ask(ctx, http.MethodPost, url+"/v1/events", body, header)
	if a.err != nil || a.status != http.StatusOK {
		return nil, unanswered(a)
	}
	var doc struct {
		Results []struct {
			ID       string `json:"id"`
			Status   string `json:"status"`
			Version  int64  `json:"version"`
			Position string `json:"position"`
		} `json:"results"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil {
		return nil, fmt.Errorf("answer %s: %w", a, err)
	}
	if len(doc.Results) != len(events) {
		return nil, &refusedError{fmt.Sprintf("%d results for %d events", len(doc.Results), len(events))}
	}
	results := make([]told, len(events))
	for i, r := range doc.Results {
		results[i] = told{r.ID, r.Status, r.Version, r.Position}
	}
	return results, nil
}

// refusedError is an answer that no fault of the surroundings explains.
type refusedError struct{ text string }

func (e *refusedError) Error() string { return e.text }

// unanswered returns the error of an answer that says neither yes nor no. Faults explain "too many", "unavailable" and
// "too slow", and nothing else.
func unanswered(a answer) error {
	switch {
	case a.err != nil:
		return a.err
	case a.status == http.StatusTooManyRequests, a.status == http.StatusServiceUnavailable, a.status == http.StatusGatewayTimeout:
		return fmt.Errorf("answer %d", a.status)
	default:
		return &refusedError{a.String()}
	}
}

// position parses the text of a position, which came from a node.
func position(text string) (eventstore.Position, error) { return eventstore.ParsePosition(text) }
