package httpapi

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/ingest"
)

// limited refuses requests beyond those that are answered at a time. Whether the program is alive, and what it is busy
// with, must be seen also then.
func (a *api) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz", "/readyz", "/metrics":
		default:
			if !a.requests.TryAcquire(1) {
				kindBusy.problem("Too many requests are in flight.").write(w, r)
				return
			}
			defer a.requests.Release(1)
		}
		next.ServeHTTP(w, r)
	})
}

// leastBodies is the least room for bodies, in which there is place for a compressed stream.
const leastBodies = 16 << 20

// roomStep is in which steps room is taken for a body that is being read, in bytes.
const roomStep = 64 << 10

// reservation is a part of the room for bodies.
type reservation struct {
	room *semaphore.Weighted
	held int64
}

// need makes sure that at least n bytes are held, and returns a problem when there is no room for them.
func (r *reservation) need(n int64) error {
	if n <= r.held {
		return nil
	}
	more := (n - r.held + roomStep - 1) / roomStep * roomStep
	if !r.room.TryAcquire(more) {
		return kindBusy.problem("The bodies of too many requests are in memory; nothing was appended.")
	}
	r.held += more
	return nil
}

// release gives back what is held.
func (r *reservation) release() {
	r.room.Release(r.held)
	r.held = 0
}

// append lets do append events and gives up when that takes too long. The log is asked for no more then; what is on its
// way may still arrive.
func (a *api) append(ctx context.Context, do func(context.Context, []domain.Event) ([]ingest.Result, error), events []domain.Event) ([]ingest.Result, error) {
	limited, cancel := context.WithTimeout(ctx, a.AppendLimit)
	defer cancel()
	results, err := do(limited, events)
	if results == nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, kindBusy.problem("Too many events are in flight; these were not appended.")
	}
	return results, err
}

// lagFresh is how long an answer about the lag counts, and lagPatience how long it is waited for.
const (
	lagFresh    = 500 * time.Millisecond
	lagPatience = 2 * time.Second
)

// lagging remembers whether the views lag too far behind. One request at a time asks anew; the others go by the answer
// before.
type lagging struct {
	asking sync.Mutex
	mu     sync.Mutex
	since  time.Time
	behind bool
}

func (l *lagging) latest() (behind bool, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.behind, l.since
}

func (l *lagging) set(behind bool, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.behind, l.since = behind, since
}

// admit returns a problem when the views lag too far behind the log to take more events.
func (a *api) admit(ctx context.Context) error {
	if a.MaxLag <= 0 {
		return nil
	}
	l := &a.lagging
	behind, since := l.latest()
	if now := a.Now(); now.Sub(since) >= lagFresh && l.asking.TryLock() {
		behind = a.isBehind(ctx)
		l.set(behind, now)
		l.asking.Unlock()
	}
	if behind {
		return kindBehind.problem("Nothing was appended.")
	}
	return nil
}

// isBehind asks for the lag. When nobody knows it, events are taken: the log keeps them safe.
func (a *api) isBehind(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, lagPatience)
	defer cancel()
	lag, err := a.lagOf(limited)
	return err == nil && lag > a.MaxLag
}

func (a *api) lagOf(ctx context.Context) (int64, error) {
	if a.Lag != nil {
		return a.Lag(ctx)
	}
	return a.lagRecords(ctx)
}
