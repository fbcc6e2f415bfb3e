// Package kafkatest gives tests a real Apache Kafka: one node in KRaft mode, started with java from the jars that Maven
// fetches.
//
// When RAPPORT_TEST_KAFKA is set, the broker at that address is used. Otherwise the first call of a test process starts
// a private one on two loopback ports. It needs no test hook to go away: package servertest ends it and removes its
// directory when the test process ends, whatever the way.
//
// The jars are kept in the user's cache directory under rapport/kafka-<version>, filled by the first process that needs
// them while the others wait.
package kafkatest

import (
	"context"
	"maps"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/servertest"
)

// environment names the variable that holds the address of a broker to use instead of a private one.
const environment = "RAPPORT_TEST_KAFKA"

// patience bounds the start and the stop of a broker; fetchPatience bounds the download of the jars by this process or
// another one.
const (
	patience      = 2 * time.Minute
	fetchPatience = 8 * time.Minute
)

// shared starts the broker of this test process once. The value holds the node, not its address alone, because a server
// ends when its process handle is garbage collected.
var shared = sync.OnceValues(func() (*node, error) {
	return create(context.Background(), &Options{})
})

// Broker returns host:port of a broker that all tests of the process, and possibly of other processes, share. Topics are
// not created by writing to them, and each test gives its topics, groups and transactional ids names of its own. Tests
// may call it concurrently.
func Broker(t testing.TB) string {
	t.Helper()
	servertest.SkipUnlessWanted(t)
	if addr := os.Getenv(environment); addr != "" {
		return addr
	}
	n, err := shared()
	servertest.Require(t, err)
	return n.addr()
}

// Options are the settings of a private broker.
type Options struct {
	// Properties are broker properties (the names of server.properties) that override those of this package.
	Properties map[string]string
	// Advertised are the addresses, host:port, of proxies in front of the broker. For each of them the broker opens one
	// more port, Handle.Listener, and sends the clients that come in by it to the advertised address, so that they come
	// through the proxy again. Default: none.
	Advertised []string
}

// Handle is a private broker that a test may stop, kill and start again on the same data and the same port. Its methods
// fail the test on errors and must be called from the test's goroutine, one at a time.
type Handle struct {
	t testing.TB
	n *node
}

// Start starts a private broker with a data directory of its own. When the test has ended the broker is stopped and its
// files are removed. Nil options mean the defaults.
func Start(t testing.TB, opts *Options) *Handle {
	t.Helper()
	servertest.SkipUnlessWanted(t)
	// A node killed with SIGKILL cannot come back before its old session has ended, by default 9 s. The shared broker
	// keeps the default, under which a busy machine does not lose its only broker.
	private := Options{Properties: map[string]string{
		"broker.session.timeout.ms":    "3000",
		"broker.heartbeat.interval.ms": "500",
	}}
	if opts != nil {
		maps.Copy(private.Properties, opts.Properties)
		private.Advertised = opts.Advertised
	}
	n, err := create(t.Context(), &private)
	servertest.Require(t, err)
	t.Cleanup(func() {
		if err := n.remove(); err != nil {
			t.Error(err)
		}
	})
	return &Handle{t: t, n: n}
}

// Addr returns host:port. It stays the same over restarts.
func (h *Handle) Addr() string { return h.n.addr() }

// Stop ends the broker in order (SIGTERM) and returns when its process has exited.
func (h *Handle) Stop() {
	h.t.Helper()
	h.end("TERM")
}

// Kill ends the broker with SIGKILL and returns when its process has exited.
func (h *Handle) Kill() {
	h.t.Helper()
	h.end("KILL")
}

// Start starts the broker again after Stop or Kill and returns when it answers requests.
func (h *Handle) Start() {
	h.t.Helper()
	if err := h.n.start(h.t.Context(), nil); err != nil {
		h.t.Fatal(err)
	}
}

func (h *Handle) end(signal string) {
	h.t.Helper()
	if err := h.n.end(signal); err != nil {
		h.t.Fatal(err)
	}
}

// Launch starts a private broker for a program that is not a test and returns its host:port and a function that stops
// the broker and removes its files. Programs that are not installed give an error that wraps
// servertest.ErrNotInstalled.
func Launch(ctx context.Context) (addr string, stop func() error, err error) {
	n, err := create(ctx, &Options{})
	if err != nil {
		return "", nil, err
	}
	return n.addr(), n.remove, nil
}
