package notify

import (
	"math/rand/v2"
	"time"
)

// Schedule says when a delivery that was not taken is sent again. The zero value is the default of each field.
type Schedule struct {
	// Delays are the times between one request and the next. When they are used up the last one goes on. Default: those
	// that Standard Webhooks proposes: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
	Delays []time.Duration
	// Window is the time from the first request to the last one, which is made at its end; quiet hours do not count. Default:
	// 48 hours.
	Window time.Duration
	// Jitter is the part of a delay by which it is made longer or shorter at random, so that what failed together does
	// not come again together. Default: 0.1; a negative one means none.
	Jitter float64
}

func (s Schedule) withDefaults() Schedule {
	if len(s.Delays) == 0 {
		s.Delays = []time.Duration{
			5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
			20 * time.Hour, 24 * time.Hour,
		}
	}
	if s.Window == 0 {
		s.Window = 48 * time.Hour
	}
	if s.Jitter == 0 {
		s.Jitter = 0.1
	}
	s.Jitter = max(s.Jitter, 0)
	return s
}

// next returns when to send again after the given number of requests, the last of which has just failed, or false when the
// window is over, which is at end. The receiver asked for a pause of at least after.
func (s Schedule) next(end, now time.Time, tries int, after time.Duration) (time.Time, bool) {
	if !now.Before(end) {
		return time.Time{}, false
	}
	delay := float64(s.Delays[min(tries, len(s.Delays))-1])
	delay *= 1 + s.Jitter*(2*rand.Float64()-1)
	at := now.Add(max(time.Duration(delay), after)).Truncate(time.Microsecond)
	if at.After(end) {
		at = end
	}
	return at, true
}
