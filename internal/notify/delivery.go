package notify

import (
	"slices"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// Status is how far a delivery has come.
type Status string

// The states of a delivery.
const (
	// Pending deliveries will be sent, again or for the first time.
	Pending Status = "pending"
	// Delivered ones were answered with a status from 200 to 299.
	Delivered Status = "delivered"
	// Digested ones were put into a digest, which is a delivery of its own.
	Digested Status = "digested"
	// Dead ones are not sent any more, unless somebody asks for it.
	Dead Status = "dead"
)

// Reasons of dead deliveries.
const (
	// ReasonExhausted means that the schedule ended.
	ReasonExhausted = "exhausted"
	// ReasonGone means that the endpoint answered 410.
	ReasonGone = "gone"
	// ReasonUnsubscribed means that the subscription was deleted.
	ReasonUnsubscribed = "unsubscribed"
	// ReasonOverflow means that too many deliveries were pending for the endpoint; see Memory.
	ReasonOverflow = "overflow"
	// ReasonPing means that a ping failed: it is sent once.
	ReasonPing = "ping"
)

// maxLog is how many attempts a delivery remembers.
const maxLog = 20

// Delivery is one output on its way to one endpoint.
type Delivery struct {
	// ID is the webhook-id of every request for it. It follows from the subscription and the output.
	ID           string `json:"id"`
	Subscription string `json:"subscription"`
	// Event is the CloudEvents id of the output.
	Event    string `json:"event"`
	Type     string `json:"type"`
	Customer string `json:"customer,omitempty"`
	// Level is the level of the output, empty for one without.
	Level string `json:"level,omitempty"`
	// Body is what is sent: the output as a CloudEvent in JSON. It is not changed once the delivery is made.
	Body   []byte `json:"-"`
	Status Status `json:"status"`
	// Reason is why it is dead.
	Reason    string    `json:"reason,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	// NextAttempt is the earliest time of the next request of a pending delivery. While a request is in flight it is
	// when another engine may take over.
	NextAttempt time.Time `json:"next_attempt,omitzero"`
	// DigestAt is the time of the digest that the delivery waits for or is in, zero for one that is sent by itself.
	DigestAt time.Time `json:"digest_at,omitzero"`
	// HeldUntil is until when quiet hours hold a pending delivery, zero when they do not. It is not kept: Deliverer fills it in
	// by the hours that the subscription has when it is asked.
	HeldUntil time.Time `json:"-"`
	// WindowStart is when the first request since its making, or since somebody asked for it again, began; zero before.
	WindowStart time.Time `json:"window_start,omitzero"`
	// Tries is the number of requests since then.
	Tries int `json:"tries"`
	// FinishedAt is when it was delivered or died.
	FinishedAt time.Time `json:"finished_at,omitzero"`
	// Attempts is the number of all requests that came to an end.
	Attempts int `json:"attempts"`
	// Log holds the last 20 of them, the newest last.
	Log []Attempt `json:"log,omitempty"`
	// Claim counts how often an engine took it on. Only who has the latest claim may settle it.
	Claim int64 `json:"-"`
	// Seq is its place among all deliveries of the store, given by the store.
	Seq int64 `json:"-"`
}

// Attempt is one request and what came of it.
type Attempt struct {
	At time.Time `json:"at"`
	// DurationMS is how long it took, in milliseconds.
	DurationMS int64 `json:"duration_ms"`
	// Status is the HTTP status, 0 when there was no answer.
	Status int `json:"status,omitempty"`
	// Error says what went wrong, empty when the delivery was taken.
	Error string `json:"error,omitempty"`
	// Excerpt is the beginning of the answer's body.
	Excerpt string `json:"excerpt,omitempty"`
	// RetryAfterMS is how long the receiver asked to be left alone, in milliseconds.
	RetryAfterMS int64 `json:"retry_after_ms,omitempty"`
}

// newDelivery returns the delivery of an output to a subscription.
func newDelivery(s *Subscription, n *news, now time.Time) Delivery {
	return Delivery{
		ID:           domain.DerivedID("webhook", s.ID, n.id),
		Subscription: s.ID, Event: n.id, Type: n.kind, Customer: n.customer, Level: n.level, Body: n.body,
		Status: Pending, CreatedAt: now, NextAttempt: now,
	}
}

// record adds an attempt.
func (d *Delivery) record(a Attempt) {
	if d.WindowStart.IsZero() {
		d.WindowStart = a.At
	}
	d.Tries++
	d.Attempts++
	d.Log = append(slices.Clone(d.Log), a)
	d.Log = d.Log[max(0, len(d.Log)-maxLog):]
}

// finish ends the delivery.
func (d *Delivery) finish(status Status, reason string, now time.Time) {
	d.Status, d.Reason, d.FinishedAt, d.NextAttempt = status, reason, now, time.Time{}
}

// reopen makes a finished delivery pending, with a schedule that begins anew; one that was in a digest goes by itself.
func (d *Delivery) reopen(now time.Time) {
	d.Status, d.Reason, d.FinishedAt, d.NextAttempt = Pending, "", time.Time{}, now
	d.DigestAt, d.WindowStart, d.Tries = time.Time{}, time.Time{}, 0
}
