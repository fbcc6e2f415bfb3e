package kafkabus

import (
	"errors"
	"net"
	"sync"
)

// sockets are the open connections of transports of kafka-go, which leave a connection with an unanswered request open.
type sockets struct {
	mu     sync.Mutex
	closed bool
	open   map[*socket]struct{}
}

func newSockets() *sockets { return &sockets{open: make(map[*socket]struct{})} }

// track returns conn as one that close ends. It closes conn and fails with ErrClosed when close was called before.
func (s *sockets) track(conn net.Conn) (net.Conn, error) {
	tracked := &socket{Conn: conn, owner: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.Join(ErrClosed, conn.Close())
	}
	s.open[tracked] = struct{}{}
	return tracked, nil
}

// close ends every connection, in use or not, and refuses new ones.
func (s *sockets) close() {
	s.mu.Lock()
	s.closed = true
	open := s.open
	s.open = nil
	s.mu.Unlock()
	for conn := range open {
		// The peer sees the connection end either way, and there is nobody to act on a failed close.
		_ = conn.Conn.Close()
	}
}

// socket removes itself from its owner when it is closed.
type socket struct {
	net.Conn
	owner *sockets
}

// Close closes the connection.
func (c *socket) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.open, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}
