package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/asyncapi"
	"github.com/rapport-crm/rapport/internal/stream"
)

// feed sends outputs to clients: stream.Hub.
type feed interface {
	Topics() []string
	Subscribe(ctx context.Context, filter stream.Filter, from stream.Cursor) (*stream.Subscription, error)
}

// headerLastEventID names the header with which a client resumes. The parameter last_event_id stands for it where a client
// cannot set headers.
const (
	headerLastEventID = "Last-Event-ID"
	paramLastEventID  = "last_event_id"
)

// mediaEvents is the media type of Server-Sent Events.
const mediaEvents = "text/event-stream"

// The comments with which a stream begins, and with which the server ends it. What follows the colon is for people.
const (
	commentRetry     = "retry: 3000\n"
	commentHeartbeat = ": heartbeat\n"
	commentDropped   = ": dropped: outputs came faster than they were read; resume with Last-Event-ID\n\n"
	commentClosing   = ": closing: the server stops; resume with Last-Event-ID\n\n"
	commentFailed    = ": failed: the outputs cannot be read here; resume with Last-Event-ID\n\n"
)

// addOutputs registers the contract of the outputs and, with a feed, the stream of them.
func (a *api) addOutputs() error {
	document, err := asyncapi.Document(a.Version, a.Brokers)
	if err != nil {
		return err
	}
	a.mux.HandleFunc("GET /asyncapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(document)
	})
	responses := a.problems()
	responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
		"application/yaml": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}},
	}}
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		Method: http.MethodGet, Path: "/asyncapi.yaml", OperationID: "asyncapi", Summary: "The AsyncAPI document of the output topics", Responses: responses,
	})
	if a.Stream != nil {
		a.mux.HandleFunc("GET /v1/stream", a.outputs)
		a.describeStream()
	}
	return nil
}

// outputs streams outputs until the client leaves or falls behind, or the server stops.
func (a *api) outputs(w http.ResponseWriter, r *http.Request) {
	filter, from, err := a.subscription(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	limited, cancel := context.WithTimeout(r.Context(), a.WaitLimit)
	sub, err := a.Stream.Subscribe(limited, filter, from)
	cancel()
	if err != nil {
		a.fail(w, r, streamProblem(err))
		return
	}
	defer sub.Close()
	w.Header().Set("Content-Type", mediaEvents)
	w.Header().Set("X-Accel-Buffering", "no") // a proxy that collects the answer would keep it to itself
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	s := &eventStream{w: w, control: http.NewResponseController(w), sub: sub, heartbeat: a.StreamHeartbeat}
	s.run(r.Context())
}

// eventStream is an answer of Server-Sent Events.
type eventStream struct {
	w         http.ResponseWriter
	control   *http.ResponseController
	sub       *stream.Subscription
	heartbeat time.Duration
}

// run sends what comes. A client that does not read blocks this goroutine alone, until the answer gives it up.
func (s *eventStream) run(ctx context.Context) {
	// The id that the client has at once lets it come back before the first output without missing any.
	err := s.send([]byte(commentRetry), s.sub.Position())
	for err == nil {
		limited, cancel := context.WithTimeout(ctx, s.heartbeat)
		events, fault := s.sub.Next(limited)
		cancel()
		switch {
		case fault == nil:
			err = s.send(events...)
		case ctx.Err() != nil:
			return
		case errors.Is(fault, context.DeadlineExceeded):
			err = s.send([]byte(commentHeartbeat), s.sub.Position())
		default:
			// When this fails too, the client is gone.
			_ = s.send([]byte(farewell(fault)))
			return
		}
	}
}

// farewell returns the comment for the error that ends a subscription.
func farewell(fault error) string {
	switch {
	case errors.Is(fault, stream.ErrSlow):
		return commentDropped
	case errors.Is(fault, stream.ErrStopped):
		return commentClosing
	default:
		return commentFailed
	}
}

func (s *eventStream) send(texts ...[]byte) error {
	for _, text := range texts {
		if _, err := s.w.Write(text); err != nil {
			return err
		}
	}
	if err := s.control.Flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// subscription reads what a request asks for. Values are separated by commas, or the parameter is repeated.
func (a *api) subscription(r *http.Request) (stream.Filter, stream.Cursor, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return stream.Filter{}, nil, kindInvalid.problem("The query cannot be read.")
	}
	var filter stream.Filter
	last := r.Header.Get(headerLastEventID)
	for name, values := range query {
		items := slices.DeleteFunc(strings.Split(strings.Join(values, ","), ","), func(s string) bool { return s == "" })
		switch name {
		case "topic":
			filter.Topics = items
		case "type":
			filter.Types = items
		case "customer":
			filter.Customers = items
		case "org_unit":
			filter.OrgUnit = values[0]
		case paramLastEventID:
			if last == "" {
				last = values[0]
			}
		default:
			return filter, nil, parameter(name, ruleUnknown, "is no parameter of the stream")
		}
	}
	if err := a.checkFilter(&filter); err != nil || last == "" {
		return filter, nil, err
	}
	from, err := stream.ParseCursor(last)
	if err != nil {
		return filter, nil, streamProblem(err)
	}
	return filter, from, nil
}

// checkFilter refuses what would never match. A topic may be named without the part before its last dot.
func (a *api) checkFilter(filter *stream.Filter) error {
	for i, name := range filter.Topics {
		at := slices.IndexFunc(a.Stream.Topics(), func(topic string) bool { return topic == name || strings.HasSuffix(topic, "."+name) })
		if at < 0 {
			return parameter("topic", domain.RuleOneOf, "must be among "+strings.Join(a.Stream.Topics(), ", "))
		}
		filter.Topics[i] = a.Stream.Topics()[at]
	}
	for _, name := range filter.Types {
		if _, known := domain.LookupOutput(name); !known {
			return parameter("type", domain.RuleOneOf, "must be types of outputs")
		}
	}
	return nil
}

// streamProblem returns the problem of a subscription that cannot begin.
func streamProblem(err error) error {
	switch {
	case errors.Is(err, stream.ErrCursor):
		return kindInvalid.problem("The stream cannot resume there.", domain.Problem{
			Pointer: "/header/" + headerLastEventID, Rule: domain.RuleFormat, Message: "must be an id of this stream",
		})
	case errors.Is(err, stream.ErrGone):
		return kindGone.problem("The topics no longer have all outputs that follow the id. Begin without it, or read the views first.")
	case errors.Is(err, stream.ErrFull):
		return kindBusy.problem("The stream has as many clients as it takes.")
	case errors.Is(err, stream.ErrStopped):
		return kindNotReady.problem("The server is stopping.")
	default:
		return err
	}
}

// describeStream adds the stream to the OpenAPI document.
func (a *api) describeStream() {
	text := &huma.Schema{Type: huma.TypeString}
	param := func(in, name, description string) *huma.Param {
		return &huma.Param{Name: name, In: in, Description: description, Schema: text}
	}
	responses := a.problems(http.StatusGone, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout)
	responses["200"] = &huma.Response{
		Description: "Server-Sent Events without end: the event is the type of the output, the data its CloudEvent, the id what to resume with. " +
			"Every 15 s without an output there is a comment, heartbeat, with the id so far. The server ends a stream with a comment that begins with " +
			"dropped when the client reads more slowly than outputs come, with closing when it stops, with failed when the topics cannot be read.",
		Content: map[string]*huma.MediaType{mediaEvents: {Schema: text}},
	}
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		Method: http.MethodGet, Path: "/v1/stream", OperationID: "stream-outputs", Summary: "Follow the outputs",
		Description: "Without an id the stream begins with the next output. An id is valid at every server on the same topics, and after restarts. " +
			"Outputs of a customer on a topic come in order; after a crash some may come again, with the same id and sequence in their CloudEvent.",
		Parameters: []*huma.Param{
			param("query", "topic", "Only outputs on these topics, separated by commas."),
			param("query", "type", "Only outputs of these types, separated by commas."),
			param("query", "customer", "Only outputs of these customers, separated by commas."),
			param("query", "org_unit", "Only outputs that name this organisation unit or one below it."),
			param("query", paramLastEventID, "Stands for the header where a client cannot set it."),
			param("header", headerLastEventID, "The id after which the stream goes on."),
		},
		Responses: responses,
	})
}
