package domain

import (
	"fmt"
	"strings"
	"time"
)

// MostEscalationSteps is the greatest number of steps by which a warning that nobody answers is escalated.
const MostEscalationSteps = 8

// EscalationStep says whom it concerns when nobody answers a churn warning for some time.
type EscalationStep struct {
	// After is how long the warning has waited for an answer, and Time which time counts.
	After time.Duration `yaml:"after"`
	Time  DeadlineTime  `yaml:"time"`
	// Level is the level from which on the step is taken. Its time begins when the warning reaches the level.
	Level RiskLevel `yaml:"level"`
	// Up is how many organisation units above that of the customer the step is for.
	Up int64 `yaml:"up"`
}

// usualStep returns what a step has where a document gives no value.
func usualStep() EscalationStep { return EscalationStep{Time: DeadlineElapsed, Level: RiskWatch} }

// Due returns when the step is taken for a warning that has waited since the given instant: at the first whole minute by
// which the time has passed, so that it falls together with the minutes at which silence is looked at.
func (s *EscalationStep) Due(since Instant, c *Calendar) Instant {
	due := s.Time.add(since, Instant(s.After.Microseconds()), c)
	if rest := due % Minute; rest != 0 {
		due += Minute - rest
	}
	return due
}

// Unit returns the path of the organisation unit that the step is for, given that of the customer: the highest one when there
// are not so many above.
func (s *EscalationStep) Unit(path string) string {
	for range s.Up {
		above := strings.LastIndexByte(path, '/')
		if above < 0 {
			break
		}
		path = path[:above]
	}
	return path
}

// checkEscalation reports every value of the steps that is out of range.
func (r *RiskPolicy) checkEscalation(fault func(ok bool, field, rule string)) {
	fault(len(r.Escalation) <= MostEscalationSteps, "risk.escalation", fmt.Sprintf("must have at most %d steps", MostEscalationSteps))
	for i := range r.Escalation {
		s, field := &r.Escalation[i], fmt.Sprintf("risk.escalation[%d]", i)
		fault(s.After >= time.Minute && s.After <= longestDeadline, field+".after", "must be between 1m and 87600h")
		fault(s.Time == DeadlineElapsed || s.Time == DeadlineWorking, field+".time", "must be one of elapsed, working")
		fault(s.Level >= RiskWatch && s.Level <= RiskCritical, field+".level", "must be one of watch, high, critical")
		fault(between(s.Up, 0, 16), field+".up", "must be between 0 and 16")
	}
}
