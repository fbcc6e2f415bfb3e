package eventstore

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/segmentio/kafka-go"
)

// Log is an open event log. Its methods may be called concurrently.
type Log struct {
	cfg        Config
	conns      *connections
	client     *kafka.Client
	partitions []int
	lanes      []lane
	maxRecord  int

	mu      sync.Mutex
	closed  bool
	sending sync.WaitGroup
}

// Open returns the log of cfg. It reads the topic's layout and settings and returns an error that is ErrTopicMissing or
// ErrUnfitTopic when the topic cannot be an event log; with cfg.ReadOnly any settings will do. It starts nothing but
// connections, which keep themselves informed of the cluster's layout until Close.
func Open(ctx context.Context, cfg Config) (*Log, error) {
	if cfg.ReadOnly {
		cfg.MinInSync = 0
		return open(ctx, cfg, nil)
	}
	return open(ctx, cfg, required[:])
}

// open opens a topic that has the settings that are needed.
func open(ctx context.Context, cfg Config, needed []kafka.ConfigEntry) (*Log, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	conns := newConnections(cfg)
	client := conns.client(cfg)
	facts, err := checkTopic(ctx, client, cfg, needed)
	if err != nil {
		conns.close()
		return nil, fmt.Errorf("open log: %w", err)
	}
	l := &Log{cfg: cfg, conns: conns, client: client, maxRecord: cfg.MaxRecordBytes}
	if facts.maxMessage > 0 {
		// A record that does not compress stands in a batch of its own: header, block framing, and the record.
		l.maxRecord = min(l.maxRecord, facts.maxMessage-facts.maxMessage/64-batchHeaderBytes)
	}
	l.partitions = make([]int, facts.partitions)
	l.lanes = make([]lane, facts.partitions)
	for i := range l.partitions {
		l.partitions[i] = i
		l.lanes[i] = lane{log: l, partition: i, enough: make(chan struct{}, 1)}
	}
	return l, nil
}

// Close ends every connection and waits for the appends in flight, which fail with ErrUnknownOutcome unless they were
// acknowledged before. Followers stop with an error.
func (l *Log) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.conns.close()
	l.sending.Wait()
	return nil
}

// Brokers returns the addresses at which the cluster is found.
func (l *Log) Brokers() []string { return slices.Clone(l.cfg.Brokers) }

// Topic returns the name of the topic.
func (l *Log) Topic() string { return l.cfg.Topic }

// Partitions returns the number of partitions.
func (l *Log) Partitions() int { return len(l.partitions) }

// PartitionOf returns the partition of a key. It is the one that the Java client and librdkafka (with its murmur2
// partitioner) choose, so records from other producers join the same streams.
func (l *Log) PartitionOf(key []byte) int {
	if key == nil {
		key = []byte{}
	}
	return kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: key}, l.partitions...)
}

// isClosed reports whether Close was called.
func (l *Log) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// begin registers work that Close waits for. It returns false when the log is closed; otherwise the caller must call
// l.sending.Done when the work is over.
func (l *Log) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.sending.Add(1)
	return true
}
