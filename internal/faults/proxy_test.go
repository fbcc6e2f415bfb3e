package faults

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/rapport-crm/rapport/internal/servertest"
)

// way is the way from one node to one service: a proxy that can be made bad.
//
// A change of the way tears the connections that are open, and those that come after it meet the new one. toxiproxy can
// change the toxics of open connections too, but waits for ever for one whose receiver does not read, as a stopped
// process does.
type way struct {
	t        testing.TB
	name     string
	listen   string
	upstream string
	proxy    *toxiproxy.Proxy
}

// newWay returns a way that listens on a port of its own and leads nowhere yet.
func newWay(t testing.TB, name string) *way {
	t.Helper()
	port, err := servertest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return &way{t: t, name: name, listen: fmt.Sprintf("127.0.0.1:%d", port)}
}

// open lets the way lead to upstream until the test has ended.
func (w *way) open(upstream string) {
	w.upstream = upstream
	w.be()
	w.t.Cleanup(w.cut)
}

// be tears the open connections and gives the later ones these toxics; none makes the way good. A toxic is the JSON text
// that toxiproxy takes.
func (w *way) be(toxics ...string) {
	w.t.Helper()
	w.cut()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	w.proxy = toxiproxy.NewProxy(server, w.name, w.listen, w.upstream)
	for _, toxic := range toxics {
		if _, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			w.t.Fatalf("%s: %s: %v", w.name, toxic, err)
		}
	}
	if err := w.proxy.Start(); err != nil {
		w.t.Fatalf("%s: %v", w.name, err)
	}
}

// cut tears the open connections and refuses later ones.
func (w *way) cut() {
	if w.proxy != nil {
		w.proxy.Stop()
	}
}

// bridge gives the database, which listens on a Unix socket only, an address for proxies. It lasts until the test has
// ended.
func bridge(t testing.TB, databaseURL string) string {
	t.Helper()
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	network, address := pgconn.NetworkAddress(config.Host, config.Port)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			client, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			server, err := net.Dial(network, address)
			if err != nil {
				client.Close()
				continue
			}
			open.Go(func() { pass(client, server) })
			open.Go(func() { pass(server, client) })
		}
	})
	// The ways are closed before, so every connection of the bridge has ended.
	t.Cleanup(func() {
		listener.Close()
		open.Wait()
	})
	return listener.Addr().String()
}

// pass copies what one side sends and then closes both.
func pass(from, to net.Conn) {
	_, _ = io.Copy(to, from) // a torn connection is what the tests are about
	from.Close()
	to.Close()
}
