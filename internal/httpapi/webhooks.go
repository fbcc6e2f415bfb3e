package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/internal/notify"
)

// webhooks sends outputs to endpoints: notify.Deliverer.
type webhooks interface {
	endpoints
	journal
}

// endpoints are the subscriptions of webhooks.
type endpoints interface {
	Endpoints(ctx context.Context) ([]notify.Endpoint, error)
	Endpoint(ctx context.Context, id string) (notify.Endpoint, error)
	Subscribe(ctx context.Context, s notify.Subscription) (notify.Subscription, error)
	Edit(ctx context.Context, id string, f func(*notify.Subscription) error) (notify.Subscription, error)
	Rotate(ctx context.Context, id string, overlap time.Duration) (notify.Subscription, error)
	Enable(ctx context.Context, id string) (notify.Subscription, error)
	Disable(ctx context.Context, id string) (notify.Subscription, error)
	Unsubscribe(ctx context.Context, id string) error
	Ping(ctx context.Context, id string) (notify.Delivery, error)
}

// webhooksView is all webhooks.
type webhooksView struct {
	Items []WebhookView `json:"items" nullable:"false" doc:"In the order in which they were made."`
}

// WebhookView is one webhook and how it fares. It is exported for the sake of the OpenAPI document alone, which leaves out
// embedded types that are not.
type WebhookView struct {
	ID          string       `json:"id"`
	URL         string       `json:"url" doc:"Where deliveries are sent."`
	Description string       `json:"description,omitempty"`
	Types       []string     `json:"types" nullable:"false" doc:"Types of outputs, or beginnings of them with a star; none for all."`
	OrgUnit     string       `json:"org_unit,omitempty" doc:"Only outputs of this organisation unit and those below it."`
	MinLevel    string       `json:"min_level,omitempty" doc:"The least level of outputs that have one."`
	Ordered     bool         `json:"ordered" doc:"Whether the deliveries of a customer wait for earlier ones."`
	MaxAge      string       `json:"max_age" doc:"How old an output may be to be sent, as a duration." example:"72h"`
	OldNews     bool         `json:"old_news" doc:"Whether outputs of any age are sent."`
	Digest      string       `json:"digest,omitempty" doc:"The time of day, in the time zone of the policy, of the one delivery with all outputs since the day before." example:"08:00"`
	Quiet       *quietHours  `json:"quiet_hours,omitempty" doc:"Times in which nothing is sent."`
	CreatedAt   time.Time    `json:"created_at"`
	State       notify.State `json:"state" enum:"in_use,quiet,paused,broken,disabled" doc:"in_use; quiet, it has quiet hours; paused, the receiver asked to be left alone; broken, it failed several times in a row and is tried once in a while; disabled, until somebody enables it. paused and broken are as this server sees it."`
	// Disabled is why it is disabled.
	Disabled    string       `json:"disabled,omitempty" doc:"Why it is disabled: gone, it answered 410; by hand." example:"gone"`
	DisabledAt  *time.Time   `json:"disabled_at,omitempty"`
	PausedUntil *time.Time   `json:"paused_until,omitempty"`
	QuietUntil  *time.Time   `json:"quiet_until,omitempty" doc:"When the quiet hours end that it has now."`
	Pending     int          `json:"pending" doc:"Deliveries that wait."`
	OldestAt    *time.Time   `json:"oldest_pending_at,omitempty" doc:"When the oldest of them was made."`
	Secrets     []secretView `json:"secrets" nullable:"false" doc:"What requests are signed with, the newest first. The secrets themselves are shown once, when they are made."`
}

// secretView is a secret without its text.
type secretView struct {
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"From when on it does not sign any more."`
}

// keptView is a webhook with the secret that was made with it or for it.
type keptView struct {
	WebhookView
	Secret string `json:"secret" doc:"The new secret. It is not shown again." example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
}

// webhookInput is the parameters of one webhook.
type webhookInput struct {
	ID string `path:"id" maxLength:"64" doc:"The id of the webhook."`
}

// bodyOf is the type of answers that reflect no views.
type bodyOf[T any] struct{ Body T }

// webhookID describes the id in a path.
func webhookID() *huma.Param {
	limit := 64
	return &huma.Param{
		Name: "id", In: "path", Required: true, Description: "The id of the webhook.", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &limit},
	}
}

// addWebhooks registers what is about webhooks.
func (a *api) addWebhooks() {
	if a.Webhooks == nil {
		return
	}
	read(a, "/v1/webhooks", "webhooks", "Webhooks and how they fare", a.webhooks)
	read(a, "/v1/webhooks/{id}", "webhook", "One webhook and how it fares", a.webhook, 404)
	a.addWebhookChanges()
	do := func(verb, id, summary, description string, answer answered, carry func(*order) (*done, error)) {
		a.order(ordering{
			path: "/v1/webhooks/{id}/" + verb, id: id, summary: summary, description: description, local: true, parameter: webhookID(),
			answers: map[int]answered{http.StatusOK: answer}, problems: []int{404}, carry: carry,
		})
	}
	is := answered{"The webhook as it is now.", WebhookView{}}
	do("enable", "enable-webhook", "Take a webhook into use again", "What waits is sent at once, also when the endpoint failed or asked for a pause.", is, a.enableWebhook)
	do("disable", "disable-webhook", "Send nothing to a webhook", "What is pending waits; no outputs are filed for it meanwhile.", is, a.disableWebhook)
	do("ping", "ping-webhook", "Send a webhook.ping, at once and once", "It is sent whether or not the webhook is in use.",
		answered{"What came of it.", DeliveryView{}}, a.pingWebhook)
	do("redeliver", "redeliver-dead", "Send all dead deliveries of a webhook again", "Each has the same webhook-id as before and a schedule that begins anew.",
		answered{"How many will be sent.", redeliveredView{}}, a.redeliverDead)
}

func (a *api) webhooks(ctx context.Context, _ *struct{}) (*bodyOf[webhooksView], error) {
	found, err := a.Webhooks.Endpoints(ctx)
	if err != nil {
		return nil, err
	}
	view := webhooksView{Items: make([]WebhookView, len(found))}
	for i := range found {
		view.Items[i] = viewOfWebhook(&found[i], a.Now())
	}
	return &bodyOf[webhooksView]{view}, nil
}

func (a *api) webhook(ctx context.Context, in *webhookInput) (*bodyOf[WebhookView], error) {
	found, err := a.Webhooks.Endpoint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOf[WebhookView]{viewOfWebhook(&found, a.Now())}, nil
}

// viewOfWebhook returns what people see of a webhook.
func viewOfWebhook(e *notify.Endpoint, now time.Time) WebhookView {
	view := WebhookView{
		ID: e.ID, URL: e.URL, Description: e.Description, Types: append([]string{}, e.Types...), OrgUnit: e.OrgUnit,
		MinLevel: e.MinLevel, Ordered: e.Ordered, MaxAge: durationText(cmp.Or(e.MaxAge, notify.DefaultMaxAge)), OldNews: e.OldNews,
		Digest: e.Digest, Quiet: (*quietHours)(e.Quiet), QuietUntil: orNone(e.QuietUntil), CreatedAt: e.CreatedAt, State: e.State(now), Disabled: e.Disabled, DisabledAt: orNone(e.DisabledAt),
		Pending: e.Pending, OldestAt: orNone(e.Oldest), Secrets: make([]secretView, len(e.Secrets)),
	}
	if view.State == notify.Paused {
		view.PausedUntil = orNone(e.PausedUntil)
	}
	for i, secret := range e.Secrets {
		view.Secrets[i] = secretView{secret.CreatedAt, orNone(secret.ExpiresAt)}
	}
	return view
}

// orNone returns nil for no time.
func orNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// durationText writes a duration without parts that are zero.
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
