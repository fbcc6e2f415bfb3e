package notify

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Subscription says what is sent where. The zero value of each filter lets everything pass. It has no form in JSON: its
// secrets are shown once, when they are made.
type Subscription struct {
	ID string
	// URL is where deliveries are sent.
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
	// history finds out is older. Default: 72 hours.
	MaxAge time.Duration
	// OldNews sends outputs of any age.
	OldNews bool
	// Secrets are what requests are signed with, the newest first.
	Secrets []Secret
	// Disabled is why nothing is sent, empty while the endpoint is in use. DisabledGone is set by an answer of 410.
	Disabled string
	// DisabledAt is when that began.
	DisabledAt time.Time
	CreatedAt  time.Time
}

// DisabledGone is the reason of endpoints that answered 410.
const DisabledGone = "gone"

// defaultMaxAge lets pass what was found out over a long weekend without an engine, and keeps history back.
const defaultMaxAge = 72 * time.Hour

// levels are the levels of outputs, the least first.
var levels = []string{"low", "watch", "high", "critical"}

// Validate returns every fault of the subscription, joined. allowHTTP accepts URLs without encryption.
func (s *Subscription) Validate(allowHTTP bool) error {
	var faults []error
	if s.ID == "" {
		faults = append(faults, errors.New("the id is empty"))
	}
	if err := validateURL(s.URL, allowHTTP); err != nil {
		faults = append(faults, err)
	}
	for _, pattern := range s.Types {
		name := strings.TrimSuffix(pattern, "*")
		if name == "" && pattern != "*" || strings.Contains(name, "*") {
			faults = append(faults, fmt.Errorf("type %q is neither a type nor the beginning of one with a star", pattern))
		}
	}
	if s.MinLevel != "" && !slices.Contains(levels, s.MinLevel) {
		faults = append(faults, fmt.Errorf("level %q is none of %s", s.MinLevel, strings.Join(levels, ", ")))
	}
	if s.MaxAge < 0 {
		faults = append(faults, errors.New("the greatest age is negative"))
	}
	if !slices.ContainsFunc(s.Secrets, func(secret Secret) bool { return secret.ExpiresAt.IsZero() }) {
		faults = append(faults, errors.New("there is no current secret"))
	}
	for _, secret := range s.Secrets {
		if _, err := secret.Key.bytes(); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// validateURL checks the form of a URL. Where it leads is checked when a connection is made: a name may lead elsewhere by
// then.
func validateURL(text string, allowHTTP bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return errors.New("the URL must be absolute and name a host")
	case u.Scheme != "https" && !(u.Scheme == "http" && allowHTTP):
		return errors.New("the URL must begin with https")
	case u.User != nil:
		return errors.New("the URL must not hold a user name or a password")
	case u.Fragment != "":
		return errors.New("the URL must not have a fragment")
	}
	return nil
}

// news is what is read of an output to decide who is told of it.
type news struct {
	id, kind, customer, orgUnit, level string
	at                                 time.Time
	body                               []byte
}

// wants reports whether the output is sent to the endpoint.
func (s *Subscription) wants(n *news, now time.Time) bool {
	return s.Disabled == "" && s.wantsType(n.kind) && s.wantsOrgUnit(n.orgUnit) && s.wantsLevel(n.level) && s.wantsAge(now.Sub(n.at))
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
		limit = defaultMaxAge
	}
	return s.OldNews || age <= limit
}
