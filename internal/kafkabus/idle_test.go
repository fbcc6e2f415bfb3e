package kafkabus_test

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestAPartitionWithNothingNewIsReadOverOneConnection(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	var fetches atomic.Int32
	cluster.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		fetches.Add(1)
		return nil, nil, false
	})
	var warnings notes
	cfg := subscriberConfig(cluster.ListenAddrs()[0])
	cfg.Topic.Partitions = 1
	cfg.Logger = slog.New(slog.NewTextHandler(&warnings, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s := newSubscriber(t, cfg)
	topic := newTopic(t, s)
	messages := subscribe(t, s, topic)
	for begin := time.Now(); fetches.Load() < 3; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("%d fetches", fetches.Load())
		}
	}
	id := publish(t, newPublisher(t, publisherConfig(cluster.ListenAddrs()[0])), topic, "C1", "x")[0]
	msg := receive(t, messages)
	if msg.UUID != id {
		t.Errorf("message %s, want %s", msg.UUID, id)
	}
	msg.Ack()
	if text := warnings.String(); text != "" {
		t.Errorf("logged although nothing happened: %s", text)
	}
}

// notes is what was written to it. It is safe for concurrent use.
type notes struct {
	mu   sync.Mutex
	text []byte
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text = append(n.text, p...)
	return len(p), nil
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return string(n.text)
}
