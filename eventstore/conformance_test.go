package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheEmbeddedBrokerInMemoryConforms(t *testing.T) {
	t.Parallel()
	logtest.Run(t, logtest.Setup{
		Brokers: func(t *testing.T) []string {
			t.Helper()
			return []string{openBroker(t, broker.Options{}).Addr()}
		},
		DeleteTopic: deleteTopic,
	})
}

func TestTheEmbeddedBrokerOnDiskConforms(t *testing.T) {
	t.Parallel()
	logtest.Run(t, logtest.Setup{
		Brokers: func(t *testing.T) []string {
			t.Helper()
			return []string{openBroker(t, broker.Options{Dir: t.TempDir()}).Addr()}
		},
		DeleteTopic: deleteTopic,
		Restartable: func(t *testing.T) (brokers []string, stop, start func(t *testing.T)) {
			t.Helper()
			port, err := servertest.FreePort() // no client can occupy it while the broker is away
			if err != nil {
				t.Fatal(err)
			}
			dir, addr := t.TempDir(), fmt.Sprint("127.0.0.1:", port)
			running, err := broker.Open(broker.Options{Dir: dir, Addr: addr})
			if err != nil {
				t.Fatal(err)
			}
			stop = func(t *testing.T) {
				t.Helper()
				if err := running.Close(); err != nil {
					t.Fatal(err)
				}
			}
			start = func(t *testing.T) {
				t.Helper()
				if running, err = broker.Open(broker.Options{Dir: dir, Addr: addr}); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() { stop(t) })
			return []string{addr}, stop, start
		},
	})
}

func TestApacheKafkaConforms(t *testing.T) {
	t.Parallel()
	addr := kafkatest.Broker(t)
	logtest.Run(t, logtest.Setup{
		Brokers:     func(*testing.T) []string { return []string{addr} },
		DeleteTopic: deleteTopic,
		Trim:        trim,
		CreateTopic: createTopic,
		Restartable: func(t *testing.T) (brokers []string, stop, start func(t *testing.T)) {
			t.Helper()
			private := kafkatest.Start(t, nil)
			return []string{private.Addr()},
				func(*testing.T) { private.Stop() },
				func(*testing.T) { private.Start() }
		},
	})
}

// openBroker runs an embedded broker for the time of the test.
func openBroker(t testing.TB, opts broker.Options) *broker.Broker {
	t.Helper()
	b, err := broker.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// newClient returns a client whose connections end with the test.
func newClient(t *testing.T, brokers []string) *kafka.Client {
	t.Helper()
	transport := &kafka.Transport{MetadataTTL: 50 * time.Millisecond}
	t.Cleanup(transport.CloseIdleConnections)
	return &kafka.Client{Addr: kafka.TCP(brokers...), Transport: transport}
}

func createTopic(t *testing.T, brokers []string, topic, setting, value string) {
	t.Helper()
	client := newClient(t, brokers)
	for try := 1; ; try++ {
		res, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
			Topic: topic, NumPartitions: 1, ReplicationFactor: 1,
			ConfigEntries: []kafka.ConfigEntry{{ConfigName: setting, ConfigValue: value}},
		}}})
		if err == nil {
			err = res.Errors[topic]
		}
		if err == nil || errors.Is(err, kafka.TopicAlreadyExists) {
			return
		}
		// A broker under load lets go of a connection now and then.
		if try == 5 {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func deleteTopic(t *testing.T, brokers []string, topic string) {
	t.Helper()
	client := newClient(t, brokers)
	res, err := client.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	if err == nil {
		err = res.Errors[topic]
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		meta, err := client.Metadata(t.Context(), &kafka.MetadataRequest{Topics: []string{topic}})
		if err != nil {
			t.Fatal(err)
		}
		if errors.Is(meta.Topics[0].Error, kafka.UnknownTopicOrPartition) {
			return
		}
		if err := pause(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// pause keeps a loop that asks a broker from asking without rest.
func pause(ctx context.Context) error {
	timer := time.NewTimer(10 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// deleteRecordsRequest is the DeleteRecords API, which kafka-go does not have.
type deleteRecordsRequest struct {
	Topics    []deleteRecordsTopic `kafka:"min=v0,max=v1"`
	TimeoutMs int32                `kafka:"min=v0,max=v1"`
}

type deleteRecordsTopic struct {
	Name       string                   `kafka:"min=v0,max=v1"`
	Partitions []deleteRecordsPartition `kafka:"min=v0,max=v1"`
}

type deleteRecordsPartition struct {
	Partition int32 `kafka:"min=v0,max=v1"`
	Offset    int64 `kafka:"min=v0,max=v1"`
}

type deleteRecordsResponse struct {
	ThrottleTimeMs int32          `kafka:"min=v0,max=v1"`
	Topics         []deletedTopic `kafka:"min=v0,max=v1"`
}

type deletedTopic struct {
	Name       string             `kafka:"min=v0,max=v1"`
	Partitions []deletedPartition `kafka:"min=v0,max=v1"`
}

type deletedPartition struct {
	Partition    int32 `kafka:"min=v0,max=v1"`
	LowWatermark int64 `kafka:"min=v0,max=v1"`
	ErrorCode    int16 `kafka:"min=v0,max=v1"`
}

func (*deleteRecordsRequest) ApiKey() protocol.ApiKey  { return protocol.DeleteRecords }
func (*deleteRecordsResponse) ApiKey() protocol.ApiKey { return protocol.DeleteRecords }

func init() { protocol.Register(&deleteRecordsRequest{}, &deleteRecordsResponse{}) }

func trim(t *testing.T, brokers []string, topic string, partition int, before int64) {
	t.Helper()
	client := newClient(t, brokers)
	msg, err := client.Transport.RoundTrip(t.Context(), client.Addr, &deleteRecordsRequest{
		TimeoutMs: 5000,
		Topics: []deleteRecordsTopic{{Name: topic, Partitions: []deleteRecordsPartition{
			{Partition: int32(partition), Offset: before},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	deleted := msg.(*deleteRecordsResponse).Topics[0].Partitions[0]
	if deleted.ErrorCode != 0 || deleted.LowWatermark != before {
		t.Fatalf("delete records before %d: %+v", before, deleted)
	}
}
