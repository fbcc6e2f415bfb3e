package servertest

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// chosen counts the ports that FreePort has looked at in this process.
var chosen atomic.Int64

// FreePort returns a TCP port that nothing on the loopback interface listens on. It lies below the range from which
// systems take the ports of outgoing connections, so no client can occupy it while a server is down between a stop and
// a restart. Each process goes through ports of its own, so that those who look at the same time do not get the same one,
// and none is given again soon; but another process may still take it before the caller does.
func FreePort() (int, error) {
	const first, count, share = 20000, 10000, 200
	var last error
	for range share {
		port := first + (os.Getpid()*share+int(chosen.Add(1)%share))%count
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
	return 0, fmt.Errorf("find a free port in %d tries: %w", share, last)
}
