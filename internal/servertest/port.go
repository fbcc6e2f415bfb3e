package servertest

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// FreePort returns a TCP port that nothing on the loopback interface listens on. It lies below the range from which
// systems take the ports of outgoing connections, so no client can occupy it while a server is down between a stop and
// a restart. Another process may still take it before the caller does.
func FreePort() (int, error) {
	const first, count, attempts = 20000, 10000, 100
	var last error
	for range attempts {
		port := first + rand.IntN(count)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) //nolint:noctx // Listening on loopback does not block.
		if err != nil {
			last = err
			continue
		}
		if err := l.Close(); err != nil {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
		return port, nil
	}
	return 0, fmt.Errorf("find a free port in %d tries: %w", attempts, last)
}
