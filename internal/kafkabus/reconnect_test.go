package kafkabus_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/servertest"
)

func TestAcknowledgedMessagesAreDeliveredThoughTheEmbeddedBrokerRestarts(t *testing.T) {
	t.Parallel()
	port, err := servertest.FreePort() // no client can occupy it while the broker is away
	if err != nil {
		t.Fatal(err)
	}
	opts := broker.Options{Dir: t.TempDir(), Addr: fmt.Sprint("127.0.0.1:", port)}
	running, err := broker.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	survive(t, opts.Addr, 3, func() {
		if err := running.Close(); err != nil {
			t.Fatal(err)
		}
		if running, err = broker.Open(opts); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAcknowledgedMessagesAreDeliveredThoughApacheKafkaIsKilled(t *testing.T) {
	t.Parallel()
	private := kafkatest.Start(t, nil)
	// Each restart takes some ten seconds.
	survive(t, private.Addr(), 1, func() {
		private.Kill()
		private.Start()
	})
}

// survive publishes and receives in a group while the broker is restarted some times, and requires that every message whose
// Publish returned nil arrives and that the messages of each key first arrive in the order in which they were published.
func survive(t *testing.T, addr string, restarts int, restart func()) {
	t.Helper()
	const publishers, each = 8, 400
	cfg := subscriberConfig(addr)
	cfg.Group = "survivors"
	cfg.SessionTimeout = 6 * time.Second // the group waits for members that a broker which was killed still knows
	s := newSubscriber(t, cfg)
	p := newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	messages := subscribe(t, s, topic)

	published := make(chan string, publishers*each)
	var publishing sync.WaitGroup
	for k := range publishers {
		publishing.Go(func() {
			for n := range each {
				msg := message.NewMessage(fmt.Sprintf("%d/%d", k, n), nil)
				msg.Metadata.Set("partition_key", fmt.Sprint(k))
				for p.Publish(topic, msg) != nil && t.Context().Err() == nil {
					// An error says nothing of the message: it is published until it is acknowledged.
				}
				published <- msg.UUID
			}
		})
	}
	received := make(chan map[string]int)
	go func() {
		at := make(map[string]int)
		for msg := range messages {
			if _, again := at[msg.UUID]; !again {
				at[msg.UUID] = len(at)
			}
			msg.Ack()
			if len(at) == publishers*each {
				break
			}
		}
		received <- at
	}()

	for n := range publishers * each {
		<-published
		if share := publishers * each / (restarts + 1); n > 0 && n%share == 0 && n/share <= restarts {
			restart()
		}
	}
	publishing.Wait()
	at := <-received
	for k := range publishers {
		for n := range each {
			place, ok := at[fmt.Sprintf("%d/%d", k, n)]
			if !ok {
				t.Fatalf("message %d/%d is lost", k, n)
			}
			if before := at[fmt.Sprintf("%d/%d", k, max(n-1, 0))]; before > place {
				t.Fatalf("message %d/%d came before the one published before it", k, n)
			}
		}
	}
}
