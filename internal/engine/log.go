package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
)

// embeddedPartitions is the number of partitions of the log in the embedded broker.
const embeddedPartitions = 4

// LogConfig says where the log is.
type LogConfig struct {
	// Kafka are the addresses of a Kafka cluster. Default: none, the embedded broker is used.
	Kafka []string
	// Data is the data directory of the embedded broker. Empty with no Kafka means a log in memory.
	Data string
	// BrokerAddr is where the embedded broker listens, on loopback. Default: the port it had before, or a free one.
	BrokerAddr string
	// NoSync leaves it to the operating system when the embedded broker's records reach the disk.
	NoSync bool
	// Topic is the topic of the log. Default: rapport.events.
	Topic string
	// Partitions and ReplicationFactor are those of a topic that does not exist yet. Default: 12 partitions on Kafka, 4 in
	// the embedded broker, and the replication that the cluster is set to.
	Partitions        int
	ReplicationFactor int
	// Create lets AttachLog make a data directory that does not exist.
	Create bool
}

// OpenLog opens the log, making the topic when there is none, and starts the embedded broker unless a Kafka cluster is
// named. close ends what it started. The error is broker.ErrLocked when another process serves the data directory.
func OpenLog(ctx context.Context, c LogConfig, logger *slog.Logger) (log *eventstore.Log, close func() error, err error) {
	if len(c.Kafka) > 0 {
		return openKafka(ctx, c, c.Kafka, logger)
	}
	b, err := broker.Open(broker.Options{Dir: c.Data, Addr: c.BrokerAddr, NoSync: c.NoSync, Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	if c.Partitions == 0 {
		c.Partitions = embeddedPartitions
	}
	log, closeLog, err := openKafka(ctx, c, []string{b.Addr()}, logger)
	if err != nil {
		return nil, nil, errors.Join(err, b.Close())
	}
	logger.LogAttrs(ctx, slog.LevelInfo, "embedded broker listens", slog.String("addr", b.Addr()), slog.String("data", c.Data))
	return log, func() error { return errors.Join(closeLog(), b.Close()) }, nil
}

// AttachLog opens a log that may be served by another process: a Kafka cluster, or the embedded broker that runs on the
// data directory. When none runs there, it is started for the time until close. A data directory that does not exist is
// an error unless c.Create is set: a reader would find an empty log there.
func AttachLog(ctx context.Context, c LogConfig, logger *slog.Logger) (*eventstore.Log, func() error, error) {
	if len(c.Kafka) > 0 {
		return openKafka(ctx, c, c.Kafka, logger)
	}
	addr, running, err := broker.Find(c.Data)
	if err != nil {
		return nil, nil, err
	}
	if running {
		return openKafka(ctx, c, []string{addr}, logger)
	}
	if _, err := os.Stat(c.Data); err != nil && !c.Create {
		return nil, nil, fmt.Errorf("open the embedded log: %w", err)
	}
	return OpenLog(ctx, c, logger)
}

func openKafka(ctx context.Context, c LogConfig, addrs []string, logger *slog.Logger) (*eventstore.Log, func() error, error) {
	cfg := eventstore.Config{Brokers: addrs, Topic: c.Topic, ReplicationFactor: c.ReplicationFactor, Logger: logger}
	log, err := eventstore.Open(ctx, cfg)
	if errors.Is(err, eventstore.ErrTopicMissing) {
		made := cfg
		made.Partitions = c.Partitions
		if err := eventstore.CreateTopic(ctx, made); err != nil {
			return nil, nil, err
		}
		log, err = eventstore.Open(ctx, cfg)
	}
	if err != nil {
		return nil, nil, err
	}
	return log, log.Close, nil
}
