package kafkabus_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill"
	officialkafka "github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/internal/kafkabus"
	"github.com/rapport-crm/rapport/internal/kafkatest"
)

// adapter connects Watermill with Kafka: this package, or Watermill's own adapter over Sarama. Both are set to the same
// promises: a message is published when every in-sync replica has it, the messages of a key are in one partition in order,
// each partition waits for the answer to a message, and offsets are committed every 100 ms.
type adapter struct {
	name       string
	publisher  func(b *testing.B, addr string) message.Publisher
	subscriber func(b *testing.B, addr, group string) message.Subscriber
}

// adapters are the two, this package first.
func adapters() [2]adapter {
	return [2]adapter{
		{
			name: "kafkabus",
			publisher: func(b *testing.B, addr string) message.Publisher {
				b.Helper()
				return newPublisher(b, publisherConfig(addr))
			},
			subscriber: func(b *testing.B, addr, group string) message.Subscriber {
				b.Helper()
				cfg := subscriberConfig(addr)
				cfg.Group = group
				return newSubscriber(b, cfg)
			},
		},
		{name: "sarama", publisher: saramaPublisher, subscriber: saramaSubscriber},
	}
}

// saramaMarshaler takes the key of a record from where this package takes it.
func saramaMarshaler() officialkafka.MarshalerUnmarshaler {
	return officialkafka.NewWithPartitioningMarshaler(func(_ string, msg *message.Message) (string, error) {
		return msg.Metadata.Get(kafkabus.PartitionKey), nil
	})
}

// saramaVersion is the newest protocol that Sarama has; the one that the adapter chooses is older than what Kafka 4 takes.
var saramaVersion = sarama.MaxVersion

func saramaPublisher(b *testing.B, addr string) message.Publisher {
	b.Helper()
	config := officialkafka.DefaultSaramaSyncPublisherConfig()
	config.Version = saramaVersion
	config.Producer.RequiredAcks = sarama.WaitForAll
	p, err := officialkafka.NewPublisher(officialkafka.PublisherConfig{
		Brokers: []string{addr}, Marshaler: saramaMarshaler(), OverwriteSaramaConfig: config,
	}, watermill.NopLogger{})
	if err != nil {
		b.Fatal(err)
	}
	closeAfter(b, p)
	return p
}

func saramaSubscriber(b *testing.B, addr, group string) message.Subscriber {
	b.Helper()
	config := officialkafka.DefaultSaramaSubscriberConfig()
	config.Version = saramaVersion
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Interval = 100 * time.Millisecond
	s, err := officialkafka.NewSubscriber(officialkafka.SubscriberConfig{
		Brokers: []string{addr}, Unmarshaler: saramaMarshaler(), OverwriteSaramaConfig: config, ConsumerGroup: group,
	}, watermill.NopLogger{})
	if err != nil {
		b.Fatal(err)
	}
	closeAfter(b, s)
	return s
}

func closeAfter(b *testing.B, c interface{ Close() error }) {
	b.Helper()
	b.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	})
}

// report shows how many messages a second each adapter had, and how many times as many this package had.
func report(b *testing.B, messages int, took [2]time.Duration) {
	b.Helper()
	for i, a := range adapters() {
		b.ReportMetric(float64(messages)/took[i].Seconds(), a.name+"-messages/s")
	}
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "times-sarama")
	b.ReportMetric(0, "ns/op") // of both together it says nothing
}

// BenchmarkPublishBesideSarama publishes to eight partitions of Apache Kafka with both adapters in turn, so that both meet the
// same load of the machine. Callers publish at the same time, each one call; the next begin when all have returned.
func BenchmarkPublishBesideSarama(b *testing.B) {
	for _, c := range []struct{ bytes, messages, callers int }{
		{100, 1, 1}, {100, 100, 1}, {1024, 1, 1}, {1024, 100, 1}, {1024, 1, 16}, {1024, 100, 16},
	} {
		b.Run(fmt.Sprintf("bytes=%d/messages=%d/callers=%d", c.bytes, c.messages, c.callers), func(b *testing.B) {
			addr := kafkatest.Broker(b)
			topic := newTopic(b, newSubscriber(b, subscriberConfig(addr)))
			var publishers [2]message.Publisher
			for i, a := range adapters() {
				publishers[i] = a.publisher(b, addr)
				publishAtOnce(b, publishers[i], topic, c.callers, payloads(c.messages, c.bytes)) // connects
			}
			messages := payloads(c.messages, c.bytes)
			var took [2]time.Duration
			for b.Loop() {
				for i, p := range publishers {
					begun := time.Now()
					publishAtOnce(b, p, topic, c.callers, messages)
					took[i] += time.Since(begun)
				}
			}
			report(b, b.N*c.messages*c.callers, took)
		})
	}
}

// publishAtOnce publishes the messages once for each caller.
func publishAtOnce(b *testing.B, p message.Publisher, topic string, callers int, messages []*message.Message) {
	b.Helper()
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			if err := p.Publish(topic, messages...); err != nil {
				b.Error(err)
			}
		})
	}
	running.Wait()
}

// BenchmarkSubscribeBesideSarama reads what eight partitions of Apache Kafka hold with both adapters in turn, each as the one
// member of a new group, from the first message to the last and without the time in which the group forms. Each message
// is acknowledged at once.
func BenchmarkSubscribeBesideSarama(b *testing.B) {
	const calls, perCall = 200, 100
	for _, size := range []int{100, 1024} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			addr := kafkatest.Broker(b)
			topic := newTopic(b, newSubscriber(b, subscriberConfig(addr)))
			p := newPublisher(b, publisherConfig(addr))
			for range calls {
				if err := p.Publish(topic, payloads(perCall, size)...); err != nil {
					b.Fatal(err)
				}
			}
			var took [2]time.Duration
			for b.Loop() {
				for i, a := range adapters() {
					took[i] += readAll(b, a.subscriber(b, addr, "bench-"+watermill.NewUUID()), topic, calls*perCall)
				}
			}
			report(b, b.N*(calls*perCall-1), took)
		})
	}
}

// readAll acknowledges a number of messages and returns the time from the first to the last.
func readAll(b *testing.B, s message.Subscriber, topic string, n int) time.Duration {
	b.Helper()
	messages, err := s.Subscribe(b.Context(), topic)
	if err != nil {
		b.Fatal(err)
	}
	receive(b, messages).Ack()
	begun := time.Now()
	for range n - 1 {
		receive(b, messages).Ack()
	}
	took := time.Since(begun)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return took
}
