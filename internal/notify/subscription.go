package notify

import (
	"slices"
	"strings"
	"time"
)

// Subscription says what is sent where. The zero value of each filter lets everything pass. It has no form in JSON: its
// secrets are shown once, when they are made.
type Subscription struct {
	ID string
	// URL is where deliveries are sent: https for a program, mailto for a person.
	URL         string
	Description string
	// Types are types of outputs, for example "lifecycle.terminated", or beginnings of them with a star, for example
	// "lifecycle.*". Default: all types.
	Types []string
	// OrgUnit is an org unit whose outputs, and those of the units below it, are sent: "north" lets "north" and
	// "north/dealer-7" pass. Outputs without an org unit pass no such filter. Default: all org units.
	OrgUnit string
	// MinLevel is the least level of outputs that have one: low, watch, high or critical. Outputs that have none pass.
	// Default: all levels.
	MinLevel string
	// Ordered holds the deliveries of a customer back while an earlier one to this endpoint is pending. Default: each is
	// sent as soon as it can be.
	Ordered bool
	// MaxAge is how old an output may be, from when it took effect to when it is read, to be sent. What an import of
	// history finds out is older. Default: DefaultMaxAge.
	MaxAge time.Duration
	// OldNews sends outputs of any age.
	OldNews bool
	// Digest is the time of day, as 08:00, at which one delivery comes with all outputs since the day before, in the time zone of
	// Options.Zone. Default: each output is delivered by itself and at once.
	Digest string
	// Quiet are the times in which nothing is sent. Default: none.
	Quiet *QuietHours
	// Secrets are what requests are signed with, the newest first.
	Secrets []Secret
	// Disabled is why nothing is sent, empty while the endpoint is in use.
	Disabled string
	// DisabledAt is when that began.
	DisabledAt time.Time
	CreatedAt  time.Time
}

// Reasons why nothing is sent to an endpoint.
const (
	// DisabledGone means that it answered 410.
	DisabledGone = "gone"
	// DisabledByHand means that somebody asked for it.
	DisabledByHand = "by hand"
)

// DefaultMaxAge lets pass what was found out over a long weekend without an engine, and keeps history back.
const DefaultMaxAge = 72 * time.Hour

// levels are the levels of outputs, the least first.
var levels = []string{"low", "watch", "high", "critical"}

// clockSlack is by how much the clock of Kafka may be behind that of this program without an output being taken for one
// that was published before a subscription was made.
const clockSlack = 5 * time.Second

// selects reports whether the output is one for the endpoint, whatever its age.
func (s *Subscription) selects(n *news) bool {
	return s.Disabled == "" && !s.precedes(n) && s.wantsType(n.kind) && s.wantsOrgUnit(n.orgUnit) && s.wantsLevel(n.level)
}

// precedes reports whether the output was published before the subscription was made.
func (s *Subscription) precedes(n *news) bool {
	return !n.publishedAt.IsZero() && n.publishedAt.Before(s.CreatedAt.Add(-clockSlack))
}

func (s *Subscription) wantsType(kind string) bool {
	return len(s.Types) == 0 || slices.ContainsFunc(s.Types, func(pattern string) bool {
		beginning, open := strings.CutSuffix(pattern, "*")
		return kind == pattern || open && strings.HasPrefix(kind, beginning)
	})
}

func (s *Subscription) wantsOrgUnit(unit string) bool {
	return s.OrgUnit == "" || unit == s.OrgUnit || strings.HasPrefix(unit, s.OrgUnit+"/")
}

func (s *Subscription) wantsLevel(level string) bool {
	return s.MinLevel == "" || level == "" || slices.Index(levels, level) >= slices.Index(levels, s.MinLevel)
}

func (s *Subscription) wantsAge(age time.Duration) bool {
	limit := s.MaxAge
	if limit == 0 {
		limit = DefaultMaxAge
	}
	return s.OldNews || age <= limit
}
