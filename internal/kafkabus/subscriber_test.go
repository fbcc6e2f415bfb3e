package kafkabus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/segmentio/kafka-go"

	"github.com/rapport-crm/rapport/internal/kafkabus"
)

func TestARefusedMessageComesAgainBeforeTheNext(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	s, p := newSubscriber(t, subscriberConfig(addr)), newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	ids := publish(t, p, topic, "C1", "a", "b")
	messages := subscribe(t, s, topic)
	for range 3 {
		msg := receive(t, messages)
		if msg.UUID != ids[0] {
			t.Fatalf("message %s, want %s again", msg.UUID, ids[0])
		}
		msg.Nack()
		<-msg.Context().Done()
	}
	receive(t, messages).Ack()
	if msg := receive(t, messages); msg.UUID != ids[1] {
		t.Errorf("message %s, want %s", msg.UUID, ids[1])
	}
}

func TestAMessageWithoutAnAnswerHoldsUpItsPartitionOnly(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	s, p := newSubscriber(t, subscriberConfig(addr)), newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	// These keys have different partitions of eight: see TestKeysGoToThePartitionsOfKafkasOwnClients.
	publish(t, p, topic, "21", "a", "b")
	publish(t, p, topic, "foobar", "c", "d")
	messages := subscribe(t, s, topic)
	got := make(map[string]int)
	for range 3 {
		msg := receive(t, messages)
		key := msg.Metadata.Get(kafkabus.PartitionKey)
		got[key]++
		if key == "foobar" {
			msg.Ack()
		}
	}
	if got["21"] != 1 || got["foobar"] != 2 {
		t.Errorf("messages by key: %v", got)
	}
}

func TestTheNextMemberContinuesAfterWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			cfg := subscriberConfig(addr)
			cfg.Group = "readers"
			cfg.CommitInterval = time.Hour // Only Close commits.
			p := newPublisher(t, publisherConfig(addr))
			first := newSubscriber(t, cfg)
			topic := newTopic(t, first)
			ids := publish(t, p, topic, "C1", "a", "b", "c")

			messages := subscribe(t, first, topic)
			receive(t, messages).Ack()
			unanswered := receive(t, messages)
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			if unanswered.Context().Err() == nil {
				t.Error("the context of a message has outlived its subscription")
			}
			if _, open := <-messages; open {
				t.Error("the channel has outlived its subscription")
			}

			second := newSubscriber(t, cfg)
			messages = subscribe(t, second, topic)
			for _, id := range ids[1:] {
				msg := receive(t, messages)
				if msg.UUID != id {
					t.Errorf("message %s, want %s", msg.UUID, id)
				}
				msg.Ack()
			}
		})
	}
}

func TestCloseWaitsForTheAnswerOfAHandler(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	cfg := subscriberConfig(addr)
	cfg.Group = "readers"
	cfg.DrainTimeout = patience
	p := newPublisher(t, publisherConfig(addr))
	first := newSubscriber(t, cfg)
	topic := newTopic(t, first)
	ids := publish(t, p, topic, "C1", "a", "b")
	msg := receive(t, subscribe(t, first, topic))
	var answered atomic.Bool
	go func() {
		<-msg.Context().Done()
		answered.Store(true)
		msg.Ack()
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if !answered.Load() {
		t.Error("closed before the answer")
	}
	msg = receive(t, subscribe(t, newSubscriber(t, cfg), topic))
	if msg.UUID != ids[1] {
		t.Errorf("message %s, want %s: the answer was lost", msg.UUID, ids[1])
	}
	msg.Ack()
}

func TestANewMemberTakesOverPartitionsAndNothingIsLost(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			cfg := subscriberConfig(addr)
			cfg.Group = "readers"
			cfg.DrainTimeout = 2 * time.Second
			s, p := newSubscriber(t, cfg), newPublisher(t, publisherConfig(addr))
			topic := newTopic(t, s)
			const keys, each = 16, 20
			want := make(map[string]bool)
			for key := range keys {
				for _, id := range publish(t, p, topic, fmt.Sprint(key), strings.Split(strings.Repeat("x", each), "")...) {
					want[id] = true
				}
			}
			old := subscribe(t, s, topic)
			take := func(msg *message.Message) {
				delete(want, msg.UUID)
				msg.Ack()
			}
			take(receive(t, old))
			joined := subscribe(t, newSubscriber(t, cfg), topic)
			// The old member reads nothing more until the new one has got a message, which means that partitions have moved.
			take(receive(t, joined))
			for len(want) > 0 {
				select {
				case msg := <-old:
					take(msg)
				case msg := <-joined:
					take(msg)
				case <-time.After(patience):
					t.Fatalf("%d messages are lost", len(want))
				}
			}
		})
	}
}

func TestTheEndOfTheContextEndsOneSubscription(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	s, p := newSubscriber(t, subscriberConfig(addr)), newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	ended, err := s.Subscribe(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	other := subscribe(t, s, topic)
	cancel()
	for range ended {
		t.Error("a message from an empty topic")
	}
	id := publish(t, p, topic, "C1", "x")[0]
	if msg := receive(t, other); msg.UUID != id {
		t.Errorf("message %s, want %s", msg.UUID, id)
	}
}

func TestNewestBeginsAfterSubscribe(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			cfg := subscriberConfig(addr)
			cfg.Start = kafkabus.Newest
			s, p := newSubscriber(t, cfg), newPublisher(t, publisherConfig(addr))
			topic := newTopic(t, s)
			publish(t, p, topic, "C1", "before")
			messages := subscribe(t, s, topic)
			id := publish(t, p, topic, "C1", "after")[0]
			if msg := receive(t, messages); msg.UUID != id {
				t.Errorf("message %s %s, want %s", msg.UUID, msg.Payload, id)
			}
		})
	}
}

func TestAGroupThatBeganWithTheNewestMissesNothingWhileItIsAway(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			cfg := subscriberConfig(addr)
			cfg.Group = "readers"
			cfg.Start = kafkabus.Newest
			cfg.Topic.Partitions = 1
			p := newPublisher(t, publisherConfig(addr))
			first := newSubscriber(t, cfg)
			topic := newTopic(t, first)
			publish(t, p, topic, "C1", "before")
			subscribe(t, first, topic)
			awaitCommit(t, addr, "readers."+topic, topic, 1)
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			id := publish(t, p, topic, "C1", "away")[0]
			if msg := receive(t, subscribe(t, newSubscriber(t, cfg), topic)); msg.UUID != id {
				t.Errorf("message %s %s, want %s", msg.UUID, msg.Payload, id)
			}
		})
	}
}

func TestAGroupWhoseRecordIsGoneContinuesWithTheOldest(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			cfg := subscriberConfig(addr)
			cfg.Group = "readers"
			cfg.Topic.Partitions = 1
			s, p := newSubscriber(t, cfg), newPublisher(t, publisherConfig(addr))
			topic := newTopic(t, s)
			id := publish(t, p, topic, "C1", "x")[0]
			commitOffset(t, addr, "readers."+topic, topic, 1000)
			if msg := receive(t, subscribe(t, s, topic)); msg.UUID != id {
				t.Errorf("message %s, want %s", msg.UUID, id)
			}
		})
	}
}

func TestMembersThatCloseWhileTheyJoinLeaveTheGroup(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			cfg := subscriberConfig(addr)
			cfg.Group = "passers-by"
			// A member that stays behind holds up the others for this long.
			cfg.SessionTimeout = 2 * patience
			topic := newTopic(t, newSubscriber(t, cfg))
			const members = 6
			closed := make(chan error, members)
			for range members {
				s := newSubscriber(t, cfg)
				subscribe(t, s, topic)
				go func() { closed <- s.Close() }()
			}
			for range members {
				select {
				case err := <-closed:
					if err != nil {
						t.Error(err)
					}
				case <-time.After(patience):
					t.Fatal("Close waits for a member that has not left")
				}
			}
			res, err := newClient(t, addr).DescribeGroups(t.Context(), &kafka.DescribeGroupsRequest{GroupIDs: []string{"passers-by." + topic}})
			if err != nil {
				t.Fatal(err)
			}
			if n := len(res.Groups[0].Members); n != 0 {
				t.Errorf("%d members are still in the group", n)
			}
		})
	}
}

func TestSubscribeToATopicThatDoesNotExistSaysSo(t *testing.T) {
	t.Parallel()
	for name, start := range brokers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := start(t)
			if _, err := newSubscriber(t, subscriberConfig(addr)).Subscribe(t.Context(), "missing"); !errors.Is(err, kafkabus.ErrTopicMissing) {
				t.Errorf("error %v, want %v", err, kafkabus.ErrTopicMissing)
			}
		})
	}
}

// choosy refuses records until it is told to take them.
type choosy struct {
	kafkabus.HeaderMarshaler
	refusals chan struct{}
	open     *atomic.Bool
}

func (c choosy) Unmarshal(r kafkabus.Record) (*message.Message, error) {
	if c.open.Load() {
		return c.HeaderMarshaler.Unmarshal(r)
	}
	select {
	case c.refusals <- struct{}{}:
	default:
	}
	return nil, errors.New("refused")
}

func TestARecordThatTheMarshalerRefusesIsNotPassedOver(t *testing.T) {
	t.Parallel()
	addr := openBroker(t)
	marshaler := choosy{refusals: make(chan struct{}, 1), open: new(atomic.Bool)}
	cfg := subscriberConfig(addr)
	cfg.Marshaler = marshaler
	s, p := newSubscriber(t, cfg), newPublisher(t, publisherConfig(addr))
	topic := newTopic(t, s)
	id := publish(t, p, topic, "C1", "a", "b")[0]
	messages := subscribe(t, s, topic)
	<-marshaler.refusals
	marshaler.open.Store(true)
	if msg := receive(t, messages); msg.UUID != id {
		t.Errorf("message %s, want %s", msg.UUID, id)
	}
}

// newClient returns a client whose connections end with the test.
func newClient(t *testing.T, addr string) *kafka.Client {
	t.Helper()
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &kafka.Client{Addr: kafka.TCP(addr), Transport: transport, Timeout: patience}
}

// commitOffset commits an offset of partition 0 for a group without members. A cluster whose first group this is looks for
// its coordinator for a while.
func commitOffset(t *testing.T, addr, group, topic string, offset int64) {
	t.Helper()
	client := newClient(t, addr)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		res, err := client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
			GroupID: group, GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{topic: {{Partition: 0, Offset: offset}}},
		})
		if err == nil {
			err = res.Topics[topic][0].Error
		}
		if err == nil {
			return
		}
		if code, ok := errors.AsType[kafka.Error](err); !ok || !code.Temporary() {
			t.Fatal(err)
		}
	}
}

// awaitCommit waits until the group has committed an offset for partition 0.
func awaitCommit(t *testing.T, addr, group, topic string, offset int64) {
	t.Helper()
	client := newClient(t, addr)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		res, err := client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {0}}})
		if ctx.Err() != nil {
			t.Fatalf("offset %d is not committed: %v", offset, err)
		}
		if err == nil && len(res.Topics[topic]) == 1 && res.Topics[topic][0].CommittedOffset == offset {
			return
		}
	}
}
