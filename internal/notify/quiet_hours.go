package notify

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// QuietHours are times in which a subscription is left alone: nothing is sent, neither for the first time nor again. What
// comes in waits until they end. Its form in JSON is that of the stores and of the HTTP API.
type QuietHours struct {
	// From and To are times of day, as 20:00, at which the hours begin and end; To may be 24:00. When To is not after From
	// it is that of the next day. Both may be left out where NonWorking says it all.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Days are the weekdays (mon to sun) on which the hours begin. Default: every day.
	Days []string `json:"days,omitempty"`
	// NonWorking makes the whole of every day quiet that has no working time in the calendar of the policy, from midnight
	// to midnight.
	NonWorking bool `json:"non_working,omitempty"`
	// TimeZone is the zone of these times and days by its IANA name. Default: the time zone of the policy.
	TimeZone string `json:"time_zone,omitempty"`
	// Except are the levels of outputs that are sent all the same. It cannot be had with Subscription.Ordered: what is
	// sent would pass what waits. Default: none.
	Except []string `json:"except,omitempty"`
}

// checkQuiet tells of every rule that the quiet hours of a subscription break.
func (s *Subscription) checkQuiet(o Options, fault func(pointer, rule, format string, args ...any)) {
	if s.Quiet == nil {
		return
	}
	sound := true
	s.Quiet.check(func(pointer, rule, format string, args ...any) {
		sound = false
		fault("/quiet_hours"+pointer, rule, format, args...)
	})
	if s.Ordered && len(s.Quiet.Except) > 0 {
		fault("/quiet_hours/except", domain.RuleExactlyOne, "must not be given for an ordered subscription: what is sent would pass what waits")
	}
	if sound && s.alwaysQuiet(o) {
		fault("/quiet_hours", domain.RuleMax, "must leave times at which something is sent")
	}
}

// alwaysQuiet reports whether nothing would be sent for more than a year.
func (s *Subscription) alwaysQuiet(o Options) bool {
	now := domain.InstantOf(time.Now())
	times := newClocks(o).quietFor(s, "")
	end, _ := times.until(now)
	return end >= now+searchDays*domain.Day
}

// spares reports whether outputs of a level are sent in quiet hours too.
func (q *QuietHours) spares(level string) bool { return q != nil && slices.Contains(q.Except, level) }

// clone returns a copy that shares no memory.
func (q *QuietHours) clone() *QuietHours {
	if q == nil {
		return nil
	}
	c := *q
	c.Days, c.Except = slices.Clone(q.Days), slices.Clone(q.Except)
	return &c
}

// weekdays are the names of the days of a week.
var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// check tells of every rule that the quiet hours break, by pointers into them.
func (q *QuietHours) check(fault func(pointer, rule, format string, args ...any)) {
	if q.From != "" || q.To != "" {
		q.checkTimes(fault)
	} else if !q.NonWorking || len(q.Days) > 0 {
		fault("/from", domain.RuleRequired, "must be given with to, unless there are no days and non_working is true")
	}
	checkNames(q.Days, weekdays, "/days/", fault)
	checkNames(q.Except, levels, "/except/", fault)
	if _, err := time.LoadLocation(q.TimeZone); err != nil || q.TimeZone == time.Local.String() {
		fault("/time_zone", domain.RuleFormat, "must be the IANA name of a time zone such as Asia/Shanghai")
	}
}

// checkTimes tells of what is wrong with the times of day.
func (q *QuietHours) checkTimes(fault func(pointer, rule, format string, args ...any)) {
	from, ok := domain.ClockTime(q.From)
	if !ok || from == domain.Day {
		fault("/from", domain.RuleFormat, "must be a time of day from 00:00 to 23:59")
	}
	to, ok := domain.ClockTime(q.To)
	switch {
	case !ok:
		fault("/to", domain.RuleFormat, "must be a time of day from 00:00 to 24:00")
	case from == to:
		fault("/to", domain.RuleUnique, "must differ from from; a whole day is from 00:00 to 24:00")
	}
}

// checkNames tells of the entries of a list that are none of those there may be, or that are there twice.
func checkNames(list, known []string, pointer string, fault func(pointer, rule, format string, args ...any)) {
	for i, name := range list {
		switch {
		case !slices.Contains(known, name):
			fault(pointer+strconv.Itoa(i), domain.RuleOneOf, "must be one of %s", strings.Join(known, ", "))
		case slices.Contains(list[:i], name):
			fault(pointer+strconv.Itoa(i), domain.RuleUnique, "must be there once")
		}
	}
}
