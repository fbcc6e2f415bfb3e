package kafkabus

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// PublisherConfig are the settings of a Publisher. The zero value of every field but Brokers is a documented default.
type PublisherConfig struct {
	Connection
	// Marshaler makes the value and the headers of a record. Default: HeaderMarshaler{}.
	Marshaler Marshaler
	// Key returns the key of a message's record, which decides the partition as Kafka's own clients do (murmur2), or nil
	// for none. The messages of one Publish without a key all go to one partition chosen at random. Default: the metadata
	// PartitionKey, nil when there is none.
	Key func(topic string, msg *message.Message) ([]byte, error)
	// Timeout is how long Publish tries to have its messages acknowledged. It bounds too how long Publish waits for a
	// topic that does not exist. Default: 15 s.
	Timeout time.Duration
	// BatchBytes is the size, before framing, at which the records for a partition are split over several requests. It
	// must leave room below what the broker takes (max.message.bytes, 1 MiB unless set). Default: 512 KiB.
	BatchBytes int
}

func (c PublisherConfig) withDefaults() PublisherConfig {
	c.Connection = c.Connection.withDefaults()
	if c.Marshaler == nil {
		c.Marshaler = HeaderMarshaler{}
	}
	if c.Key == nil {
		c.Key = metadataKey
	}
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Second
	}
	if c.BatchBytes == 0 {
		c.BatchBytes = 512 << 10
	}
	return c
}

func (c PublisherConfig) validate() error {
	err := c.Connection.validate()
	if c.Timeout < 0 || c.BatchBytes < 0 {
		err = errors.Join(err, errors.New("a limit is negative"))
	}
	return err
}

// metadataKey is the default of PublisherConfig.Key.
func metadataKey(_ string, msg *message.Message) ([]byte, error) {
	if key, ok := msg.Metadata[PartitionKey]; ok {
		return []byte(key), nil
	}
	return nil, nil
}

var _ message.Publisher = (*Publisher)(nil)

// Publisher publishes messages to Kafka. Its methods may be called concurrently.
type Publisher struct {
	cfg     PublisherConfig
	sockets *sockets

	mu       sync.Mutex
	closed   bool
	inFlight sync.WaitGroup
	clients  map[string]*client
}

// NewPublisher returns a Publisher. It opens no connection before the first Publish.
func NewPublisher(cfg PublisherConfig) (*Publisher, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("new publisher: %w", err)
	}
	return &Publisher{cfg: cfg, sockets: newSockets(), clients: make(map[string]*client)}, nil
}

// Publish writes the messages to the topic and returns nil when every in-sync replica has all of them. Messages of one
// partition stand in the order given; different partitions are written at the same time. An error that is
// ErrNotAcknowledged says that messages may be in the log, ErrTopicMissing that the topic does not exist. After any error
// some messages may have been published: publish them all again, and let the receivers recognise the repeated ones.
//
// The end of a message's context keeps the message from being sent, or sent again; it does not interrupt a request.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if !p.begin() {
		return fmt.Errorf("publish to %s: %w", topic, ErrClosed)
	}
	defer p.inFlight.Done()
	if len(messages) == 0 {
		return nil
	}
	outgoing, err := p.marshal(topic, messages)
	if err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	if err := p.send(topic, outgoing); err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	return nil
}

// Close waits until every Publish under way has returned, then closes the connections. Publish fails with ErrClosed
// afterwards; a second Close returns nil.
func (p *Publisher) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.inFlight.Wait()

	p.mu.Lock()
	defer p.mu.Unlock()
	for topic, c := range p.clients {
		c.retire()
		delete(p.clients, topic)
	}
	p.sockets.close()
	return nil
}

// begin counts a Publish that is under way, unless the Publisher is closed.
func (p *Publisher) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.inFlight.Add(1)
	return true
}

// client returns the client of a topic.
func (p *Publisher) client(topic string) *client {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.clients[topic]
	if c == nil {
		c = newClient(p.cfg.Connection, p.sockets, topic)
		p.clients[topic] = c
	}
	return c
}

// discard gives up a client whose metadata are out of date, so that the next one reads them anew. Requests of other calls
// go on.
func (p *Publisher) discard(c *client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.clients[c.topic] == c {
		delete(p.clients, c.topic)
		c.retire()
	}
}
