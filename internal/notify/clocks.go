package notify

import (
	"sync"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// clocks tells when subscriptions have quiet hours, by the policy in force. It is safe for concurrent use.
type clocks struct {
	options Options

	mu sync.Mutex
	// zones are the zones that quiet hours name: looking one up reads a file.
	zones map[string]*time.Location
}

func newClocks(o Options) *clocks { return &clocks{options: o, zones: make(map[string]*time.Location)} }

// quietFor returns the quiet hours of a subscription for outputs of a level; those that are spared have none.
func (c *clocks) quietFor(s *Subscription, level string) quietTimes {
	if s.Quiet == nil || s.Quiet.spares(level) {
		return quietTimes{}
	}
	return quietTimesOf(s.Quiet, c.zone(s.Quiet.TimeZone), c.options.DayOff)
}

// quietUntil returns until when a subscription has quiet hours, zero when it has none at the given time. Spared levels do not
// count.
func (c *clocks) quietUntil(s *Subscription, at time.Time) time.Time {
	return endOf(c.quietFor(s, ""), at)
}

// quietNow returns the subscriptions that have quiet hours at the given time, and the levels that each spares.
func (c *clocks) quietNow(subscriptions []Subscription, at time.Time) map[string][]string {
	quiet := make(map[string][]string)
	for i := range subscriptions {
		if s := &subscriptions[i]; s.Quiet != nil && !c.quietUntil(s, at).IsZero() {
			quiet[s.ID] = s.Quiet.Except
		}
	}
	return quiet
}

// held returns until when quiet hours hold a delivery: those in which its next attempt falls. It is zero when they do not.
func (c *clocks) held(d *Delivery, s *Subscription) time.Time {
	if d.Status != Pending {
		return time.Time{}
	}
	level := d.Level
	if !d.DigestAt.IsZero() {
		level = "" // the digest has none
	}
	at := time.Now()
	if d.NextAttempt.After(at) {
		at = d.NextAttempt
	}
	return endOf(c.quietFor(s, level), at)
}

// endOf returns the end of the quiet hours that a time lies in, zero when it lies in none.
func endOf(times quietTimes, at time.Time) time.Time {
	if end, quiet := times.until(domain.InstantOf(at)); quiet {
		return end.Time()
	}
	return time.Time{}
}

// windowEnd returns when the last request for a delivery is due: quiet hours, in which none is made, do not count.
func (c *clocks) windowEnd(s *Subscription, d *Delivery, window time.Duration) time.Time {
	times := c.quietFor(s, d.Level)
	return times.after(domain.InstantOf(d.WindowStart), domain.Instant(window.Microseconds())).Time()
}

// zone returns a zone by its name; none is that of the policy, as is one that is not known here any more.
func (c *clocks) zone(name string) *time.Location {
	if name == "" {
		return c.options.Zone()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	zone, known := c.zones[name]
	if !known {
		var err error
		if zone, err = time.LoadLocation(name); err != nil {
			return c.options.Zone()
		}
		c.zones[name] = zone
	}
	return zone
}
