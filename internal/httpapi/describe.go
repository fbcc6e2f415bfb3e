package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// config returns the settings of huma: nothing that is loaded from elsewhere, nothing added to the answers, and its
// errors turned into problems.
func (a *api) config() huma.Config {
	config := huma.DefaultConfig("Rapport", a.Version)
	config.Info.Description = "Append events of customers and read what follows from them."
	config.Servers = []*huma.Server{{URL: "/"}}
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	config.RejectUnknownQueryParameters = true
	config.Transformers = []huma.Transformer{a.translate}
	for _, alias := range []struct{ of, by reflect.Type }{
		{reflect.TypeFor[domain.Instant](), reflect.TypeFor[instantSchema]()},
		{reflect.TypeFor[domain.Stage](), reflect.TypeFor[stageSchema]()},
		{reflect.TypeFor[domain.RiskLevel](), reflect.TypeFor[riskSchema]()},
		{reflect.TypeFor[projections.Reason](), reflect.TypeFor[reasonSchema]()},
		{reflect.TypeFor[domain.Date](), reflect.TypeFor[dateSchema]()},
		{reflect.TypeFor[domain.Month](), reflect.TypeFor[monthSchema]()},
		{reflect.TypeFor[eventstore.Position](), reflect.TypeFor[positionSchema]()},
		{reflect.TypeFor[eventstore.Positions](), reflect.TypeFor[positionsSchema]()},
		{reflect.TypeFor[domain.Problem](), reflect.TypeFor[brokenRule]()},
		{reflect.TypeFor[eventstore.Verdict](), reflect.TypeFor[verdictSchema]()},
		{reflect.TypeFor[projections.ComplaintStep](), reflect.TypeFor[complaintStepSchema]()},
		// Without its own alias the list would be described as bytes, which the steps are to Go.
		{reflect.TypeFor[[]projections.ComplaintStep](), reflect.TypeFor[[]complaintStepSchema]()},
	} {
		config.Components.Schemas.RegisterTypeAlias(alias.of, alias.by)
	}
	return config
}

// The types below stand in for types of the domain in the OpenAPI document, because those do not know huma.
type (
	instantSchema       struct{}
	stageSchema         struct{}
	reasonSchema        struct{}
	riskSchema          struct{}
	dateSchema          struct{}
	monthSchema         struct{}
	positionSchema      struct{}
	positionsSchema     struct{}
	verdictSchema       struct{}
	complaintStepSchema struct{}
)

// brokenRule describes a domain.Problem under a name of its own.
type brokenRule struct {
	Pointer string `json:"pointer" doc:"The JSON pointer of the place, in the event, in the policy, or in /query, /path, /header or /body of the request." example:"/data/amount/minor"`
	Rule    string `json:"rule" doc:"The rule that is broken; the names are stable." example:"min"`
	Message string `json:"message" doc:"What must hold. It never contains the value that was found."`
}

// Schema implements huma.SchemaProvider.
func (instantSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

// Schema implements huma.SchemaProvider.
func (stageSchema) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Enum: []any{domain.StageNone.String()}}
	for _, stage := range domain.Stages() {
		s.Enum = append(s.Enum, stage.String())
	}
	return s
}

// Schema implements huma.SchemaProvider.
func (riskSchema) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for level := domain.RiskLow; level <= domain.RiskCritical; level++ {
		s.Enum = append(s.Enum, level.String())
	}
	return s
}

// Schema implements huma.SchemaProvider.
func (reasonSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "The rule behind a move.", Examples: []any{projections.ReasonLost.String()}}
}

// Schema implements huma.SchemaProvider.
func (dateSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date"}
}

// Schema implements huma.SchemaProvider.
func (monthSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^\d{4}-\d{2}$`}
}

// Schema implements huma.SchemaProvider.
func (positionSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Pattern: `^\d+:-?\d+$`, Description: "The place of a record: partition, colon, offset."}
}

// Schema implements huma.SchemaProvider.
func (positionsSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeInteger, Format: "int64"},
		Description: "For each partition the offset after the last record.",
	}
}

// Schema implements huma.SchemaProvider.
func (verdictSchema) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for v := eventstore.Accepted; v <= eventstore.Quarantined; v++ {
		s.Enum = append(s.Enum, v.String())
	}
	return s
}

// Schema implements huma.SchemaProvider.
func (complaintStepSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "A step on the way of a complaint.", Examples: []any{projections.StepResolved.String()}}
}

// schemaOf returns the schema of a type, registered under its name.
func (a *api) schemaOf(v any) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

// describeNulls says of the members of every schema whether they may be null. huma takes lists for null at times, which those
// that are always there are not, and does not know that objects behind pointers may be.
func describeNulls(registry huma.Registry) {
	for name, schema := range registry.Map() {
		for _, required := range schema.Required {
			if member := schema.Properties[required]; member.Type == huma.TypeArray {
				member.Nullable = false
			}
		}
		if t := registry.TypeFromRef("#/components/schemas/" + name); t != nil && t.Kind() == reflect.Struct {
			describePointers(t, schema.Properties)
		}
	}
	// How scores are distributed is null where there are too few to show.
	scores := registry.Schema(reflect.TypeFor[statistics.MeanFigure](), false, "")
	scores.Properties["counts"].Nullable = true
}

// describePointers says of the members that are objects behind pointers that they are null without one.
func describePointers(t reflect.Type, properties map[string]*huma.Schema) {
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			describePointers(field.Type, properties)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if s := properties[name]; s != nil && s.Ref != "" && field.Type.Kind() == reflect.Pointer && options == "" {
			properties[name] = &huma.Schema{AnyOf: []*huma.Schema{s, {Type: "null"}}, Description: s.Description}
		}
	}
}

// read registers a GET operation. The errors of the handler become problems, of which the given statuses are described.
func read[I, O any](a *api, path, id, summary string, handler func(context.Context, *I) (*O, error), statuses ...int) {
	op := huma.Operation{
		Method: http.MethodGet, Path: path, OperationID: id, Summary: summary,
		Responses: a.problems(append(statuses, http.StatusUnprocessableEntity)...),
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, a.report(ctx, err)
		}
		return out, nil
	})
}

// problems describes answers that are problems: those with the given statuses, and any other.
func (a *api) problems(statuses ...int) map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	responses := map[string]*huma.Response{"default": problemResponse("Problem", schema)}
	for _, status := range statuses {
		responses[strconv.Itoa(status)] = problemResponse(http.StatusText(status), schema)
	}
	return responses
}

func problemResponse(description string, schema *huma.Schema) *huma.Response {
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{problemMedia: {Schema: schema}}}
}
