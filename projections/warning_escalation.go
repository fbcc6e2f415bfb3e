package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// escalation is how far a warning that nobody answers has been escalated. It is replaced, never changed.
type escalation struct {
	// reached is when the warning reached high and critical, zero while it is below.
	reached [domain.RiskCritical - domain.RiskWatch]domain.Instant
	// next is when the next step is due, zero when none is, and coming its index in the policy.
	next   domain.Instant
	coming uint8
	// told are the steps that were told, as they were then: under another policy the same step may have another index. It is
	// replaced, never changed.
	told []domain.EscalationStep
	// step is the number of the one told last, from 1, in the policy by which it was told, at is when, and unit whom it was for.
	step uint8
	at   domain.Instant
	unit string
	// overdue is when the first step was told since the warning waited last.
	overdue domain.Instant
	// counted says that the warning was counted as answered in time or as unanswered. Each is counted once.
	counted bool
}

// waits returns from when on the warning waits for an answer, which lies ahead while it is snoozed. It is zero when somebody
// answered it, and when it has ended.
func (w *Warning) waits() domain.Instant {
	switch {
	case w.Ended != 0:
		return 0
	case w.handling != nil:
		return w.handling.waits
	default:
		return w.Raised
	}
}

// nextStep returns when the next step is due, zero when none is.
func (w *Warning) nextStep() domain.Instant {
	if w == nil || w.escalation == nil {
		return 0
	}
	return w.escalation.next
}

// answerDue returns when the time for an answer was over or will be, zero when the warning does not wait for one or the policy
// gives it no time.
func (w *Warning) answerDue() domain.Instant {
	waits := w.waits()
	switch e := w.escalation; {
	case waits == 0 || e == nil:
		return 0
	case e.overdue > waits:
		return e.overdue
	default:
		return e.next
	}
}

// waitsAt returns from when on the warning waits for an answer at the given level or above. It is at that level.
func (w *Warning) waitsAt(level domain.RiskLevel) domain.Instant {
	if level == domain.RiskWatch {
		return w.waits()
	}
	return max(w.waits(), w.escalation.reached[level-domain.RiskHigh])
}

// await notes which levels the warning, a copy that is to take the place of the open one, has reached by an instant, and when
// its next step is due. It reports whether that is something new.
func (f *Fold) await(w *Warning, at domain.Instant) bool {
	if w.escalation == nil && w.Level == domain.RiskWatch && !f.asks(w.Level) {
		return false
	}
	e := new(escalation)
	if w.escalation != nil {
		*e = *w.escalation
	}
	next, coming, reached := e.next, e.coming, e.reached
	for i := range e.reached {
		switch level := domain.RiskHigh + domain.RiskLevel(i); {
		case level > w.Level:
			e.reached[i] = 0
		case e.reached[i] == 0:
			e.reached[i] = at
		}
	}
	w.escalation = e
	f.setNext(w, at)
	return e.next != next || e.coming != coming || e.reached != reached
}

// asks reports whether the policy has a step for warnings of the level.
func (f *Fold) asks(level domain.RiskLevel) bool {
	return slices.ContainsFunc(f.policy.Risk.Escalation, func(s domain.EscalationStep) bool { return s.Level <= level })
}

// setNext sets when the next step of the warning is due, whose escalation is new. That is not before the given instant.
func (f *Fold) setNext(w *Warning, from domain.Instant) {
	e := w.escalation
	e.next, e.coming = 0, 0
	if w.waits() == 0 {
		return
	}
	from = nextMinute(from - domain.Microsecond)
	for i := range f.policy.Risk.Escalation {
		s := &f.policy.Risk.Escalation[i]
		if w.Level < s.Level || slices.Contains(e.told, *s) {
			continue
		}
		if due := max(s.Due(w.waitsAt(s.Level), f.policy.Calendar()), from); e.next == 0 || due < e.next {
			e.next, e.coming = due, uint8(i)
		}
	}
}

// escalate tells the steps of the open warning that are due by an instant, at which its score is the given one.
func (f *Fold) escalate(c *Customer, score domain.Centipoints, at domain.Instant, out *Effects) {
	for w := c.openWarning(); w.nextStep() != 0 && w.nextStep() <= at; w = c.openWarning() {
		if int(w.escalation.coming) >= len(f.policy.Risk.Escalation) {
			f.awaitAnew(c, *w, at, out) // a customer who was parked while a policy with fewer steps was published
			continue
		}
		f.tellUnanswered(c, *w, score, out)
	}
}

// tellUnanswered tells the next step of a warning, a copy of the open one, at the instant at which it is due.
func (f *Fold) tellUnanswered(c *Customer, w Warning, score domain.Centipoints, out *Effects) {
	at, step := w.escalation.next, &f.policy.Risk.Escalation[w.escalation.coming]
	since := w.waitsAt(step.Level)
	f.countAnswer(c, &w, at, warningUnanswered, out)
	e := *w.escalation
	e.told = append(slices.Clip(e.told), *step)
	e.step, e.at, e.unit = e.coming+1, at, step.Unit(c.OrgUnit())
	if e.overdue <= w.waits() {
		e.overdue = at
	}
	w.escalation = &e
	f.setNext(&w, at)
	c.Now = max(c.Now, at)
	c.setWarning(&w, out)
	f.tellLevel(c, "churn.warning_unanswered", at, out, func(told levelTold) any {
		return &domain.ChurnWarningUnanswered{
			WarningID: w.ID, Step: int64(e.step), For: e.unit, Since: since, Level: w.Level.String(), Score: score.Float(),
			Contributions: told.contributions, RaisedAt: w.Raised, Employee: c.warningHolder(&w), At: at, Evidence: told.evidence,
			PolicyVersion: f.policy.Version, Position: told.position,
		}
	})
}

// settle ends the waiting of a warning that ends.
func (w *Warning) settle() {
	if w.escalation == nil {
		return
	}
	e := *w.escalation
	if len(e.told) == 0 {
		w.escalation = nil
		return
	}
	e.next, e.coming, e.reached = 0, 0, [len(e.reached)]domain.Instant{}
	w.escalation = &e
}

func codeEscalation(k *coder, e *escalation) {
	for i := range e.reached {
		k.instant(&e.reached[i])
	}
	k.instant(&e.next)
	number(k, &e.coming)
	list(k, &e.told, codeStep)
	number(k, &e.step)
	k.instant(&e.at)
	k.string(&e.unit)
	k.instant(&e.overdue)
	k.bool(&e.counted)
}

func codeStep(k *coder, s *domain.EscalationStep) {
	number(k, &s.After)
	working := s.Time == domain.DeadlineWorking
	k.bool(&working)
	s.Time = domain.DeadlineElapsed
	if working {
		s.Time = domain.DeadlineWorking
	}
	number(k, &s.Level)
	number(k, &s.Up)
}
