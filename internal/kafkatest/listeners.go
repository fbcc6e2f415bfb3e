package kafkatest

import (
	"fmt"

	"github.com/rapport-crm/rapport/internal/servertest"
)

// listener is one more address of a broker, for clients that come through a proxy.
type listener struct {
	// port is where the broker listens.
	port int
	// advertised is where the broker tells these clients to come, host:port.
	advertised string
}

// openListeners chooses a port for each address that is advertised.
func openListeners(advertised []string) ([]listener, error) {
	listeners := make([]listener, len(advertised))
	for i, addr := range advertised {
		port, err := servertest.FreePort()
		if err != nil {
			return nil, err
		}
		listeners[i] = listener{port: port, advertised: addr}
	}
	return listeners, nil
}

// addListeners adds the listeners to the broker's properties. Each has a name of its own, because a broker answers a
// client with the advertised address of the listener that the client came in by.
func addListeners(properties map[string]string, listeners []listener) {
	for i, l := range listeners {
		name := fmt.Sprintf("PROXY%d", i)
		properties["listeners"] += fmt.Sprintf(",%s://127.0.0.1:%d", name, l.port)
		properties["advertised.listeners"] += fmt.Sprintf(",%s://%s", name, l.advertised)
		properties["listener.security.protocol.map"] += fmt.Sprintf(",%s:PLAINTEXT", name)
	}
}

// Listener returns host:port at which the broker listens for the clients of Options.Advertised[i]: what a proxy at that
// address connects to. It stays the same over restarts.
func (h *Handle) Listener(i int) string { return fmt.Sprintf("127.0.0.1:%d", h.n.listeners[i].port) }
