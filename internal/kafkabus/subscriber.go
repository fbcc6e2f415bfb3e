package kafkabus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Start says where a subscription begins that has no offset to continue from.
type Start int

const (
	// Oldest begins with the first record that the topic still has.
	Oldest Start = iota
	// Newest begins after the last record: with the first one that is written after Subscribe has returned or, in a
	// group, after the partition was first assigned to a member.
	Newest
)

// TopicConfig are the settings of a topic that SubscribeInitialize creates.
type TopicConfig struct {
	// Partitions is the number of partitions. Default: what the broker is set to.
	Partitions int
	// ReplicationFactor is the number of copies. Default: what the broker is set to.
	ReplicationFactor int
	// Settings are topic settings by their Kafka names, for example retention.ms. Default: what the broker is set to.
	Settings map[string]string
}

// SubscriberConfig are the settings of a Subscriber. The zero value of every field but Brokers is a documented default.
type SubscriberConfig struct {
	Connection
	// Group is the consumer group that the subscriptions join; each record goes to one member of it. Kafka knows the
	// group as Group + "." + topic, because members of one Kafka group that read different topics would interrupt each
	// other. Default: no group, every subscription gets every record and nothing is committed.
	Group string
	// Start is where to begin. Default: Oldest.
	Start Start
	// Marshaler makes messages of records. A record that it refuses is logged and tried again until it is accepted: it
	// holds up its partition, because to pass over it would lose it. Default: HeaderMarshaler{}.
	Marshaler Marshaler
	// NackDelay is the pause before a message that was answered with Nack is delivered again. Default: 100 ms.
	NackDelay time.Duration
	// DrainTimeout is how long a subscription, or a member that loses a partition, waits for the answers to the messages
	// that were delivered. Their contexts have ended by then. A message without an answer is delivered again, to whoever
	// continues. Keep it below SessionTimeout: a group waits no longer for a member. Default: 5 s.
	DrainTimeout time.Duration
	// CommitInterval is the time over which the offsets of acknowledged messages are gathered into one commit. They are
	// committed too when a partition is given up. Default: 100 ms.
	CommitInterval time.Duration
	// SessionTimeout is how long the group waits for a sign of life before it gives the partitions of a member to others.
	// Default: 10 s.
	SessionTimeout time.Duration
	// FetchBytes bounds what is fetched of one partition at a time, compressed; a single larger batch is fetched too.
	// Default: 256 KiB.
	FetchBytes int
	// Gather is how many messages of a partition that were fetched together may come as one, for handlers that do better with
	// many: see Gathered. One acknowledgement is that of all of them; when it is refused they come one by one. Default: 1, each
	// comes by itself.
	Gather int
	// Topic is how SubscribeInitialize creates a topic.
	Topic TopicConfig
	// Logger gets one line per change of state: partitions assigned, a broker lost, history that is gone. Default: none.
	Logger *slog.Logger
}

func (c SubscriberConfig) withDefaults() SubscriberConfig {
	c.Connection = c.Connection.withDefaults()
	if c.Marshaler == nil {
		c.Marshaler = HeaderMarshaler{}
	}
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&c.NackDelay, 100 * time.Millisecond},
		{&c.DrainTimeout, 5 * time.Second},
		{&c.CommitInterval, 100 * time.Millisecond},
		{&c.SessionTimeout, 10 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
	}
	if c.FetchBytes == 0 {
		c.FetchBytes = 256 << 10
	}
	if c.Gather == 0 {
		c.Gather = 1
	}
	if c.Topic.Partitions == 0 {
		c.Topic.Partitions = -1
	}
	if c.Topic.ReplicationFactor == 0 {
		c.Topic.ReplicationFactor = -1
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c SubscriberConfig) validate() error {
	err := c.Connection.validate()
	if c.Start != Oldest && c.Start != Newest {
		err = errors.Join(err, fmt.Errorf("start %d is unknown", c.Start))
	}
	if c.NackDelay < 0 || c.DrainTimeout < 0 || c.CommitInterval < 0 || c.SessionTimeout < 0 || c.FetchBytes < 0 || c.Gather < 0 {
		err = errors.Join(err, errors.New("a limit is negative"))
	}
	if c.Topic.Partitions < -1 || c.Topic.ReplicationFactor < -1 {
		err = errors.Join(err, errors.New("a topic setting is negative"))
	}
	return err
}

var (
	_ message.Subscriber           = (*Subscriber)(nil)
	_ message.SubscribeInitializer = (*Subscriber)(nil)
)

// Subscriber delivers the messages of Kafka topics. Its methods may be called concurrently.
type Subscriber struct {
	cfg SubscriberConfig

	mu     sync.Mutex
	closed bool
	// cancels end the subscriptions, by their numbers.
	cancels map[int]context.CancelFunc
	number  int
	running sync.WaitGroup
}

// NewSubscriber returns a Subscriber. It opens no connection before the first Subscribe.
func NewSubscriber(cfg SubscriberConfig) (*Subscriber, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("new subscriber: %w", err)
	}
	return &Subscriber{cfg: cfg, cancels: make(map[int]context.CancelFunc)}, nil
}

// Subscribe delivers the messages of a topic, which must exist: the error is ErrTopicMissing otherwise. Without a group
// the subscription reads the partitions that the topic has at this moment; with one it is a member of the group and
// notices new partitions.
//
// The channel is closed after ctx has ended or Close was called, and after the messages in flight were answered or
// DrainTimeout has passed. The values of ctx are those of the messages' contexts, which end when the message is answered
// and when the subscription ends. PositionOf tells from such a context where the message stands.
//
// Lost connections are opened again for as long as the subscription lasts. When the record at which it should continue is
// not there any more, because the topic was trimmed or recreated, it continues with the oldest one and logs an error.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	ctx, finish, ok := s.begin(ctx)
	if !ok {
		return nil, fmt.Errorf("subscribe to %s: %w", topic, ErrClosed)
	}
	sub := &subscription{
		cfg: s.cfg, topic: topic, out: make(chan *message.Message),
		log: s.cfg.Logger.With(slog.String("topic", topic)),
	}
	run, err := sub.prepare(ctx)
	if err != nil {
		finish()
		return nil, fmt.Errorf("subscribe to %s: %w", topic, err)
	}
	go func() {
		defer finish()
		defer close(sub.out)
		run(ctx)
	}()
	return sub.out, nil
}

// Close ends every subscription, commits what was acknowledged, leaves the groups and returns when the channels are
// closed and nothing is left running. It always returns nil; Subscribe fails with ErrClosed afterwards.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, cancel := range s.cancels {
		cancel()
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// begin counts a subscription, unless the Subscriber is closed, and returns a context that Close ends.
func (s *Subscriber) begin(ctx context.Context) (_ context.Context, finish func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, false
	}
	ctx, cancel := context.WithCancel(ctx)
	number := s.number
	s.number++
	s.cancels[number] = cancel
	s.running.Add(1)
	return ctx, func() {
		cancel()
		s.mu.Lock()
		delete(s.cancels, number)
		s.mu.Unlock()
		s.running.Done()
	}, true
}
