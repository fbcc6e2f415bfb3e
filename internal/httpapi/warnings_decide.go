package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/projections"
)

// warningSource is the CloudEvents source of the events by which people decide about warnings over this API.
const warningSource = "rapport/api"

// The bodies of decisions about a warning.
type (
	acknowledgeBody struct {
		Note  string `json:"note,omitempty" doc:"What the person means to do."`
		Actor string `json:"actor,omitempty" doc:"Who does it, instead of the parameter."`
	}
	assignBody struct {
		Employee string `json:"employee,omitempty" doc:"Who is to deal with it. Left out or empty: the owner of the customer again."`
		Actor    string `json:"actor,omitempty" doc:"Who does it, instead of the parameter."`
	}
	snoozeBody struct {
		Until  string `json:"until" format:"date-time" doc:"When it is shown again."`
		Reason string `json:"reason" doc:"Why it can wait."`
		Actor  string `json:"actor,omitempty" doc:"Who does it, instead of the parameter."`
	}
	dismissBody struct {
		Reason string `json:"reason" doc:"Why it is groundless."`
		Actor  string `json:"actor,omitempty" doc:"Who does it, instead of the parameter."`
	}
)

// addWarningDecisions registers what people decide about a warning.
func (a *api) addWarningDecisions() {
	limit := 64
	place := &huma.Param{
		Name: "id", In: "path", Required: true, Description: "The id of the warning.", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &limit},
	}
	for _, d := range []struct {
		verb, summary string
		event         string
		body          any
		members       []string
	}{
		{"acknowledge", "Say that somebody has seen a warning and deals with it", "warning.acknowledged", acknowledgeBody{}, []string{"note"}},
		{"assign", "Give a warning to an employee", "warning.assigned", assignBody{}, []string{"employee"}},
		{"snooze", "Show a warning again later", "warning.snoozed", snoozeBody{}, []string{"until", "reason"}},
		{"dismiss", "End a warning that is groundless", "warning.dismissed", dismissBody{}, []string{"reason"}},
	} {
		a.order(ordering{
			path: "/v1/warnings/{id}/" + d.verb, id: d.verb + "-warning", summary: d.summary,
			description: "It appends the event " + d.event + " to the stream of the customer and waits until the views reflect it, at most as long as Prefer: wait says or the server allows.",
			parameter:   place,
			request:     map[string]*huma.MediaType{mediaJSON: {Schema: a.schemaOf(d.body)}},
			answers: map[int]answered{
				http.StatusOK:       {"The warning as it is now.", projections.WarningView{}},
				http.StatusAccepted: {"The log has the event. The warning as it was before.", projections.WarningView{}},
			},
			problems: []int{400, 404, 408, 409, 413, 415},
			carry: func(o *order) (*done, error) {
				texts, err := o.texts(append(d.members, "actor")...)
				if err != nil {
					return nil, err
				}
				o.name(texts)
				delete(texts, "actor")
				return o.decide(d.event, texts)
			},
		})
	}
}

// decide appends an event about the warning of the path and answers with the warning.
func (o *order) decide(typ string, data map[string]string) (*done, error) {
	ctx, id := o.r.Context(), o.r.PathValue("id")
	before, page, err := o.api.latestWarning(ctx, id)
	if err != nil {
		return nil, err
	}
	if !before.Open {
		return nil, kindEnded.problem(detailEnded)
	}
	ev, err := o.decision(typ, before, page, data)
	if err != nil {
		return nil, err
	}
	if until, err := domain.ParseInstant(data["until"]); err == nil && until <= ev.Time {
		return nil, refusal("/body/until", domain.RuleMin, "must lie ahead")
	}
	if err := o.api.admit(ctx); err != nil {
		return nil, err
	}
	results, err := o.api.append(ctx, o.api.Ingest.Append, []domain.Event{*ev})
	o.api.count(results)
	if err != nil {
		return nil, err
	}
	result := &results[0]
	if result.Status == ingest.Invalid {
		return nil, &domain.Invalid{Problems: result.Problems}
	}
	o.api.await(o.w, o.r, results, true)
	answer := &done{status: http.StatusAccepted, at: result.Position.String(), body: before}
	if !result.Judged {
		return answer, nil
	}
	after, _, err := o.api.latestWarning(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !after.Open && after.Reason != projections.WarningDismissed.String():
		return nil, kindEnded.problem(detailEnded) // between the look and the event
	}
	answer.status, answer.body = http.StatusOK, after
	return answer, nil
}

const detailEnded = "The warning has ended, so there is nothing to decide about it. A new one has an id of its own."

// decision returns the event about a warning. Where the views are of the past, as those of a historic log are, it happens at
// the end of that past: at the time of the clock the warning would have ended long ago.
func (o *order) decision(typ string, w *projections.WarningView, page *projections.CasePage, data map[string]string) (*domain.Event, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	data["warning_id"] = w.ID
	for _, name := range []string{"note", "employee"} {
		if data[name] == "" {
			delete(data, name)
		}
	}
	text, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	at := domain.InstantOf(o.api.Now())
	past := domain.Instant(page.Policy.HistoricAfter.Microseconds())
	if page.Policy.Clock == domain.ClockEvents || at-page.AsOf > past {
		at = max(page.AsOf, w.RaisedAt)
	}
	return &domain.Event{
		ID: id.String(), Source: warningSource, Type: typ, Subject: strings.Clone(w.Customer), Time: at, Actor: o.actor,
		ExpectedVersion: domain.NoExpectation, Data: text,
	}, nil
}

// latestWarning returns the latest warning with the id and the page that it is on.
func (a *api) latestWarning(ctx context.Context, id string) (*projections.WarningView, *projections.CasePage, error) {
	page, err := a.Query.Cases(ctx, projections.CaseFilter{Kind: projections.CaseWarning, ID: id, Limit: 1})
	if err != nil {
		return nil, nil, err
	}
	if len(page.Items) == 0 {
		p := kindNotFound.problem("There is no such warning, or the customer has a newer one.")
		p.setHeader(headerPosition, positionText(page.Positions))
		return nil, nil, p
	}
	w, err := page.Items[0].Warning(page.AsOf)
	return w, page, err
}
