package kafkabus_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/internal/kafkabus"
)

func TestKeysGoToThePartitionsOfKafkasOwnClients(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	s, p := newSubscriber(t, subscriberConfig(addr)), newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	// The hashes are those of the test of murmur2 in Kafka's Java client.
	want := make(map[string]int)
	for key, hash := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "abc": 479470107,
	} {
		want[key] = int(hash&0x7fffffff) % 8
		publish(t, p, topic, key, "x")
	}
	messages := subscribe(t, s, topic)
	for range want {
		msg := receive(t, messages)
		position, ok := kafkabus.PositionOf(msg.Context())
		if key := msg.Metadata.Get(kafkabus.PartitionKey); !ok || position.Partition != want[key] || position.Topic != topic {
			t.Errorf("key %s stands in %+v, want partition %d", key, position, want[key])
		}
		msg.Ack()
	}
}

func TestACustomerEventArrivesExactlyAsItsWireForm(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			cfg := publisherConfig(addr)
			cfg.Marshaler = kafkabus.HeaderMarshaler{OmitUUID: true}
			s, p := newSubscriber(t, subscriberConfig(addr)), newPublisher(t, cfg)
			topic := newTopic(t, s)
			ev := domain.Event{
				ID: "e1", Source: "/shop", Type: "note.added", Subject: "C1", Time: domain.Unix(1772357400_000_000), Data: []byte(`{"text":"x"}`),
			}
			msg := message.NewMessage(ev.ID, wire.Encode(nil, &ev))
			msg.Metadata.Set("content-type", wire.ContentType)
			msg.Metadata.Set(kafkabus.PartitionKey, ev.Subject)
			if err := p.Publish(topic, msg); err != nil {
				t.Fatal(err)
			}
			record := firstRecord(t, addr, topic)
			if len(record.Headers) != 1 || record.Headers[0].Key != "content-type" || string(record.Headers[0].Value) != wire.ContentType {
				t.Errorf("headers %s", record.Headers)
			}
			var got domain.Event
			if err := wire.Decode(&got, record.Key, record.Value, wire.Headers()); err != nil {
				t.Fatal(err)
			}
			if got.Subject != "C1" || got.ID != "e1" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// firstRecord reads the first record of a topic with another client, past the package under test.
func firstRecord(t *testing.T, addr, topic string) *kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	fetches := client.PollRecords(ctx, 1)
	if err := fetches.Err(); err != nil {
		t.Fatal(err)
	}
	return fetches.Records()[0]
}

func TestALostAcknowledgementIsAnsweredByTheSameMessageAgain(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	addr := cluster.ListenAddrs()[0]
	s, p := newSubscriber(t, subscriberConfig(addr)), newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut, Count: 1})
	id := publish(t, p, topic, "C1", "x")[0]
	messages := subscribe(t, s, topic)
	for offset := range int64(2) {
		msg := receive(t, messages)
		if position, _ := kafkabus.PositionOf(msg.Context()); msg.UUID != id || position.Offset != offset {
			t.Errorf("message %s at %d, want %s at %d", msg.UUID, position.Offset, id, offset)
		}
		msg.Ack()
	}
}

func TestAMessageAboveTheLimitOfTheBrokerIsRefused(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			s, p := newSubscriber(t, subscriberConfig(addr)), newPublisher(t, publisherConfig(addr))
			topic := newTopic(t, s)
			err := p.Publish(topic, message.NewMessage("u1", []byte(strings.Repeat("x", 2<<20))))
			if !errors.Is(err, kafka.MessageSizeTooLarge) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestManyMessagesOfOnePublishKeepTheirOrderOverRequests(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	cfg := publisherConfig(addr)
	cfg.BatchBytes = 100
	s, p := newSubscriber(t, subscriberConfig(addr)), newPublisher(t, cfg)
	topic := newTopic(t, s)
	ids := publish(t, p, topic, "C1", strings.Split(strings.Repeat("x", 50), "")...)
	messages := subscribe(t, s, topic)
	for i, id := range ids {
		msg := receive(t, messages)
		if msg.UUID != id {
			t.Fatalf("message %d is %s, want %s", i, msg.UUID, id)
		}
		msg.Ack()
	}
}

func TestPublishToATopicThatDoesNotExistSaysSo(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			cfg := publisherConfig(addr)
			cfg.Timeout = 5 * time.Second // in which a busy broker answers too
			p := newPublisher(t, cfg)
			if err := p.Publish("missing", message.NewMessage("u1", nil)); !errors.Is(err, kafkabus.ErrTopicMissing) {
				t.Errorf("error %v, want %v", err, kafkabus.ErrTopicMissing)
			}
		})
	}
}

func TestAMessageWhoseContextHasEndedIsNotSent(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	s, p := newSubscriber(t, subscriberConfig(addr)), newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Publish(topic, message.NewMessageWithContext(ctx, "u1", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	id := publish(t, p, topic, "C1", "x")[0]
	if msg := receive(t, subscribe(t, s, topic)); msg.UUID != id {
		t.Errorf("message %s was sent", msg.UUID)
	}
}

func TestWhatIsClosedRefuses(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	s, p := newSubscriber(t, subscriberConfig(addr)), newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	if err := errors.Join(s.Close(), p.Close()); err != nil {
		t.Fatal(err)
	}
	if err := p.Publish(topic, message.NewMessage("u1", nil)); !errors.Is(err, kafkabus.ErrClosed) {
		t.Errorf("publish: %v", err)
	}
	if _, err := s.Subscribe(t.Context(), topic); !errors.Is(err, kafkabus.ErrClosed) {
		t.Errorf("subscribe: %v", err)
	}
	if err := s.SubscribeInitialize(topic); !errors.Is(err, kafkabus.ErrClosed) {
		t.Errorf("create: %v", err)
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	good := kafkabus.Connection{Brokers: []string{"127.0.0.1:9092"}}
	for name, cfg := range map[string]kafkabus.PublisherConfig{
		"no brokers":       {},
		"no port":          {Connection: kafkabus.Connection{Brokers: []string{"localhost"}}},
		"negative timeout": {Connection: good, Timeout: -1},
	} {
		if _, err := kafkabus.NewPublisher(cfg); err == nil {
			t.Errorf("publisher with %s", name)
		}
	}
	for name, cfg := range map[string]kafkabus.SubscriberConfig{
		"no brokers":     {},
		"negative delay": {Connection: good, NackDelay: -1},
		"unknown start":  {Connection: good, Start: 7},
		"no partitions":  {Connection: good, Topic: kafkabus.TopicConfig{Partitions: -2}},
	} {
		if _, err := kafkabus.NewSubscriber(cfg); err == nil {
			t.Errorf("subscriber with %s", name)
		}
	}
}
