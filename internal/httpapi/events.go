package httpapi

import (
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/internal/ingest"
)

// The media types of the three forms in which events are sent.
const (
	mediaOne    = "application/cloudevents+json"
	mediaBatch  = "application/cloudevents-batch+json"
	mediaStream = "application/x-ndjson"
)

// attributeHeader starts the headers that carry the attributes of an event in binary mode.
const attributeHeader = "Ce-"

// addEvents registers the front door.
func (a *api) addEvents() {
	a.mux.HandleFunc("POST /v1/events", a.events)
	a.describeEvents()
}

// events takes events in the form that the content type says.
func (a *api) events(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" {
		a.fail(w, r, unknownParameters(slices.Sorted(maps.Keys(r.URL.Query()))))
		return
	}
	if err := a.admit(r.Context()); err != nil {
		a.fail(w, r, err)
		return
	}
	media, binary := r.Header.Get("Content-Type"), r.Header.Get(attributeHeader+"Specversion") != ""
	if parsed, _, err := mime.ParseMediaType(media); err == nil {
		media = parsed
	}
	switch {
	case media == mediaOne:
		a.one(w, r, wire.DecodeJSON)
	case media == mediaBatch:
		a.many(w, r, a.batch)
	case media == mediaStream:
		a.many(w, r, a.stream)
	case binary && (media == "" || media == "application/json" || strings.HasSuffix(media, "+json")):
		a.one(w, r, binaryMode(r.Header, media))
	default:
		p := kindMedia.problem("The content type must be " + mediaOne + ", " + mediaBatch + " or " + mediaStream +
			", or application/json with the attributes in ce- headers.")
		p.setHeader("Accept-Post", mediaOne+", "+mediaBatch+", "+mediaStream+", application/json")
		a.fail(w, r, p)
	}
}

func unknownParameters(names []string) *Problem {
	p := kindInvalid.problem("There are no such parameters here.")
	for _, name := range names {
		p.Errors = append(p.Errors, domain.Problem{Pointer: "/query/" + name, Rule: ruleUnknown, Message: "unknown query parameter"})
	}
	return p
}

// one takes one event and answers with its position, with its verdict, or with the rules it breaks.
func (a *api) one(w http.ResponseWriter, r *http.Request, decode func(*domain.Event, []byte) error) {
	content, release, err := a.slurp(w, r, maxOne)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	defer release()
	events := make([]domain.Event, 1)
	if err := decode(&events[0], content); err != nil {
		a.fail(w, r, err)
		return
	}
	if err := expect(&events[0], r.Header); err != nil {
		a.fail(w, r, err)
		return
	}
	results, err := a.append(r.Context(), a.Ingest.Append, events)
	a.count(results)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if result := &results[0]; result.Status == ingest.Invalid {
		a.fail(w, r, kindInvalidEvent.problem(detailInvalid, result.Problems...))
		return
	}
	// Who says which version the stream must have wants to know whether it had.
	a.await(w, r, results, events[0].ExpectedVersion != domain.NoExpectation)
	a.answer(w, r, &results[0])
}

// many takes several events, for which a precondition has no meaning.
func (a *api) many(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
	if r.Header.Get("If-Match") != "" {
		a.fail(w, r, kindPrecondition.problem("If-Match is for one event; in a batch or stream each event has its own expectedversion."))
		return
	}
	handle(w, r)
}

// expect sets the expected version of the event from the header If-Match.
func expect(ev *domain.Event, header http.Header) error {
	values := header.Values("If-Match")
	if len(values) == 0 {
		return nil
	}
	digits, ok := strings.CutPrefix(strings.TrimSuffix(values[0], `"`), `"v`)
	version, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || len(values) > 1 || etag(version) != values[0] || version < 0 {
		return kindPrecondition.problem(`If-Match must be one strong tag of a version, for example "v7".`,
			domain.Problem{Pointer: "/header/If-Match", Rule: domain.RuleFormat, Message: `must be of the form "v7"`})
	}
	if ev.ExpectedVersion != domain.NoExpectation && ev.ExpectedVersion != version {
		return kindPrecondition.problem("If-Match and expectedversion contradict each other.",
			domain.Problem{Pointer: "/expectedversion", Rule: wire.RuleMismatch, Message: "must equal the version in If-Match"})
	}
	ev.ExpectedVersion = version
	return nil
}

// binaryMode returns the reader of an event whose attributes are headers. The HTTP binding of CloudEvents writes them
// percent-encoded.
func binaryMode(header http.Header, media string) func(*domain.Event, []byte) error {
	return func(ev *domain.Event, content []byte) error {
		attributes := []wire.Header{{Key: "content-type", Value: []byte(media)}}
		for _, name := range slices.Sorted(maps.Keys(header)) {
			rest, ok := strings.CutPrefix(name, attributeHeader)
			if !ok {
				continue
			}
			name := strings.ToLower(rest)
			value, err := url.PathUnescape(header.Get(attributeHeader + rest))
			if err != nil {
				return &wire.Malformed{Pointer: "/" + name, Rule: wire.RuleFormat, Message: "must be percent-encoded"}
			}
			attributes = append(attributes, wire.Header{Key: "ce_" + name, Value: []byte(value)})
		}
		return wire.Decode(ev, nil, content, attributes)
	}
}

// count adds what became of events at the door to the metrics. Verdicts are counted where they are made.
func (a *api) count(results []ingest.Result) {
	var n [ingest.Conflict + 1]int
	for i := range results {
		n[results[i].Status]++
	}
	for status, n := range n {
		if n > 0 {
			a.Metrics.Ingested(ingest.Status(status).String(), n)
		}
	}
}
