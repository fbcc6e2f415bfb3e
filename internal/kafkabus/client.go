package kafkabus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
)

// metadataTTL bounds how long a moved leader goes unnoticed.
const metadataTTL = time.Second

// client is a kafka-go client for one topic. A new client reads the metadata anew; an older one answers from a cache that
// may not know a topic which another client has just created.
type client struct {
	*kafka.Client
	topic     string
	transport *kafka.Transport
}

// newClient returns a client that asks for the metadata of one topic only and opens its connections in s. It opens none
// yet.
func newClient(c Connection, s *sockets, topic string) *client {
	transport := &kafka.Transport{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := c.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return s.track(conn)
		},
		ClientID:       c.ClientID,
		TLS:            c.TLS,
		SASL:           c.mechanism(),
		MetadataTTL:    metadataTTL,
		MetadataTopics: []string{topic},
	}
	return &client{
		Client: &kafka.Client{Addr: kafka.TCP(c.Brokers...), Transport: transport}, topic: topic, transport: transport,
	}
}

// retire ends the client's connections as soon as no request uses them.
func (c *client) retire() { c.transport.CloseIdleConnections() }

// partitions returns the number of partitions of the topic, all of which have a leader. The error is ErrTopicMissing
// when the cluster, as far as this client knows, has no such topic.
func (c *client) partitions(ctx context.Context) (int, error) {
	meta, err := c.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{c.topic}})
	if err != nil {
		return 0, fmt.Errorf("describe topic %s: %w", c.topic, err)
	}
	for _, topic := range meta.Topics {
		switch {
		case topic.Name != c.topic:
			continue
		case errors.Is(topic.Error, kafka.UnknownTopicOrPartition):
			return 0, fmt.Errorf("describe topic %s: %w: %w", c.topic, ErrTopicMissing, topic.Error)
		case topic.Error != nil:
			return 0, fmt.Errorf("describe topic %s: %w", c.topic, topic.Error)
		}
		for _, p := range topic.Partitions {
			if p.Error != nil {
				return 0, fmt.Errorf("describe topic %s: partition %d: %w", c.topic, p.ID, p.Error)
			}
		}
		if len(topic.Partitions) > 0 {
			return len(topic.Partitions), nil
		}
	}
	return 0, fmt.Errorf("describe topic %s: %w: %w", c.topic, ErrTopicMissing, kafka.UnknownTopicOrPartition)
}
