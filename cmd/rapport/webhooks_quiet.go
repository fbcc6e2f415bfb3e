package main

import (
	"errors"
	"slices"
	"strings"
)

// quietFlags say when a webhook is left alone. Those that are not given are left out.
type quietFlags struct {
	QuietHours      *timesOfDay `help:"Send nothing from one time of day to another; what comes in waits. '' alone lifts all quiet hours." placeholder:"HH:MM-HH:MM"`
	QuietDays       []string    `help:"Weekdays on which quiet hours begin: mon to sun, or 'all'." placeholder:"DAY"`
	QuietNonWorking *bool       `help:"Send nothing on days without working time in the calendar of the policy." negatable:""`
	QuietTimeZone   *string     `help:"Time zone of quiet hours; '' for that of the policy." placeholder:"ZONE"`
	QuietExcept     []string    `help:"Levels that are sent in quiet hours too: low, watch, high, critical, or 'none'." placeholder:"LEVEL"`
}

// timesOfDay are two times of day, or none.
type timesOfDay struct{ from, to string }

// UnmarshalText reads them as 20:00-08:00.
func (h *timesOfDay) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*h = timesOfDay{}
		return nil
	}
	from, to, ok := strings.Cut(string(text), "-")
	if !ok {
		return errors.New("must be two times of day such as 20:00-08:00")
	}
	h.from, h.to = strings.TrimSpace(from), strings.TrimSpace(to)
	return nil
}

// member returns what the flags ask for as a merge patch of the quiet hours, or false when they ask for nothing.
func (f quietFlags) member() (patch map[string]any, asked bool) {
	patch = make(map[string]any)
	if f.QuietNonWorking != nil {
		patch["non_working"] = *f.QuietNonWorking
	}
	if f.QuietTimeZone != nil {
		patch["time_zone"] = *f.QuietTimeZone
	}
	for name, names := range map[string][]string{"days": f.QuietDays, "except": f.QuietExcept} {
		if len(names) > 0 {
			patch[name] = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "all" || n == "none" })
		}
	}
	switch {
	case f.QuietHours == nil:
	case *f.QuietHours == (timesOfDay{}) && len(patch) == 0:
		return nil, true
	default:
		patch["from"], patch["to"] = f.QuietHours.from, f.QuietHours.to
	}
	return patch, len(patch) > 0
}

// quietHours is the public form of quiet hours.
type quietHours struct {
	From       string   `json:"from"`
	To         string   `json:"to"`
	Days       []string `json:"days"`
	NonWorking bool     `json:"non_working"`
	TimeZone   string   `json:"time_zone"`
	Except     []string `json:"except"`
}

// String says when they are in a few words.
func (q *quietHours) String() string {
	if q == nil {
		return ""
	}
	var parts []string
	if q.From != "" {
		parts = append(parts, q.From+" to "+q.To)
	}
	if len(q.Days) > 0 {
		parts = append(parts, "beginning on "+list(q.Days))
	}
	if q.NonWorking {
		parts = append(parts, "days off")
	}
	text := strings.Join(parts, ", ")
	if q.TimeZone != "" {
		text += ", " + q.TimeZone
	}
	if len(q.Except) > 0 {
		text += ", but for " + list(q.Except)
	}
	return text
}
