package httpapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/notify"
)

// mediaMergePatch is the media type of changes to a document by RFC 7396.
const mediaMergePatch = "application/merge-patch+json"

// webhookBody describes what a webhook asks for, and what is to become of it. Members that are left out keep their
// values, or have their defaults in a new webhook; null is the default.
type webhookBody struct {
	URL         string      `json:"url,omitempty" doc:"Where deliveries are sent: a public https address. A new webhook needs it."`
	Description string      `json:"description,omitempty" doc:"For people."`
	Types       []string    `json:"types,omitempty" doc:"Types of outputs, or beginnings of them with a star. Default: all."`
	OrgUnit     string      `json:"org_unit,omitempty" doc:"Only outputs of this organisation unit and those below it. Default: all outputs."`
	MinLevel    string      `json:"min_level,omitempty" enum:"low,watch,high,critical" doc:"The least level of outputs that have one. Default: all."`
	Ordered     bool        `json:"ordered,omitempty" doc:"Hold the deliveries of a customer back while an earlier one is pending."`
	MaxAge      string      `json:"max_age,omitempty" doc:"How old an output may be to be sent, as a duration such as 36h or 90m. Default: 72h." example:"36h"`
	OldNews     bool        `json:"old_news,omitempty" doc:"Send outputs of any age."`
	Quiet       *quietHours `json:"quiet_hours,omitempty" doc:"Times in which nothing is sent, neither for the first time nor again: it waits until they end. A change is a merge patch too. Default: none."`
	Digest      string      `json:"digest,omitempty" doc:"One delivery a day with all outputs since the day before, at this time of day in the time zone of the policy. Default: each output by itself and at once." example:"08:00"`
}

// rotateBody says for how long the old secret goes on.
type rotateBody struct {
	Overlap string `json:"overlap,omitempty" doc:"For how long requests are signed with the old secret too, as a duration; 0s for not at all. Default: 24h." example:"24h"`
}

// addWebhookChanges registers what makes, changes and removes webhooks.
func (a *api) addWebhookChanges() {
	body := &huma.MediaType{Schema: a.schemaOf(webhookBody{})}
	badBody := []int{400, 408, 409, 413, 415}
	a.order(ordering{
		path: "/v1/webhooks", id: "add-webhook", summary: "Add a webhook", local: true,
		description: "It gets the outputs that are published from now on. The answer is the only one that shows its secret.",
		request:     map[string]*huma.MediaType{mediaJSON: body},
		answers:     map[int]answered{http.StatusCreated: {"The webhook with its secret.", keptView{}}},
		problems:    badBody, carry: a.addWebhook,
	})
	a.order(ordering{
		method: http.MethodPatch, path: "/v1/webhooks/{id}", id: "edit-webhook", summary: "Change what a webhook asks for", local: true,
		description: "A JSON merge patch. What is pending stays as it is, but goes to the new address; what waits for a digest still comes in that.",
		parameter:   webhookID(), request: map[string]*huma.MediaType{mediaMergePatch: body, mediaJSON: body},
		answers:  map[int]answered{http.StatusOK: {"The webhook as it is now.", WebhookView{}}},
		problems: append(badBody, 404), carry: a.editWebhook,
	})
	a.order(ordering{
		method: http.MethodDelete, path: "/v1/webhooks/{id}", id: "remove-webhook", summary: "Remove a webhook", local: true,
		description: "Its pending deliveries die and stay in the journal.", parameter: webhookID(),
		answers: map[int]answered{http.StatusNoContent: {description: "It is gone."}}, problems: []int{404}, carry: a.removeWebhook,
	})
	a.order(ordering{
		path: "/v1/webhooks/{id}/secret/rotate", id: "rotate-secret", summary: "Give a webhook a new secret", local: true,
		description: "The answer is the only one that shows it. Requests are signed with the old one too for a while.",
		parameter:   webhookID(), request: map[string]*huma.MediaType{mediaJSON: {Schema: a.schemaOf(rotateBody{})}},
		answers:  map[int]answered{http.StatusOK: {"The webhook with its new secret.", keptView{}}},
		problems: append(badBody, 404), carry: a.rotateSecret,
	})
}

func (a *api) addWebhook(o *order) (*done, error) {
	members, err := o.object(mediaJSON)
	if err != nil {
		return nil, err
	}
	var s notify.Subscription
	if err := askFor(&s, members); err != nil {
		return nil, err
	}
	made, err := a.Webhooks.Subscribe(o.r.Context(), s)
	if err != nil {
		return nil, err
	}
	o.w.Header().Set("Location", "/v1/webhooks/"+made.ID)
	return a.keptWebhook(o, made, http.StatusCreated)
}

func (a *api) editWebhook(o *order) (*done, error) {
	members, err := o.object(mediaMergePatch, mediaJSON)
	if err != nil {
		return nil, err
	}
	_, err = a.Webhooks.Edit(o.r.Context(), o.r.PathValue("id"), func(s *notify.Subscription) error { return askFor(s, members) })
	if err != nil {
		return nil, err
	}
	return a.webhookNow(o)
}

// askFor changes what a subscription asks for into what the members of a body say.
func askFor(s *notify.Subscription, members map[string]json.RawMessage) error {
	var age string
	wrong := assign(members, map[string]any{
		"url": &s.URL, "description": &s.Description, "types": &s.Types, "org_unit": &s.OrgUnit, "min_level": &s.MinLevel,
		"ordered": &s.Ordered, "max_age": &age, "old_news": &s.OldNews, "digest": &s.Digest, "quiet_hours": new(json.RawMessage),
	})
	if _, given := members["max_age"]; given {
		s.MaxAge = 0
		if d, err := time.ParseDuration(cmp.Or(age, "0s")); err == nil {
			s.MaxAge = d
		} else {
			wrong = append(wrong, domain.Problem{Pointer: "/body/max_age", Rule: domain.RuleFormat, Message: "must be a duration such as 36h or 90m"})
		}
	}
	if quiet, given := members["quiet_hours"]; given {
		wrong = append(wrong, askForQuiet(s, quiet)...)
	}
	if len(wrong) > 0 {
		return kindInvalid.problem(detailOrder, wrong...)
	}
	return nil
}

func (a *api) removeWebhook(o *order) (*done, error) {
	if err := a.Webhooks.Unsubscribe(o.r.Context(), o.r.PathValue("id")); err != nil {
		return nil, err
	}
	return &done{status: http.StatusNoContent}, nil
}

func (a *api) rotateSecret(o *order) (*done, error) {
	texts, err := o.texts("overlap")
	if err != nil {
		return nil, err
	}
	var overlap time.Duration
	if text, given := texts["overlap"]; given {
		if overlap, err = time.ParseDuration(text); err != nil || overlap < 0 || overlap > maxOverlap {
			return nil, refusal("/body/overlap", domain.RuleFormat, "must be a duration such as 24h, at most 720h")
		}
		if overlap == 0 {
			overlap = -1 // none, where zero is the default
		}
	}
	rotated, err := a.Webhooks.Rotate(o.r.Context(), o.r.PathValue("id"), overlap)
	if err != nil {
		return nil, err
	}
	return a.keptWebhook(o, rotated, http.StatusOK)
}

// keptWebhook returns the answer with a webhook as it is now and the secret that it has just got.
func (a *api) keptWebhook(o *order, kept notify.Subscription, status int) (*done, error) {
	found, err := a.Webhooks.Endpoint(o.r.Context(), kept.ID)
	if err != nil {
		return nil, err
	}
	return &done{status: status, body: keptView{viewOfWebhook(&found, a.Now()), string(kept.Secrets[0].Key)}}, nil
}

// maxOverlap bounds for how long an old secret goes on.
const maxOverlap = 30 * 24 * time.Hour

func (a *api) enableWebhook(o *order) (*done, error) {
	if _, err := a.Webhooks.Enable(o.r.Context(), o.r.PathValue("id")); err != nil {
		return nil, err
	}
	return a.webhookNow(o)
}

func (a *api) disableWebhook(o *order) (*done, error) {
	if _, err := a.Webhooks.Disable(o.r.Context(), o.r.PathValue("id")); err != nil {
		return nil, err
	}
	return a.webhookNow(o)
}

// webhookNow returns the answer with the webhook that the path names, as it is now.
func (a *api) webhookNow(o *order) (*done, error) {
	found, err := a.Webhooks.Endpoint(o.r.Context(), o.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return &done{status: http.StatusOK, body: viewOfWebhook(&found, a.Now())}, nil
}

// problemOfWebhook returns the problem of what a webhook is not to ask for.
func problemOfWebhook(faulty *notify.Faulty) *Problem {
	p := kindInvalid.problem(detailOrder)
	for _, fault := range faulty.Problems {
		fault.Pointer = "/body" + fault.Pointer
		p.Errors = append(p.Errors, fault)
	}
	return p
}
