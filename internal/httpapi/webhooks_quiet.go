package httpapi

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/notify"
)

// quietHours are the quiet hours of a webhook.
type quietHours struct {
	From       string   `json:"from,omitempty" doc:"The time of day at which they begin." example:"20:00"`
	To         string   `json:"to,omitempty" doc:"The time of day at which they end, that of the next day when it is not after from; 24:00 at the latest." example:"08:00"`
	Days       []string `json:"days,omitempty" enum:"mon,tue,wed,thu,fri,sat,sun" doc:"The weekdays on which they begin. Default: every day."`
	NonWorking bool     `json:"non_working,omitempty" doc:"Days without working time in the calendar of the policy are quiet from midnight to midnight, also without from and to."`
	TimeZone   string   `json:"time_zone,omitempty" doc:"The IANA name of the zone of these times and days. Default: the time zone of the policy." example:"Asia/Shanghai"`
	Except     []string `json:"except,omitempty" enum:"low,watch,high,critical" doc:"Levels of outputs that are sent all the same; not for ordered webhooks. Default: none."`
}

// askForQuiet changes the quiet hours of a subscription as a merge patch says, and returns what is wrong with it.
func askForQuiet(s *notify.Subscription, patch json.RawMessage) []domain.Problem {
	if string(patch) == "null" {
		s.Quiet = nil
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(patch, &members); err != nil {
		return []domain.Problem{wrongMember("quiet_hours", "must be an object")}
	}
	var q notify.QuietHours
	if s.Quiet != nil {
		q = *s.Quiet
		q.Days, q.Except = slices.Clone(q.Days), slices.Clone(q.Except)
	}
	wrong := assign(members, map[string]any{
		"from": &q.From, "to": &q.To, "days": &q.Days, "non_working": &q.NonWorking, "time_zone": &q.TimeZone, "except": &q.Except,
	})
	for i := range wrong {
		wrong[i].Pointer = "/body/quiet_hours" + strings.TrimPrefix(wrong[i].Pointer, "/body")
	}
	s.Quiet = &q
	return wrong
}
