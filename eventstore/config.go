package eventstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
)

// DefaultTopic is the topic of the log when Config names none.
const DefaultTopic = "rapport.events"

// Limits of a batch. Random reads decompress whole batches, so a batch is kept well below what Kafka would take.
const (
	defaultBatchBytes     = 256 << 10
	defaultMaxRecordBytes = 900 << 10
)

// Config says where the log is. The zero value of every field but Brokers is a documented default.
type Config struct {
	// Brokers are the addresses, host:port, at which the cluster is found. At least one is needed.
	Brokers []string
	// Topic is the topic of the log. Default: DefaultTopic.
	Topic string
	// Partitions is the number of partitions that CreateTopic gives the topic and that an existing topic must have.
	// Default: 12 for a new topic; any number for an existing one.
	Partitions int
	// ReplicationFactor is the number of copies that CreateTopic asks for. Default: what the broker is set to.
	ReplicationFactor int
	// MinInSync is min.insync.replicas: how many copies must have a record before it is acknowledged. An existing topic
	// must have at least this. Default: what the broker is set to.
	MinInSync int

	// ReadOnly opens a topic with whatever settings it has, an output topic with a retention for instance; Append then
	// refuses every record. A follower of a topic that deletes records stops with ErrTrimmed when what is due was deleted.
	// Default: false.
	ReadOnly bool

	// TLS, when not nil, encrypts the connections.
	TLS *tls.Config
	// Username and Password, when Username is not empty, authenticate by SASL PLAIN. Use them with TLS only.
	Username, Password string
	// ClientID names this program to the broker. Default: "rapport".
	ClientID string
	// Dial opens connections. Default: a net.Dialer with a time limit of 5 s.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// MaxRecordBytes is the size of the largest record that Append takes: key, value, headers and some 30 bytes of
	// framing. Default: 900 KiB, or less when the topic takes less.
	MaxRecordBytes int
	// BatchBytes is the size, before compression, at which a batch is full. A larger batch compresses better; reading
	// one record of it costs more. Default: 256 KiB.
	BatchBytes int
	// AppendTimeout is how long Append tries to have a batch acknowledged. Default: 15 s.
	AppendTimeout time.Duration
	// Logger gets one line per change of state: a broker lost, a broker back. Default: none.
	Logger *slog.Logger
}

// withDefaults returns c with every zero field that has a fixed default set to it.
func (c Config) withDefaults() Config {
	if c.Topic == "" {
		c.Topic = DefaultTopic
	}
	if c.ClientID == "" {
		c.ClientID = "rapport"
	}
	if c.MaxRecordBytes == 0 {
		c.MaxRecordBytes = defaultMaxRecordBytes
	}
	if c.BatchBytes == 0 {
		c.BatchBytes = defaultBatchBytes
	}
	if c.AppendTimeout == 0 {
		c.AppendTimeout = 15 * time.Second
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// validate returns every fault of c, joined.
func (c Config) validate() error {
	var faults []error
	if len(c.Brokers) == 0 {
		faults = append(faults, errors.New("no brokers"))
	}
	for _, broker := range c.Brokers {
		if _, _, err := net.SplitHostPort(broker); err != nil {
			faults = append(faults, fmt.Errorf("broker %q: %w", broker, err))
		}
	}
	if c.Partitions < 0 || c.Partitions >= maxPartitions {
		faults = append(faults, fmt.Errorf("%d partitions are out of range", c.Partitions))
	}
	if c.MinInSync < 0 || c.ReplicationFactor < 0 {
		faults = append(faults, errors.New("replication is negative"))
	}
	if c.ReplicationFactor > 0 && c.MinInSync > c.ReplicationFactor {
		faults = append(faults, fmt.Errorf("min in sync %d exceeds the replication factor %d", c.MinInSync, c.ReplicationFactor))
	}
	if c.MaxRecordBytes < 0 || c.BatchBytes < 0 || c.AppendTimeout < 0 {
		faults = append(faults, errors.New("a limit is negative"))
	}
	return errors.Join(faults...)
}

// address returns the brokers in the form kafka-go takes.
func (c Config) address() net.Addr { return kafka.TCP(c.Brokers...) }

// mechanism returns the SASL mechanism, or nil for none.
func (c Config) mechanism() sasl.Mechanism {
	if c.Username == "" {
		return nil
	}
	return plain.Mechanism{Username: c.Username, Password: c.Password}
}

// String names the log for messages: the topic and the brokers, and no secret.
func (c Config) String() string { return c.Topic + " at " + strings.Join(c.Brokers, ",") }
