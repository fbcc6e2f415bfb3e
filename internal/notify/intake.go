package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// Settings of the middlewares. A message whose handling still fails after the retries is refused, and the subscriber
// delivers it again: a store that is away holds the outputs up, and none is lost.
const (
	handleTimeout = 30 * time.Second
	handleRetries = 4
	retryFirst    = 100 * time.Millisecond
	retryLongest  = 2 * time.Second
)

// errMalformed means that a message is no output.
var errMalformed = errors.New("the message is no output")

// intake reads outputs and files their deliveries.
type intake struct {
	store   Store
	options Options
	// filed is called when there are new deliveries.
	filed func()

	mu            sync.Mutex
	subscriptions []Subscription
	readAt        time.Time
}

// run reads the topics until ctx ends, through a Watermill router.
func (i *intake) run(ctx context.Context, subscriber message.Subscriber) error {
	router, err := i.router(subscriber)
	if err != nil {
		return fmt.Errorf("read outputs: %w", err)
	}
	if err := router.Run(ctx); err != nil {
		return fmt.Errorf("read outputs: %w", err)
	}
	if ctx.Err() == nil {
		return errors.New("read outputs: the subscription has ended")
	}
	return nil
}

// router returns a router with a handler for each topic. From the outside in: what can never be handled is set aside,
// what may succeed later is tried again, each try is bounded in time, and a panic is an error.
func (i *intake) router(subscriber message.Subscriber) (*message.Router, error) {
	logger := watermill.NewSlogLoggerWithLevelMapping(i.options.Logger, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: i.options.Drain}, logger)
	if err != nil {
		return nil, err
	}
	aside, err := middleware.PoisonQueueWithFilter(i.poison(), i.options.PoisonTopic, hopeless)
	if err != nil {
		return nil, err
	}
	router.AddMiddleware(aside, middleware.Retry{
		MaxRetries: handleRetries, InitialInterval: retryFirst, MaxInterval: retryLongest, Multiplier: 2, RandomizationFactor: 0.5,
		ShouldRetry:         func(p middleware.RetryParams) bool { return !hopeless(p.Err) },
		ResetContextOnRetry: true, Logger: logger,
	}.Middleware, middleware.Timeout(handleTimeout), middleware.Recoverer)
	for _, topic := range i.options.Topics {
		router.AddConsumerHandler("webhooks "+topic, topic, subscriber, i.handle)
	}
	return router, nil
}

// hopeless reports whether handling the same message again would end the same way.
func hopeless(err error) bool {
	_, panicked := errors.AsType[middleware.RecoveredPanicError](err)
	return panicked || errors.Is(err, errMalformed)
}

func (i *intake) poison() message.Publisher {
	if i.options.Poison != nil {
		return i.options.Poison
	}
	return logged{i.options.Logger}
}

// handle files a delivery for each subscription that wants the output. It returns nil once they are in the store.
func (i *intake) handle(msg *message.Message) error {
	n, err := read(msg)
	if err != nil {
		return err
	}
	now := instant(time.Now())
	subscriptions, err := i.current(msg.Context(), now)
	if err != nil {
		return err
	}
	var deliveries []Delivery
	for j := range subscriptions {
		if subscriptions[j].wants(n, now) {
			deliveries = append(deliveries, newDelivery(&subscriptions[j], n, now))
		}
	}
	if len(deliveries) == 0 {
		i.options.Filed(n.kind, 0)
		return nil
	}
	added, err := i.store.Add(msg.Context(), deliveries)
	if err != nil {
		return err
	}
	i.options.Filed(n.kind, added)
	i.filed()
	return nil
}

// current returns the subscriptions as they were at most one poll ago.
func (i *intake) current(ctx context.Context, now time.Time) ([]Subscription, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.readAt.IsZero() && now.Sub(i.readAt) < i.options.Poll {
		return i.subscriptions, nil
	}
	subscriptions, err := i.store.Subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	i.subscriptions, i.readAt = subscriptions, now
	return subscriptions, nil
}

// read returns what a message says. What it returns does not share memory with the message.
func read(msg *message.Message) (*news, error) {
	headers := make([]wire.Header, 0, len(msg.Metadata))
	for name, value := range msg.Metadata {
		headers = append(headers, wire.Header{Key: name, Value: []byte(value)})
	}
	var ev domain.Event
	if err := wire.Decode(&ev, nil, msg.Payload, headers); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	var data struct {
		Level string `json:"level"`
	}
	// Data of another form has no level.
	_ = json.Unmarshal(ev.Data, &data)
	body := wire.Encode(nil, &ev)
	if err := wire.DecodeJSON(&ev, body); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return &news{
		id: ev.ID, kind: ev.Type, customer: ev.Subject, orgUnit: ev.OrgUnit, level: data.Level, at: ev.Time.Time(), body: body,
	}, nil
}

// logged is where messages go that are no outputs when there is no other place: into the log, by their ids.
type logged struct{ log *slog.Logger }

// Publish implements message.Publisher.
func (l logged) Publish(_ string, messages ...*message.Message) error {
	for _, msg := range messages {
		l.log.LogAttrs(msg.Context(), slog.LevelError, "message is no output",
			slog.String("message", msg.UUID), slog.String("topic", msg.Metadata.Get(middleware.PoisonedTopicKey)),
			slog.String("reason", msg.Metadata.Get(middleware.ReasonForPoisonedKey)))
	}
	return nil
}

// Close implements message.Publisher.
func (logged) Close() error { return nil }
