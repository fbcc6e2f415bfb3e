package kafkatest_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/internal/kafkatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dial opens a connection to the leader of the topic's only partition. It is closed when the test has ended.
func dial(t *testing.T, addr, topic string) *kafka.Conn {
	t.Helper()
	conn, err := kafka.DialLeader(t.Context(), "tcp", addr, topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A broker that was ended has closed the connection already.
		_ = conn.Close()
	})
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// createTopic makes a topic of one partition under a new name.
func createTopic(t *testing.T, addr string) string {
	t.Helper()
	conn, err := kafka.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	topic := rand.Text()
	if err := conn.CreateTopics(kafka.TopicConfig{Topic: topic, NumPartitions: 1, ReplicationFactor: 1}); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	return topic
}

// write appends one record and waits for its acknowledgement.
func write(t *testing.T, addr, topic, value string) {
	t.Helper()
	if _, err := dial(t, addr, topic).WriteMessages(kafka.Message{Value: []byte(value)}); err != nil {
		t.Fatal(err)
	}
}

// read returns the first n records.
func read(t *testing.T, addr, topic string, n int) []string {
	t.Helper()
	conn := dial(t, addr, topic)
	if _, err := conn.Seek(0, kafka.SeekStart); err != nil {
		t.Fatal(err)
	}
	var values []string
	for len(values) < n {
		m, err := conn.ReadMessage(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, string(m.Value))
	}
	return values
}

func TestRecordsWrittenToTheSharedBrokerAreReadBack(t *testing.T) {
	t.Parallel()
	addr := kafkatest.Broker(t)
	topic := createTopic(t, addr)
	write(t, addr, topic, "first")
	if got := read(t, addr, topic, 1); got[0] != "first" {
		t.Errorf("read %q, want first", got)
	}
	if again := kafkatest.Broker(t); again != addr {
		t.Errorf("the second call gave %s, the first %s", again, addr)
	}
}

func TestAcknowledgedRecordsOutliveKillAndStop(t *testing.T) {
	t.Parallel()
	broker := kafkatest.Start(t, nil)
	topic := createTopic(t, broker.Addr())
	for i, end := range []func(){broker.Kill, broker.Stop} {
		write(t, broker.Addr(), topic, "kept")
		end()
		if _, err := kafka.DialContext(t.Context(), "tcp", broker.Addr()); err == nil {
			t.Fatal("a broker that was ended accepts connections")
		}
		broker.Start()
		if got := read(t, broker.Addr(), topic, i+1); len(got) != i+1 {
			t.Errorf("%d records after restart %d, want %d", len(got), i+1, i+1)
		}
	}
}

func TestPropertiesReachTheBroker(t *testing.T) {
	t.Parallel()
	broker := kafkatest.Start(t, &kafkatest.Options{Properties: map[string]string{"auto.create.topics.enable": "true"}})
	// A metadata request for an unknown topic creates it where the broker is told to.
	topic := rand.Text()
	write(t, broker.Addr(), topic, "created by writing")
	if got := read(t, broker.Addr(), topic, 1); got[0] != "created by writing" {
		t.Errorf("read %q", got)
	}
}
