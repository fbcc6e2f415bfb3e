package httpapi

import (
	"maps"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/domain"
)

// describeEvents adds the front door to the OpenAPI document. huma reads a body as a whole before it calls a handler,
// so the operation is served without it.
func (a *api) describeEvents() {
	registry := a.huma.OpenAPI().Components.Schemas
	registry.Map()["Event"] = eventSchema()
	event := &huma.Schema{Ref: "#/components/schemas/Event"}
	result := registry.Schema(reflect.TypeFor[resultView](), true, "Result")
	results := registry.Schema(reflect.TypeFor[batchView](), true, "Results")
	responses := a.problems(http.StatusBadRequest, http.StatusRequestTimeout, http.StatusConflict,
		http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	position := map[string]*huma.Param{headerPosition: {
		Description: "Where the events are in the log; after a stream it is a trailer.", Schema: &huma.Schema{Type: huma.TypeString},
	}}
	waited := maps.Clone(position)
	waited[headerApplied] = &huma.Param{Description: "The preference wait, when the request had it.", Schema: &huma.Schema{Type: huma.TypeString}}
	judged := maps.Clone(waited)
	judged["ETag"] = &huma.Param{Description: "The version of the stream after one event.", Schema: &huma.Schema{Type: huma.TypeString}}
	maps.Copy(responses, map[string]*huma.Response{
		"201": {
			Description: "One event was accepted by its stream.", Headers: judged,
			Content: map[string]*huma.MediaType{"application/json": {Schema: result}},
		},
		"202": {
			Description: "One event is in the log. Its verdict was not asked for, or did not come in time.", Headers: waited,
			Content: map[string]*huma.MediaType{"application/json": {Schema: result}},
		},
		"200": {
			Description: "One result for each event of a batch, or a line for each line of a stream. A stream that breaks off ends with a line whose only member, problem, says why. " +
				"Or the result of one event that its stream has accepted before.",
			Headers: judged,
			Content: map[string]*huma.MediaType{
				"application/json": {Schema: &huma.Schema{OneOf: []*huma.Schema{results, result}}},
				mediaStream:        {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		},
	})
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		Method: http.MethodPost, Path: "/v1/events", OperationID: "append-events", Summary: "Append events",
		Description: "Events are CloudEvents 1.0 with JSON data: one, a batch, or a stream of lines. One event may also come in the binary " +
			"content mode, with its attributes in ce- headers and its data as the body. Bodies may be compressed with gzip or zstd. " +
			"What is invalid is refused with the rules it breaks and does not harm the rest. An answer says that the log has the events. " +
			"With Prefer: wait it says what their streams made of them, as does the answer to one event with an expected version; when " +
			"that does not come in time, the answer is the one without it.",
		Parameters: []*huma.Param{
			{
				Name: "If-Match", In: "header", Description: "The version that the stream of one event must have, as the ETag of the customer.",
				Schema: &huma.Schema{Type: huma.TypeString, Pattern: `^"v\d+"$`}, Example: `"v7"`,
			},
			{
				Name: headerPrefer, In: "header", Description: "wait, or wait= and a number of seconds: wait for the verdicts, at most as long as the server allows.",
				Schema: &huma.Schema{Type: huma.TypeString}, Example: "wait=5",
			},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			mediaOne:           {Schema: event},
			mediaBatch:         {Schema: &huma.Schema{Type: huma.TypeArray, Items: event}},
			mediaStream:        {Schema: &huma.Schema{Type: huma.TypeString, Description: "One event in each line, at most 1 MiB long."}},
			"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, Description: "The data of an event whose attributes are headers.", AdditionalProperties: true}},
		}},
		Responses: responses,
	})
}

// eventSchema describes a CloudEvent. It is open: other attributes are extensions.
func eventSchema() *huma.Schema {
	text := func(description string, limit int) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: description, MaxLength: &limit}
	}
	return &huma.Schema{
		Type: huma.TypeObject, Required: []string{"specversion", "id", "source", "type", "subject", "time"},
		AdditionalProperties: true,
		Properties: map[string]*huma.Schema{
			"specversion":     {Type: huma.TypeString, Enum: []any{"1.0"}},
			"id":              text("Identifies the event within its subject for ever.", domain.MaxID),
			"source":          text("Who produced the event, as a URI reference.", domain.MaxSource),
			"type":            text("The event type; the catalogue has a schema of the data for each.", domain.MaxType),
			"subject":         text("The customer, or org: or employee: and an id.", domain.MaxID),
			"time":            {Type: huma.TypeString, Format: "date-time", Description: "When it happened."},
			"datacontenttype": {Type: huma.TypeString, Description: "application/json or another JSON type."},
			"dataschema":      text("The schema that the data follows.", domain.MaxSource),
			"actor":           text("The employee or program that did it.", domain.MaxID),
			"orgunit":         text("The path of the organisation unit.", domain.MaxID),
			"channel":         text("The channel of the contact.", domain.MaxID),
			"causationid":     text("The id of the event that caused this one.", domain.MaxID),
			"traceparent":     text("The W3C trace context.", domain.MaxID),
			"expectedversion": {Type: huma.TypeString, Pattern: `^\d+$`, Description: "The version the stream must have for the event to be accepted."},
			"data":            {Type: huma.TypeObject, AdditionalProperties: true, Description: "What the type says, at most 64 KiB."},
		},
	}
}

// describeOperations adds to the OpenAPI document what is served without huma, besides the events.
func (a *api) describeOperations() {
	object := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	name := func(name, description string) *huma.Param {
		return &huma.Param{Name: name, In: "path", Required: true, Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	for _, op := range []struct {
		path, id, summary, media string
		schema                   *huma.Schema
		parameters               []*huma.Param
		problems                 []int
	}{
		{path: "/healthz", id: "health", summary: "The program is alive", media: "application/json", schema: object},
		{path: "/readyz", id: "ready", summary: "The program can do its work", media: "application/json", schema: object, problems: []int{503}},
		{path: "/metrics", id: "metrics", summary: "Metrics in the Prometheus form", media: "text/plain", schema: &huma.Schema{Type: huma.TypeString}},
		{
			path: "/schemas/{type}/{version}", id: "schema", summary: "The JSON Schema of a version of an event type",
			media: "application/schema+json", schema: object, problems: []int{404},
			parameters: []*huma.Param{name("type", "The event type."), name("version", "The file of the version, for example v1.json.")},
		},
		{path: "/openapi.json", id: "openapi", summary: "This document", media: "application/json", schema: object},
	} {
		responses := a.problems(op.problems...)
		responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{op.media: {Schema: op.schema}}}
		a.huma.OpenAPI().AddOperation(&huma.Operation{
			Method: http.MethodGet, Path: op.path, OperationID: op.id, Summary: op.summary, Parameters: op.parameters, Responses: responses,
		})
	}
}
