package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// What a server may find wrong with a request, for errors.Is. The *Problem that comes with it tells the rest.
var (
	// ErrInvalid means that the event, or the request, breaks rules: Problem.Errors has each place.
	ErrInvalid = errors.New("it breaks rules")
	// ErrIDReused means that the customer has an event with this id and other content.
	ErrIDReused = errors.New("the id belongs to another event")
	// ErrVersionMismatch means that the customer is at another version than the event expects: Problem.Version has it.
	ErrVersionMismatch = errors.New("the customer is at another version")
	// ErrGone means that the outputs after the cursor are deleted: read the views, then follow without a cursor.
	ErrGone = errors.New("the outputs asked for were deleted")
	// ErrUnknown means that nobody knows whether an event is in the log: append it again with the same id.
	ErrUnknown = errors.New("the outcome is unknown; append it again with the same id")
)

// problemBase is how the type of every problem of the server begins.
const problemBase = "https://rapport-crm.github.io/problems/"

// kinds names the problems, by what stands behind problemBase.
var kinds = map[string]error{
	"invalid-event": ErrInvalid, "invalid-request": ErrInvalid, "id-reused": ErrIDReused, "version-mismatch": ErrVersionMismatch,
	"outputs-gone": ErrGone,
}

// Problem is an answer that is no success, as RFC 9457 has it.
type Problem struct {
	// Type names the kind of problem and never changes; docs/problems.md lists them.
	Type string `json:"type"`
	// Title is the kind in words, and Detail says what is the matter this time.
	Title  string `json:"title"`
	Detail string `json:"detail"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Instance is the id of the request in the log of the server.
	Instance string `json:"instance"`
	// Errors are the rules that the request breaks, each with its place.
	Errors []domain.Problem `json:"errors"`
	// Version is the version that the customer has, when the event was not taken for it, and otherwise 0.
	Version int64 `json:"version"`
	// RetryAfter is how long the server asks to wait before the next try, 0 when it does not say.
	RetryAfter time.Duration `json:"-"`
}

// Error returns title, detail, and the places with their rules.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", p.Status, p.Title)
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	for _, e := range p.Errors {
		fmt.Fprintf(&b, "; %s %s", e.Pointer, e.Message)
	}
	return b.String()
}

// Is reports whether target is the error that the kind of problem stands for.
func (p *Problem) Is(target error) bool {
	kind, known := kinds[strings.TrimPrefix(p.Type, problemBase)]
	return known && target == kind
}

// problemBytes is how much of an answer that is no success is read.
const problemBytes = 1 << 20

// readProblem returns the problem of an answer. One that is not of Rapport, of a proxy for instance, has its status alone.
func readProblem(answer *http.Response) error {
	p := new(Problem)
	text, err := io.ReadAll(io.LimitReader(answer.Body, problemBytes))
	if err != nil || json.Unmarshal(text, p) != nil || !strings.HasPrefix(p.Type, problemBase) {
		p = &Problem{Title: http.StatusText(answer.StatusCode)}
	}
	p.Status, p.RetryAfter = answer.StatusCode, seconds(answer.Header.Get("Retry-After"))
	return p
}
