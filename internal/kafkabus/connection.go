package kafkabus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
)

// dialTimeout bounds the opening of a connection.
const dialTimeout = 5 * time.Second

// Connection says how to reach the cluster. The zero value of every field but Brokers is a documented default.
type Connection struct {
	// Brokers are the addresses, host:port, at which the cluster is found. At least one is needed.
	Brokers []string
	// TLS, when not nil, encrypts the connections.
	TLS *tls.Config
	// Username and Password, when Username is not empty, authenticate by SASL PLAIN. Use them with TLS only.
	Username, Password string
	// ClientID names this program to the broker. The member of a consumer group adds a random suffix to it. Default:
	// "kafkabus".
	ClientID string
	// Dial opens connections. Default: a net.Dialer with a time limit of 5 s.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// withDefaults returns c with every zero field that has a default set to it.
func (c Connection) withDefaults() Connection {
	if c.ClientID == "" {
		c.ClientID = "kafkabus"
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	return c
}

// validate returns every fault of c, joined.
func (c Connection) validate() error {
	var faults []error
	if len(c.Brokers) == 0 {
		faults = append(faults, errors.New("no brokers"))
	}
	for _, broker := range c.Brokers {
		if _, _, err := net.SplitHostPort(broker); err != nil {
			faults = append(faults, fmt.Errorf("broker %q: %w", broker, err))
		}
	}
	return errors.Join(faults...)
}

// mechanism returns the SASL mechanism, or nil for none.
func (c Connection) mechanism() sasl.Mechanism {
	if c.Username == "" {
		return nil
	}
	return plain.Mechanism{Username: c.Username, Password: c.Password}
}

// dialer returns a kafka-go dialer that presents itself as clientID.
func (c Connection) dialer(clientID string) *kafka.Dialer {
	return &kafka.Dialer{
		ClientID: clientID, Timeout: 2 * dialTimeout, DialFunc: c.Dial, TLS: c.TLS, SASLMechanism: c.mechanism(),
	}
}
