package broker_test

import (
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
)

func TestARecordFromTheFutureIsRefusedAndTheNextGoodOneIsTaken(t *testing.T) {
	t.Parallel()
	b := open(t, broker.Options{})
	log := openLog(t, b.Addr())
	client := newClient(t, b)
	produce := func(value string, at time.Time) error {
		record := &kgo.Record{Topic: eventstore.DefaultTopic, Partition: 0, Key: []byte("k"), Value: []byte(value), Timestamp: at}
		return client.ProduceSync(t.Context(), record).FirstErr()
	}
	now := time.Now()
	for _, test := range []struct {
		value string
		at    time.Time
		want  error
	}{
		{"now", now, nil},
		{"in fifty years", now.AddDate(50, 0, 0), kerr.InvalidTimestamp},
		{"fifty years ago", now.AddDate(-50, 0, 0), nil},
		{"in an hour", now.Add(time.Hour), kerr.InvalidTimestamp},
		{"in two hours", now.Add(2 * time.Hour), kerr.InvalidTimestamp},
		{"now again", now, nil},
		{"a little ahead", now.Add(30 * time.Second), nil},
	} {
		if err := produce(test.value, test.at); !errors.Is(err, test.want) {
			t.Errorf("record %q: %v, want %v", test.value, err, test.want)
		}
	}
	good := make([]eventstore.Record, 10)
	for i := range good {
		good[i] = eventstore.Record{Key: fmt.Appendf(nil, "key-%d", i), Value: []byte("appended")}
	}
	if _, err := log.Append(t.Context(), good); err != nil {
		t.Errorf("append after the refusals: %v", err)
	}
	values := countRecords(t, b.Addr())
	want := map[string]int{"now": 1, "fifty years ago": 1, "now again": 1, "a little ahead": 1, "appended": 10}
	if !maps.Equal(values, want) {
		t.Errorf("the log has %v, want %v", values, want)
	}
}

func TestAMisdatedBatchIsRefusedForItsPartitionOnly(t *testing.T) {
	t.Parallel()
	b := open(t, broker.Options{})
	openLog(t, b.Addr())
	client := newClient(t, b)
	topics, err := client.Request(t.Context(), kmsg.NewPtrMetadataRequest())
	if err != nil {
		t.Fatal(err)
	}
	id := topics.(*kmsg.MetadataResponse).Topics[0].TopicID
	now := time.Now()
	future := now.Add(time.Hour)
	good := batch(now, now, 0)

	for _, test := range []struct {
		name string
		set  []byte
		code int16
	}{
		{"a good batch", good, 0},
		{"a batch from the future", batch(future, future, 0), kerr.InvalidTimestamp.Code},
		{"a batch whose last record is from the future", batch(now, future, 0), kerr.InvalidTimestamp.Code},
		{"a batch whose first record is from the future", batch(future, now, 0), kerr.InvalidTimestamp.Code},
		{"a batch that claims the time of the log", batch(now, now, 0x08), kerr.InvalidTimestamp.Code},
		{"a good batch and one from the future", append(batch(now, now, 0), batch(future, future, 0)...), kerr.InvalidTimestamp.Code},
		{"half a header", good[:40], kerr.CorruptMessage.Code},
		{"an old message format", withMagic(batch(future, future, 0), 1), kerr.CorruptMessage.Code},
	} {
		for _, version := range []int16{9, 13} {
			// Version 13 names the topic by its id only, version 9 by its name only.
			answers := send(t, client, version, id, -1, test.set, good)
			if got := answers[0].ErrorCode; got != test.code {
				t.Errorf("%s, version %d: code %d, want %d", test.name, version, got, test.code)
			}
			if answers[0].ErrorCode == kerr.InvalidTimestamp.Code && !strings.Contains(*answers[0].ErrorMessage, "one minute ahead") {
				t.Errorf("%s, version %d: message is %q", test.name, version, *answers[0].ErrorMessage)
			}
			if got := answers[1].ErrorCode; got != 0 {
				t.Errorf("%s, version %d: the other partition has code %d", test.name, version, got)
			}
		}
	}
	if got := countRecords(t, b.Addr())["v"]; got != 18 {
		t.Errorf("the log has %d records, want the 18 that were taken", got)
	}
}

func TestARefusalDoesNotOutliveItsRequest(t *testing.T) {
	t.Parallel()
	b := open(t, broker.Options{})
	openLog(t, b.Addr())
	client := newClient(t, b)
	now := time.Now()
	// There are no such acknowledgements, so the cluster never comes to the partitions.
	for _, answer := range send(t, client, 9, [16]byte{}, 2, batch(now.Add(time.Hour), now.Add(time.Hour), 0), batch(now, now, 0)) {
		if answer.ErrorCode != kerr.InvalidRequiredAcks.Code {
			t.Errorf("partition %d of an unfit request: code %d", answer.Partition, answer.ErrorCode)
		}
	}
	for _, answer := range send(t, client, 9, [16]byte{}, -1, batch(now, now, 0), batch(now, now, 0)) {
		if answer.ErrorCode != 0 {
			t.Errorf("partition %d: code %d", answer.Partition, answer.ErrorCode)
		}
	}
}

// newClient returns a client of the broker that sends each record to the partition it names.
func newClient(t *testing.T, b *broker.Broker) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// send sends one produce request with a record set for each partition, and returns the answers in their order.
func send(t *testing.T, client *kgo.Client, version int16, id [16]byte, acks int16, sets ...[]byte) []kmsg.ProduceResponseTopicPartition {
	t.Helper()
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = acks, 1000
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic, topic.TopicID = eventstore.DefaultTopic, id
	for partition, set := range sets {
		p := kmsg.NewProduceRequestTopicPartition()
		p.Partition, p.Records = int32(partition), set
		topic.Partitions = append(topic.Partitions, p)
	}
	req.Topics = append(req.Topics, topic)
	// The client picks the version of a request; a limit makes it pick this one.
	res, err := client.Broker(0).RetriableRequest(t.Context(), versioned{req, version})
	if err != nil {
		t.Fatal(err)
	}
	if req.Version != version {
		t.Fatalf("the request had version %d, want %d", req.Version, version)
	}
	answers := make([]kmsg.ProduceResponseTopicPartition, len(sets))
	for _, answer := range res.(*kmsg.ProduceResponse).Topics[0].Partitions {
		answers[answer.Partition] = answer
	}
	return answers
}

// versioned is a request that knows no version above limit.
type versioned struct {
	*kmsg.ProduceRequest
	limit int16
}

func (v versioned) MaxVersion() int16 { return v.limit }

// batch returns a record batch of one record, with the times first and last in its header.
func batch(first, last time.Time, attributes int16) []byte {
	record := kmsg.Record{Key: []byte("k"), Value: []byte("v")}
	record.Length = int32(len(record.AppendTo(nil)) - 1)
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1,
		Magic:                2,
		Attributes:           attributes,
		FirstTimestamp:       first.UnixMilli(),
		MaxTimestamp:         last.UnixMilli(),
		ProducerID:           -1,
		ProducerEpoch:        -1,
		FirstSequence:        -1,
		NumRecords:           1,
		Records:              record.AppendTo(nil),
	}
	b.Length = int32(len(b.AppendTo(nil)) - 12)
	b.CRC = int32(crc32.Checksum(b.AppendTo(nil)[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b.AppendTo(nil)
}

// withMagic sets the number of the message format.
func withMagic(set []byte, magic byte) []byte {
	set[16] = magic
	return set
}
