package kafkabus_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/internal/kafkabus"
)

// BenchmarkPublish publishes messages of 300 bytes to the embedded broker in memory, one call after the other.
func BenchmarkPublish(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("messages=%d", size), func(b *testing.B) {
			addr := openBroker(b)
			p := newPublisher(b, publisherConfig(addr))
			topic := newTopic(b, newSubscriber(b, subscriberConfig(addr)))
			messages := payloads(size, 300)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Publish(topic, messages...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkPublishAndReceive publishes messages of 300 bytes, a hundred in each call, while a member of a group receives
// and acknowledges them, on the embedded broker in memory with eight partitions.
func BenchmarkPublishAndReceive(b *testing.B) {
	const size = 100
	addr := openBroker(b)
	cfg := subscriberConfig(addr)
	cfg.Group = "bench"
	s, p := newSubscriber(b, cfg), newPublisher(b, publisherConfig(addr))
	topic := newTopic(b, s)
	received := subscribe(b, s, topic)
	messages := payloads(size, 300)
	// The first message comes when the group has formed.
	publish(b, p, topic, "first", "x")
	receive(b, received).Ack()
	b.ReportAllocs()
	b.ResetTimer()
	published := make(chan error, 1)
	go func() {
		for range b.N {
			if err := p.Publish(topic, messages...); err != nil {
				published <- err
				return
			}
		}
		published <- nil
	}()
	for range b.N * size {
		receive(b, received).Ack()
	}
	if err := <-published; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)*size/b.Elapsed().Seconds(), "messages/s")
}

// payloads returns n messages of some bytes, each with a key of its own.
func payloads(n, size int) []*message.Message {
	messages := make([]*message.Message, n)
	for i := range messages {
		messages[i] = message.NewMessage(strconv.Itoa(i), make([]byte, size))
		messages[i].Metadata.Set(kafkabus.PartitionKey, strconv.Itoa(i))
	}
	return messages
}
