package notify

import (
	"log/slog"
	"time"

	"github.com/sony/gobreaker"
)

// endpoint is what an engine knows of the place that a subscription sends to. It is guarded by its dispatcher.
type endpoint struct {
	inFlight int
	breaker  *gobreaker.TwoStepCircuitBreaker
	// pausedUntil is how long the receiver asked to be left alone.
	pausedUntil time.Time
}

func newEndpoint(id string, o Options) *endpoint {
	return &endpoint{breaker: gobreaker.NewTwoStepCircuitBreaker(gobreaker.Settings{
		Name: id, MaxRequests: 1, Timeout: o.BreakerPause,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= uint32(o.BreakerFailures) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			o.Logger.Info("circuit of a webhook endpoint changed",
				slog.String("subscription", id), slog.String("from", from.String()), slog.String("to", to.String()))
		},
	})}
}

// room returns how many requests may begin now: none while the endpoint is left alone, and one to find out whether that
// should end.
func (e *endpoint) room(now time.Time, limit int) int {
	if now.Before(e.pausedUntil) {
		return 0
	}
	switch e.breaker.State() {
	case gobreaker.StateOpen:
		return 0
	case gobreaker.StateHalfOpen:
		limit = 1
	}
	return max(0, limit-e.inFlight)
}

// begin counts a request and returns the function that takes its outcome.
func (e *endpoint) begin() (end func(a Attempt)) {
	e.inFlight++
	done, err := e.breaker.Allow()
	if err != nil {
		// The circuit opened between the claim and now. The request is made all the same; its outcome says nothing new.
		done = func(bool) {}
	}
	return func(a Attempt) {
		e.inFlight--
		// Who asks for a pause is alive, and gets it.
		done(a.Error == "" || a.RetryAfterMS > 0)
		if until := a.At.Add(time.Duration(a.RetryAfterMS) * time.Millisecond); a.RetryAfterMS > 0 && until.After(e.pausedUntil) {
			e.pausedUntil = until
		}
	}
}
