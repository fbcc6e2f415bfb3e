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

func newEndpoint(id string, o Options) *endpoint { return &endpoint{breaker: newBreaker(id, o)} }

func newBreaker(id string, o Options) *gobreaker.TwoStepCircuitBreaker {
	return gobreaker.NewTwoStepCircuitBreaker(gobreaker.Settings{
		Name: id, MaxRequests: 1, Timeout: o.BreakerPause,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= uint32(o.BreakerFailures) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case from == gobreaker.StateClosed:
				o.Logger.Warn("webhook endpoint fails and is left alone", slog.String("subscription", id))
			case to == gobreaker.StateClosed:
				o.Logger.Info("webhook endpoint works again", slog.String("subscription", id))
			}
		},
	})
}

// Condition is what this engine makes of an endpoint by what came of its own requests.
type Condition struct {
	// Broken means that the endpoint failed several times in a row and is left alone, but for one request at a time.
	Broken bool
	// PausedUntil is until when the receiver asked to be left alone; zero, or past, when it did not.
	PausedUntil time.Time
	// QuietUntil is until when it has quiet hours; zero when it has none now.
	QuietUntil time.Time
}

func (e *endpoint) condition() Condition {
	return Condition{Broken: e.breaker.State() != gobreaker.StateClosed, PausedUntil: e.pausedUntil}
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
