package kafkatest_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/rapport-crm/rapport/internal/kafkatest"
)

func TestClientsOfAListenerAreSentToTheAddressThatItAdvertises(t *testing.T) {
	t.Parallel()
	broker := kafkatest.Start(t, &kafkatest.Options{Advertised: []string{"127.0.0.1:1", "127.0.0.1:2"}})
	for i, want := range []int{1, 2} {
		conn, err := kafka.DialContext(t.Context(), "tcp", broker.Listener(i))
		if err != nil {
			t.Fatal(err)
		}
		members, err := conn.Brokers()
		if err != nil || len(members) != 1 || members[0].Port != want {
			t.Errorf("listener %d advertises %v (%v), want port %d", i, members, err, want)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	topic := createTopic(t, broker.Addr())
	write(t, broker.Addr(), topic, "direct")
}

func TestAPausedBrokerAnswersNothingUntilItIsResumed(t *testing.T) {
	t.Parallel()
	broker := kafkatest.Start(t, nil)
	topic := createTopic(t, broker.Addr())
	conn := dial(t, broker.Addr(), topic)
	broker.Pause()
	if err := conn.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ReadLastOffset(); !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a paused broker answers %v", err)
	}
	broker.Resume()
	write(t, broker.Addr(), topic, "after")
	if got := read(t, broker.Addr(), topic, 1); got[0] != "after" {
		t.Errorf("read %q, want after", got)
	}
}
