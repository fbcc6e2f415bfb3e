package notify

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rapport-crm/rapport/domain"
)

// Bounds on the parts of a subscription, in characters and entries.
const (
	maxURL         = 2048
	maxDescription = 500
	maxTypes       = 100
	maxMaxAge      = 10 * 365 * 24 * time.Hour
)

// Faulty is the error of a subscription that breaks rules.
type Faulty struct {
	// Problems are all the rules that are broken, at least one. Pointers name fields as the HTTP API does.
	Problems []domain.Problem
}

// Error lists the problems.
func (e *Faulty) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Pointer + " " + p.Message
	}
	return "invalid subscription: " + strings.Join(texts, "; ")
}

// validate returns a *Faulty with every rule that the subscription breaks.
func (s *Subscription) validate(o Options) error {
	var broken []domain.Problem
	fault := func(pointer, rule, format string, args ...any) {
		broken = append(broken, domain.Problem{Pointer: pointer, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
	if rule, message := faultOfURL(s.URL, o); rule != "" {
		fault("/url", rule, "%s", message)
	}
	if utf8.RuneCountInString(s.Description) > maxDescription {
		fault("/description", domain.RuleLength, "must have at most %d characters", maxDescription)
	}
	if len(s.Types) > maxTypes {
		fault("/types", domain.RuleLength, "must have at most %d entries", maxTypes)
	}
	for i, pattern := range s.Types {
		if rule, message := faultOfType(pattern); rule != "" {
			fault("/types/"+strconv.Itoa(i), rule, "%s", message)
		}
	}
	if utf8.RuneCountInString(s.OrgUnit) > domain.MaxID {
		fault("/org_unit", domain.RuleLength, "must have at most %d characters", domain.MaxID)
	}
	if s.MinLevel != "" && !slices.Contains(levels, s.MinLevel) {
		fault("/min_level", domain.RuleOneOf, "must be one of %s", strings.Join(levels, ", "))
	}
	if _, err := time.Parse(digestForm, s.Digest); s.Digest != "" && (err != nil || len(s.Digest) != len(digestForm)) {
		fault("/digest", domain.RuleFormat, "must be a time of day such as 08:00")
	}
	if s.MaxAge < 0 || s.MaxAge > maxMaxAge {
		fault("/max_age", domain.RuleMax, "must be between 0 and ten years")
	}
	s.checkQuiet(o, fault)
	for pointer, text := range map[string]string{"/description": s.Description, "/org_unit": s.OrgUnit, "/types": strings.Join(s.Types, "")} {
		if strings.ContainsRune(text, 0) {
			fault(pointer, domain.RuleNUL, "must not have the character U+0000")
		}
	}
	if len(broken) > 0 {
		return &Faulty{Problems: broken}
	}
	return nil
}

// faultOfURL returns the rule that a URL breaks, and what must hold. Where a name leads is checked when a connection is
// made: it may lead elsewhere by then.
func faultOfURL(text string, o Options) (rule, message string) {
	if strings.HasPrefix(text, mailScheme) {
		return faultOfMail(text, o)
	}
	u, err := url.Parse(text)
	switch {
	case text == "":
		return domain.RuleRequired, "must be the address of the endpoint"
	case len(text) > maxURL:
		return domain.RuleLength, fmt.Sprintf("must have at most %d bytes", maxURL)
	case err != nil || u.Host == "" || u.Hostname() == "":
		return domain.RuleFormat, "must be absolute and name a host"
	case u.Scheme != "https" && !(u.Scheme == "http" && o.AllowHTTP):
		return domain.RuleFormat, "must begin with https"
	case u.User != nil:
		return domain.RuleFormat, "must not hold a user name or a password"
	case u.Fragment != "":
		return domain.RuleFormat, "must not have a fragment"
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !(guard{allow: o.AllowPrivate}).permits(a) {
		return domain.RuleReserved, "must lead to a public address, or to a network that this server allows"
	}
	return "", ""
}

// faultOfType returns the rule that a filter of types breaks, and what must hold. A beginning with a star may be that of
// types to come; a whole name that no output has is taken for a mistake.
func faultOfType(pattern string) (rule, message string) {
	name, open := strings.CutSuffix(pattern, "*")
	if name == "" && !open || strings.Contains(name, "*") || len(name) > domain.MaxID {
		return domain.RuleFormat, "must be a type of output, or the beginning of some with a star"
	}
	if _, known := domain.LookupOutput(name); !open && !known {
		return domain.RuleOneOf, "must be a type of output; /asyncapi.yaml lists them"
	}
	return "", ""
}
