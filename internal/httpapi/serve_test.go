package httpapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"syscall"
	"testing"
)

// stopping serves a handler that begins one request and is told to stop then.
func stopping(t *testing.T, handler http.HandlerFunc) (addr string, ended chan error) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	entered := make(chan struct{})
	ended = make(chan error, 1)
	go func() {
		ended <- serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			handler(w, r)
		}), closePatience/1000)
	}()
	addr = listener.Addr().String()
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr, nil)
		if err != nil {
			return
		}
		req.Close = true
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-entered
	stop()
	return addr, ended
}

func TestARequestThatDoesNotEndIsCutOffAfterTheGrace(t *testing.T) {
	t.Parallel()
	cut := make(chan struct{})
	_, ended := stopping(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(cut)
	})
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-cut
}

func TestNewConnectionsAreRefusedWhileRequestsEnd(t *testing.T) {
	t.Parallel()
	refused := make(chan struct{})
	addr, ended := stopping(t, func(http.ResponseWriter, *http.Request) { <-refused })
	// The listener is closed at some moment after the word to stop; until then connections wait to be accepted.
	for {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
		if errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	close(refused)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
