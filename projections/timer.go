package projections

import "github.com/rapport-crm/rapport/domain"

// timerKind orders timers that are due at the same instant (domain rule: termination, decline, maturity).
type timerKind uint8

const (
	timerTermination timerKind = iota
	timerDecline
	timerMaturity
	timerOverride
	timerKinds
	// timerDeadline, timerLoss and timerRisk are no timers of the lifecycle: the projections keep their own.
	timerDeadline
	timerLoss
	timerRisk
)

// timers holds when each kind of timer of a customer is due; zero means it is not set.
type timers [timerKinds]domain.Instant

func (t *timers) set(k timerKind, due domain.Instant) { t[k] = due }
func (t *timers) clear(k timerKind)                   { t[k] = 0 }

// next returns the earliest timer, the lower kind first, or zero when none is set.
func (t *timers) next() (domain.Instant, timerKind) {
	var due domain.Instant
	var kind timerKind
	for k, d := range t {
		if d != 0 && (due == 0 || d < due) {
			due, kind = d, timerKind(k)
		}
	}
	return due, kind
}
