package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/rapport-crm/rapport/internal/kafkabus"
)

// Settings of the middlewares. A message whose handling still fails after the retries is refused, and the subscriber
// delivers it again: a store that is away holds the outputs up, and none is lost.
const (
	handleTimeout = 30 * time.Second
	handleRetries = 4
	retryFirst    = 100 * time.Millisecond
	retryLongest  = 2 * time.Second
)

// gatherOutputs is how many outputs are handled together when they are there, and addAtOnce how many deliveries the store is
// given at a time: one at a time would take a request to the disk, or to the database, for each.
const (
	gatherOutputs = 256
	addAtOnce     = 1000
)

// intake reads outputs and files their deliveries.
type intake struct {
	store   Queue
	roster  *roster
	source  Source
	options Options
	// filed is called when there are new deliveries.
	filed func()
}

// run reads the topics until ctx ends. It begins with the first subscription: without any there is nobody to read for.
// When reading ends it is begun anew, where it was.
func (i *intake) run(ctx context.Context) {
	last := ""
	for i.awaitSubscription(ctx) {
		err := i.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if err.Error() != last {
			i.options.Logger.LogAttrs(ctx, slog.LevelError, "outputs for webhooks cannot be read", slog.Any("error", err))
		}
		last = err.Error()
		if !pause(ctx, i.options.Poll) {
			return
		}
	}
}

// awaitSubscription returns true once there is a subscription, false when ctx ends first.
func (i *intake) awaitSubscription(ctx context.Context) bool {
	for {
		switch subscriptions, err := i.roster.current(ctx); {
		case ctx.Err() != nil:
			return false
		case err != nil:
			i.options.Logger.LogAttrs(ctx, slog.LevelWarn, "webhook subscriptions cannot be read", slog.Any("error", err))
		case len(subscriptions) > 0:
			return true
		}
		if !pause(ctx, i.options.Poll) {
			return false
		}
	}
}

// pause waits and reports whether ctx is still good.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// follow reads the topics through a Watermill router until ctx ends or they cannot be read further, and never returns nil.
func (i *intake) follow(ctx context.Context) error {
	subscriber, err := i.source()
	if err != nil {
		return fmt.Errorf("read outputs: %w", err)
	}
	router, err := i.router(subscriber)
	if err != nil {
		return errors.Join(fmt.Errorf("read outputs: %w", err), subscriber.Close())
	}
	if err := router.Run(ctx); err != nil {
		return fmt.Errorf("read outputs: %w", errors.Join(err, subscriber.Close()))
	}
	return errors.New("read outputs: the subscription has ended")
}

// router returns a router with a handler for each topic. From the outside in: what can never be handled is set aside, by
// itself and not with those it came with, what may succeed later is tried again, each try is bounded in time, and a panic
// is an error.
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
	router.AddMiddleware(aside, apart, middleware.Retry{
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

// errApart says that messages are to come one by one, because one of them can never be handled.
var errApart = errors.New("one of several messages cannot be handled")

// apart has messages that came together come one by one when there is no hope for one of them.
func apart(h message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		produced, err := h(msg)
		if err != nil && hopeless(err) && len(kafkabus.Gathered(msg)) > 1 {
			return nil, fmt.Errorf("%w: %s", errApart, err.Error()) // without what makes it hopeless
		}
		return produced, err
	}
}

func (i *intake) poison() message.Publisher {
	if i.options.Poison != nil {
		return i.options.Poison
	}
	return logged{i.options.Logger}
}

// handle files a delivery of each output for each subscription that wants it. It returns nil once they are in the store.
func (i *intake) handle(msg *message.Message) error {
	subscriptions, err := i.roster.current(msg.Context())
	if err != nil || len(subscriptions) == 0 {
		return err
	}
	var deliveries []Delivery
	now, quiet := instant(time.Now()), 0
	for _, one := range kafkabus.Gathered(msg) {
		n, err := read(one)
		if err != nil {
			return err
		}
		for j := range subscriptions {
			switch s := &subscriptions[j]; {
			case !s.selects(n):
			case !s.wantsAge(now.Sub(n.at)):
				quiet++
			default:
				deliveries = append(deliveries, newDelivery(s, n, now))
				if s.Digest != "" {
					deliveries[len(deliveries)-1].hold(s.nextDigest(now, i.options.Zone()))
				}
			}
		}
	}
	added := 0
	for part := range slices.Chunk(deliveries, addAtOnce) {
		n, err := i.store.Add(msg.Context(), part)
		if err != nil {
			return err
		}
		added += n
		i.filed()
	}
	i.options.Filed(added, quiet)
	return nil
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
