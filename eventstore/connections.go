package eventstore

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// metadataTTL bounds how long a moved leader goes unnoticed. Every transport asks for one topic only, so the request
// is small.
const metadataTTL = time.Second

// connections is a kafka-go transport that can close what it opened. The transport alone leaves a connection with a
// long poll open until the poll is answered.
type connections struct {
	transport *kafka.Transport
	// cancel ends what the transport runs in the background, also when a request that raced with close starts it.
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	open   map[*trackedConn]struct{}
}

// newConnections returns connections to the cluster of cfg, which must have its defaults set. It opens none yet.
func newConnections(cfg Config) *connections {
	background, cancel := context.WithCancel(context.Background())
	c := &connections{cancel: cancel, open: make(map[*trackedConn]struct{})}
	c.transport = &kafka.Transport{
		Context: background,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := cfg.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return c.track(conn)
		},
		ClientID:       cfg.ClientID,
		TLS:            cfg.TLS,
		SASL:           cfg.mechanism(),
		MetadataTTL:    metadataTTL,
		MetadataTopics: []string{cfg.Topic},
	}
	return c
}

// client returns a kafka-go client over the connections.
func (c *connections) client(cfg Config) *kafka.Client {
	return &kafka.Client{Addr: cfg.address(), Transport: c.transport}
}

func (c *connections) track(conn net.Conn) (net.Conn, error) {
	tracked := &trackedConn{Conn: conn, owner: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errors.Join(ErrClosed, conn.Close())
	}
	c.open[tracked] = struct{}{}
	return tracked, nil
}

// close ends every connection, in use or not, and refuses new ones.
func (c *connections) close() {
	c.cancel()
	c.transport.CloseIdleConnections()
	c.mu.Lock()
	c.closed = true
	open := c.open
	c.open = nil
	c.mu.Unlock()
	for conn := range open {
		// The peer sees the connection end either way, and there is nobody to act on a failed close.
		_ = conn.Conn.Close()
	}
}

// trackedConn removes itself from its owner when it is closed.
type trackedConn struct {
	net.Conn
	owner *connections
}

func (c *trackedConn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.open, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}
