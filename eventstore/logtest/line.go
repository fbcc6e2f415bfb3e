package logtest

import (
	"context"
	"net"
	"sync"
)

// line dials connections that can all be made to go silent, as when a machine loses its network: nothing arrives, and
// nobody is told.
type line struct {
	mu sync.Mutex
	// working is closed while the line works, and replaced by an open channel while it is cut.
	working chan struct{}
	conns   map[*silentConn]struct{}
}

func newLine() *line {
	l := &line{working: make(chan struct{}), conns: make(map[*silentConn]struct{})}
	close(l.working)
	return l
}

// cut silences the connections, old and new ones.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.working = make(chan struct{})
	for c := range l.conns {
		close(c.silenced)
	}
	l.conns = make(map[*silentConn]struct{})
}

// restore lets new connections through. The old ones stay silent.
func (l *line) restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.working)
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	working := l.working
	l.mu.Unlock()
	select {
	case <-working:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &silentConn{Conn: conn, silenced: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c, nil
}

// silentConn swallows what is written after it was silenced; then reads end by their deadline only, or with Close.
type silentConn struct {
	net.Conn
	silenced chan struct{}
}

func (c *silentConn) Write(b []byte) (int, error) {
	select {
	case <-c.silenced:
		return len(b), nil
	default:
		return c.Conn.Write(b)
	}
}
