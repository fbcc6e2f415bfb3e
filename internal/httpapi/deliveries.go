package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/notify"
)

// journal is what was delivered to webhooks, and what waits.
type journal interface {
	Delivery(ctx context.Context, id string) (notify.Delivery, error)
	Deliveries(ctx context.Context, f notify.Filter) (notify.Page, error)
	Redeliver(ctx context.Context, id string) (notify.Delivery, error)
	RedeliverDead(ctx context.Context, webhook string) (int, error)
}

// deliveriesInput is the parameters of the journal.
type deliveriesInput struct {
	PageParams
	Webhook  string `query:"webhook" maxLength:"64" doc:"Only deliveries to this webhook."`
	Status   string `query:"status" enum:"pending,digested,delivered,dead" doc:"Only deliveries that have come this far."`
	Type     string `query:"type" maxLength:"256" doc:"Only deliveries of this type of output."`
	Customer string `query:"customer" maxLength:"256" doc:"Only deliveries about this customer."`
}

// deliveryInput is the parameters of one delivery.
type deliveryInput struct {
	ID string `path:"id" maxLength:"64" doc:"The id of the delivery, which is the webhook-id of its requests."`
}

// deliveriesView is a page of the journal.
type deliveriesView struct {
	Items []DeliveryView `json:"items" nullable:"false"`
	Next  string         `json:"next,omitempty" doc:"The cursor of the next page, left out on the last one."`
}

// DeliveryView is one output on its way to one endpoint. It is exported as WebhookView is.
type DeliveryView struct {
	ID          string        `json:"id" doc:"The webhook-id of every request for it."`
	Webhook     string        `json:"webhook"`
	Event       string        `json:"event" doc:"The id of the output."`
	Type        string        `json:"type" example:"lifecycle.terminated"`
	Customer    string        `json:"customer,omitempty"`
	Level       string        `json:"level,omitempty" doc:"The level of the output, of one that has a level." example:"high"`
	Status      notify.Status `json:"status" enum:"pending,digested,delivered,dead" doc:"digested: it is in a digest, which is a delivery of its own."`
	Reason      string        `json:"reason,omitempty" doc:"Why it is dead: exhausted, gone, unsubscribed, ping, overflow." example:"exhausted"`
	CreatedAt   time.Time     `json:"created_at"`
	FinishedAt  *time.Time    `json:"finished_at,omitempty" doc:"When it was delivered or died."`
	NextAttempt *time.Time    `json:"next_attempt_at,omitempty" doc:"The earliest time of the next request; while one is in flight, when another server may take over."`
	HeldUntil   *time.Time    `json:"held_until,omitempty" doc:"When the quiet hours end in which its next request falls: it is not made before."`
	Attempts    int           `json:"attempts" doc:"How many requests came to an end."`
	Last        *attemptView  `json:"last_attempt,omitempty"`
}

// attemptView is one request and what came of it.
type attemptView struct {
	At           time.Time `json:"at"`
	DurationMS   int64     `json:"duration_ms"`
	Status       int       `json:"status,omitempty" doc:"The HTTP status, left out when there was no answer."`
	Error        string    `json:"error,omitempty" doc:"What went wrong, left out when the delivery was taken."`
	Excerpt      string    `json:"excerpt,omitempty" doc:"The beginning of the answer's body."`
	RetryAfterMS int64     `json:"retry_after_ms,omitempty" doc:"For how long the receiver asked to be left alone."`
}

// deliveryDetail is one delivery with its last requests and what it carries.
type deliveryDetail struct {
	DeliveryView
	Log  []attemptView `json:"log" nullable:"false" doc:"The last 20 requests, the newest last."`
	Body string        `json:"body" doc:"What is sent: the output as a CloudEvent in JSON. It may hold personal data."`
}

// redeliveredView says how many deliveries will be sent again.
type redeliveredView struct {
	Redelivered int `json:"redelivered"`
}

// addDeliveries registers the journal of webhooks.
func (a *api) addDeliveries() {
	if a.Webhooks == nil {
		return
	}
	read(a, "/v1/deliveries", "deliveries", "Deliveries to webhooks, newest first", a.deliveries)
	read(a, "/v1/deliveries/{id}", "delivery", "One delivery with its last requests", a.delivery, 404)
	limit := 64
	a.order(ordering{
		path: "/v1/deliveries/{id}/redeliver", id: "redeliver", summary: "Send a delivery again that was delivered or died", local: true,
		description: "It has the same webhook-id as before and a schedule that begins anew.",
		parameter:   &huma.Param{Name: "id", In: "path", Required: true, Description: "The id of the delivery.", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &limit}},
		answers:     map[int]answered{http.StatusAccepted: {"It will be sent.", DeliveryView{}}},
		problems:    []int{404, 409}, carry: a.redeliver,
	})
}

func (a *api) deliveries(ctx context.Context, in *deliveriesInput) (*bodyOf[deliveriesView], error) {
	f := notify.Filter{Subscription: in.Webhook, Type: in.Type, Customer: in.Customer, Status: notify.Status(in.Status), Limit: in.Limit}
	if in.Cursor != "" {
		place, err := strconv.ParseInt(in.Cursor, 36, 64)
		if err != nil || place <= 0 {
			return nil, parameter("cursor", domain.RuleFormat, "must be the cursor of a page before")
		}
		f.Before = place
	}
	page, err := a.Webhooks.Deliveries(ctx, f)
	if err != nil {
		return nil, err
	}
	view := deliveriesView{Items: make([]DeliveryView, len(page.Items))}
	for i := range page.Items {
		view.Items[i] = viewOfDelivery(&page.Items[i])
	}
	if page.Next != 0 {
		view.Next = strconv.FormatInt(page.Next, 36)
	}
	return &bodyOf[deliveriesView]{view}, nil
}

func (a *api) delivery(ctx context.Context, in *deliveryInput) (*bodyOf[deliveryDetail], error) {
	d, err := a.Webhooks.Delivery(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	detail := deliveryDetail{DeliveryView: viewOfDelivery(&d), Log: make([]attemptView, len(d.Log)), Body: string(d.Body)}
	for i := range d.Log {
		detail.Log[i] = attemptView(d.Log[i])
	}
	return &bodyOf[deliveryDetail]{detail}, nil
}

func (a *api) redeliver(o *order) (*done, error) {
	d, err := a.Webhooks.Redeliver(o.r.Context(), o.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return &done{status: http.StatusAccepted, body: viewOfDelivery(&d)}, nil
}

func (a *api) redeliverDead(o *order) (*done, error) {
	n, err := a.Webhooks.RedeliverDead(o.r.Context(), o.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return &done{status: http.StatusOK, body: redeliveredView{n}}, nil
}

func (a *api) pingWebhook(o *order) (*done, error) {
	d, err := a.Webhooks.Ping(o.r.Context(), o.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return &done{status: http.StatusOK, body: viewOfDelivery(&d)}, nil
}

// viewOfDelivery returns what a list shows of a delivery.
func viewOfDelivery(d *notify.Delivery) DeliveryView {
	view := DeliveryView{
		ID: d.ID, Webhook: d.Subscription, Event: d.Event, Type: d.Type, Customer: d.Customer, Level: d.Level, Status: d.Status, Reason: d.Reason,
		CreatedAt: d.CreatedAt, FinishedAt: orNone(d.FinishedAt), NextAttempt: orNone(d.NextAttempt), HeldUntil: orNone(d.HeldUntil), Attempts: d.Attempts,
	}
	if len(d.Log) > 0 {
		last := attemptView(d.Log[len(d.Log)-1])
		view.Last = &last
	}
	return view
}
