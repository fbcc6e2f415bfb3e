package broker_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnvironment); dir != "" {
		runChild(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// open runs a broker for the time of the test.
func open(t testing.TB, opts broker.Options) *broker.Broker {
	t.Helper()
	b, err := broker.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBroker(t, b) })
	return b
}

func closeBroker(t testing.TB, b *broker.Broker) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// openLog opens the log of a broker, whose topic is created if need be.
func openLog(t testing.TB, addr string) *eventstore.Log {
	t.Helper()
	cfg := eventstore.Config{Brokers: []string{addr}, Partitions: 2}
	if err := eventstore.CreateTopic(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	log, err := eventstore.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}

func TestTheBrokerListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	b := open(t, broker.Options{})
	host, _, err := net.SplitHostPort(b.Addr())
	if err != nil || host != "127.0.0.1" {
		t.Errorf("address is %s", b.Addr())
	}
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:9092", "127.0.0.1", "127.0.0.1:x"} {
		if b, err := broker.Open(broker.Options{Addr: addr}); err == nil {
			t.Errorf("address %s is accepted", addr)
			closeBroker(t, b)
		}
	}
}

func TestASecondBrokerOnADirectoryIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, broker.Options{Dir: dir})
	_, err := broker.Open(broker.Options{Dir: dir})
	locked, ok := errors.AsType[*broker.LockedError](err)
	if !ok || !errors.Is(err, broker.ErrLocked) || locked.PID != os.Getpid() || locked.Dir != dir {
		t.Errorf("error is %v", err)
	}
}

func TestFindSeesARunningBrokerOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	find := func(wantAddr string) {
		t.Helper()
		addr, ok, err := broker.Find(dir)
		if err != nil || ok != (wantAddr != "") || addr != wantAddr {
			t.Errorf("found %q, %t, %v, want %q", addr, ok, err, wantAddr)
		}
	}
	find("")
	b, err := broker.Open(broker.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	find(b.Addr())
	closeBroker(t, b)
	find("")
}

func TestThePortAndTheRecordsOutliveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, err := broker.Open(broker.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	addr := b.Addr()
	if _, err := openLog(t, addr).Append(t.Context(), []eventstore.Record{{Key: []byte("k"), Value: []byte("v")}}); err != nil {
		t.Fatal(err)
	}
	closeBroker(t, b)

	b = open(t, broker.Options{Dir: dir})
	if b.Addr() != addr {
		// Another program may have taken the port in between.
		if l, err := net.Listen("tcp", addr); err == nil {
			t.Errorf("address is %s, was %s, which is free", b.Addr(), addr)
			_ = l.Close()
		}
	}
	log := openLog(t, b.Addr())
	records, err := log.Read(t.Context(), log.PartitionOf([]byte("k")), []int64{0})
	if err != nil || string(records[0].Value) != "v" {
		t.Errorf("records %v, %v", records, err)
	}
}

func TestATakenPortIsReplacedByAnother(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	taken, addr := takePort(t, dir)
	defer func() { _ = taken.Close() }()
	if b := open(t, broker.Options{Dir: dir}); b.Addr() == addr {
		t.Errorf("address is %s, which is taken", addr)
	}
}

// takePort lets a broker run on dir, closes it and listens at its address, again when another program was faster.
func takePort(t *testing.T, dir string) (net.Listener, string) {
	t.Helper()
	for range 10 {
		b, err := broker.Open(broker.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		addr := b.Addr()
		closeBroker(t, b)
		if taken, err := net.Listen("tcp", addr); err == nil {
			return taken, addr
		}
	}
	t.Fatal("other programs took the port ten times")
	return nil, ""
}

func TestRequestsThatWouldDropRecordsAreRefused(t *testing.T) {
	t.Parallel()
	b := open(t, broker.Options{})
	openLog(t, b.Addr())
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	send := func(req kmsg.Request) kmsg.Response {
		t.Helper()
		res, err := client.Request(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	compact, hour, keep := "compact", "3600000", "-1"
	refused := kerr.PolicyViolation.Code

	create := func(topic, setting string, value *string) int16 {
		req := kmsg.NewPtrCreateTopicsRequest()
		req.TimeoutMillis = 1000
		rt := kmsg.NewCreateTopicsRequestTopic()
		rt.Topic, rt.NumPartitions, rt.ReplicationFactor = topic, 1, 1
		rt.Configs = []kmsg.CreateTopicsRequestTopicConfig{{Name: setting, Value: value}}
		req.Topics = append(req.Topics, rt)
		return send(req).(*kmsg.CreateTopicsResponse).Topics[0].ErrorCode
	}
	alter := func(setting string, value *string) int16 {
		req := kmsg.NewPtrIncrementalAlterConfigsRequest()
		rr := kmsg.NewIncrementalAlterConfigsRequestResource()
		rr.ResourceType, rr.ResourceName = kmsg.ConfigResourceTypeTopic, eventstore.DefaultTopic
		rr.Configs = []kmsg.IncrementalAlterConfigsRequestResourceConfig{{Name: setting, Value: value}}
		req.Resources = append(req.Resources, rr)
		return send(req).(*kmsg.IncrementalAlterConfigsResponse).Resources[0].ErrorCode
	}
	alterAll := func(setting string, value *string) int16 {
		req := kmsg.NewPtrAlterConfigsRequest()
		rr := kmsg.NewAlterConfigsRequestResource()
		rr.ResourceType, rr.ResourceName = kmsg.ConfigResourceTypeTopic, eventstore.DefaultTopic
		rr.Configs = []kmsg.AlterConfigsRequestResourceConfig{{Name: setting, Value: value}}
		req.Resources = append(req.Resources, rr)
		return send(req).(*kmsg.AlterConfigsResponse).Resources[0].ErrorCode
	}
	deleteRecords := func() int16 {
		req := kmsg.NewPtrDeleteRecordsRequest()
		rt := kmsg.NewDeleteRecordsRequestTopic()
		rt.Topic = eventstore.DefaultTopic
		rt.Partitions = []kmsg.DeleteRecordsRequestTopicPartition{{Partition: 0, Offset: 0}}
		req.Topics = append(req.Topics, rt)
		return send(req).(*kmsg.DeleteRecordsResponse).Topics[0].Partitions[0].ErrorCode
	}
	for _, test := range []struct {
		name      string
		got, want int16
	}{
		{"create a compacted topic", create("a", "cleanup.policy", &compact), refused},
		{"create it again", create("a", "cleanup.policy", &compact), refused},
		{"create a topic with retention", create("a", "retention.ms", &hour), refused},
		{"create a topic that keeps everything", create("a", "retention.ms", &keep), 0},
		{"compact a topic", alter("cleanup.policy", &compact), refused},
		{"give a topic retention", alter("retention.ms", &hour), refused},
		{"give a topic retention by size", alterAll("retention.bytes", &hour), refused},
		{"set another setting", alter("max.message.bytes", &hour), 0},
		{"delete records", deleteRecords(), refused},
		{"delete records again", deleteRecords(), refused},
	} {
		if test.got != test.want {
			t.Errorf("%s: code %d, want %d", test.name, test.got, test.want)
		}
	}
}
