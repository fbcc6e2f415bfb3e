package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of the server. Bodies have limits of their own.
const (
	headPatience  = 5 * time.Second
	idlePatience  = 2 * time.Minute
	maxHead       = 64 << 10
	closePatience = 10 * time.Second
)

// Serve answers the connections of the listener with the handler until ctx ends. Then it takes no more connections,
// gives the requests in flight 10 s to end, cuts off the rest and returns nil. It closes the listener in any case.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	return serve(ctx, listener, handler, closePatience)
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler, patience time.Duration) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headPatience, IdleTimeout: idlePatience, MaxHeaderBytes: maxHead,
		// The server would report what clients do wrong on their connections; panics are logged by the handler.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serve HTTP on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if served := <-stopped; err == nil && !errors.Is(served, http.ErrServerClosed) {
		err = served
	}
	if err != nil {
		return fmt.Errorf("stop serving HTTP on %s: %w", listener.Addr(), err)
	}
	return nil
}
