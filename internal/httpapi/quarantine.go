package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/projections"
)

// quarantineInput is the parameters of the list of quarantined records.
type quarantineInput struct {
	AfterParam
	PageParams
	Status string `query:"status" enum:"open,redriven,discarded,all" default:"open" doc:"Only records about which this was done; open, nothing yet."`
}

// entryInput is the parameters of one entry.
type entryInput struct {
	AfterParam
	Position string `path:"position" maxLength:"32" doc:"The place of the record." example:"3:1204"`
}

// entryView is one entry with the record behind it.
type entryView struct {
	projections.Quarantine
	Record *recordView `json:"record,omitempty" doc:"The record as it stands in the log. It may hold personal data."`
}

// recordView is a record as text.
type recordView struct {
	Key     *string      `json:"key,omitempty" doc:"Left out when it is not UTF-8."`
	Value   *string      `json:"value,omitempty" doc:"Left out when it is not UTF-8."`
	Bytes   int          `json:"bytes" doc:"Length of the value."`
	Headers []headerView `json:"headers" nullable:"false"`
}

// headerView is a header of a record.
type headerView struct {
	Name  string  `json:"name"`
	Value *string `json:"value,omitempty" doc:"Left out when it is not UTF-8."`
}

// discardBody says why a record is left out.
type discardBody struct {
	Reason string `json:"reason" doc:"Why the record is left out."`
	Actor  string `json:"actor,omitempty" doc:"Who decides it; counts before the parameter actor."`
}

// notedView is the place of the record that says what was decided.
type notedView struct {
	Position eventstore.Position `json:"position"`
}

// addQuarantine registers what is about records that were set aside.
func (a *api) addQuarantine() {
	read(a, "/v1/quarantine", "quarantine", "Records that were set aside, newest first", a.quarantine, 504)
	read(a, "/v1/quarantine/{position}", "quarantine-entry", "One record that was set aside", a.entry, 404, 504)
	if a.Control == nil {
		return
	}
	place := &huma.Param{Name: "position", In: "path", Required: true, Description: "The place of the record.", Schema: a.schemaOf(eventstore.Position{}), Example: "3:1204"}
	a.order(ordering{
		path: "/v1/quarantine/{position}/redrive", id: "redrive-record", summary: "Append a record anew that was set aside",
		description: "The record is appended unchanged; its verdict is given anew, and with Prefer: wait it is in the answer.",
		parameter:   place,
		answers:     map[int]answered{http.StatusCreated: {"The log has the record anew. With a version, the status is the verdict.", resultView{}}},
		problems:    []int{404, 409, 413},
		carry:       a.redriveRecord,
	})
	a.order(ordering{
		path: "/v1/quarantine/{position}/discard", id: "discard-record", summary: "Leave out a record that was set aside",
		parameter: place,
		request:   map[string]*huma.MediaType{mediaJSON: {Schema: a.schemaOf(discardBody{})}},
		answers: map[int]answered{
			http.StatusAccepted: {"The log has the decision.", notedView{}},
			http.StatusOK:       {"The views reflect the decision.", notedView{}},
		},
		problems: []int{400, 404, 408, 409, 413, 415},
		carry:    a.discardRecord,
	})
}

func (a *api) quarantine(ctx context.Context, in *quarantineInput) (*answer[*projections.QuarantinePage], error) {
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	// Positions first: the page may show more than they cover, never less.
	reflected, err := a.Query.Positions(ctx)
	if err != nil {
		return nil, err
	}
	filter := projections.QuarantineFilter{Cursor: in.Cursor, Limit: in.Limit}
	if in.Status != "all" {
		filter.Status = projections.QuarantineStatus(in.Status)
	}
	found, err := a.Query.Quarantined(ctx, filter)
	if err != nil {
		return nil, err
	}
	return &answer[*projections.QuarantinePage]{positionText(reflected), found}, nil
}

func (a *api) entry(ctx context.Context, in *entryInput) (*answer[entryView], error) {
	at, err := parsePlace(in.Position)
	if err != nil {
		return nil, err
	}
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	reflected, err := a.Query.Positions(ctx)
	if err != nil {
		return nil, err
	}
	page, err := a.Query.Quarantined(ctx, projections.QuarantineFilter{Position: &at})
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 0 {
		p := problemOf(control.ErrNotFound)
		p.setHeader(headerPosition, positionText(reflected))
		return nil, p
	}
	view := entryView{Quarantine: page.Items[0]}
	if a.Records != nil {
		found, err := a.Records.Read(ctx, at.Partition, []int64{at.Offset})
		if err != nil {
			return nil, err
		}
		view.Record = viewOfRecord(&found[0])
	}
	return &answer[entryView]{positionText(reflected), view}, nil
}

// parsePlace reads the place of a record in a path.
func parsePlace(text string) (eventstore.Position, error) {
	at, err := eventstore.ParsePosition(text)
	if err != nil {
		return at, refusal("/path/position", domain.RuleFormat, "must be the place of a record such as 3:1204")
	}
	return at, nil
}

// viewOfRecord returns a record as text, as far as it is text.
func viewOfRecord(r *eventstore.Record) *recordView {
	view := &recordView{Key: text(r.Key), Value: text(r.Value), Bytes: len(r.Value), Headers: make([]headerView, len(r.Headers))}
	for i, h := range r.Headers {
		view.Headers[i] = headerView{Name: strings.ToValidUTF8(h.Key, "\uFFFD"), Value: text(h.Value)}
	}
	return view
}

// text returns bytes as text, nil when they are none.
func text(b []byte) *string {
	if b == nil || !utf8.Valid(b) {
		return nil
	}
	s := string(b)
	return &s
}

func (a *api) redriveRecord(o *order) (*done, error) {
	at, err := parsePlace(o.r.PathValue("position"))
	if err != nil {
		return nil, err
	}
	redriven, err := a.Control.Redrive(o.r.Context(), at, o.actor)
	if err != nil {
		return nil, err
	}
	results := []ingest.Result{{ID: redriven.Event, Stream: redriven.Stream, Status: ingest.Accepted, Position: redriven.Position}}
	a.await(o.w, o.r, results, false)
	o.shown(redriven.Noted)
	return &done{status: http.StatusCreated, at: redriven.Position.String(), body: json.RawMessage(appendResult(nil, 0, &results[0]))}, nil
}

func (a *api) discardRecord(o *order) (*done, error) {
	at, err := parsePlace(o.r.PathValue("position"))
	if err != nil {
		return nil, err
	}
	texts, err := o.texts("reason", "actor")
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(texts["reason"]) == "" {
		return nil, refusal("/body/reason", domain.RuleRequired, "must say why")
	}
	o.name(texts)
	noted, err := a.Control.Discard(o.r.Context(), at, texts["reason"], o.actor)
	if err != nil {
		return nil, err
	}
	return o.noted(noted, notedView{noted}), nil
}

// noted returns the answer to an order whose effect is a record at the place: 200 when the views reflect it.
func (o *order) noted(at eventstore.Position, body any) *done {
	status := http.StatusAccepted
	if o.shown(at) {
		status = http.StatusOK
	}
	return &done{status: status, at: at.String(), body: body}
}
