package projections

import (
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// handling is what people did about a warning.
type handling struct {
	acknowledged, snoozed, dismissed decision
	// employee is to whom the warning was assigned last, empty for nobody.
	employee string
	assigned decision
	// until is until when it was snoozed last.
	until domain.Instant
	// waits is from when on the warning waits for an answer, zero when it has one. The last decision counts: whoever
	// acknowledges the warning, and whoever it is assigned to, has answered it; one that is snoozed waits from the end of
	// that on, and one that was taken from an employee from then on.
	waits domain.Instant
}

// decision is what somebody decided about a warning: when, who and why. Its zero value is that nobody did.
type decision struct {
	at   domain.Instant
	by   string
	note string
}

// applyWarnings takes in what people decided about the open warning. What they decided about another one, or after its end,
// is kept on the timeline and changes nothing.
func (f *Fold) applyWarnings(c *Customer, e *Entry, out *Effects) {
	switch d := e.Data.(type) {
	case *domain.WarningAcknowledged:
		f.handle(c, e, d.WarningID, out, func(h *handling, by decision) {
			by.note = strings.Clone(d.Note)
			h.acknowledged, h.waits = by, 0
		})
	case *domain.WarningAssigned:
		f.handle(c, e, d.WarningID, out, func(h *handling, by decision) {
			h.employee, h.assigned, h.waits = strings.Clone(d.Employee), by, 0
			if d.Employee == "" {
				h.waits = c.Now
			}
		})
	case *domain.WarningSnoozed:
		f.handle(c, e, d.WarningID, out, func(h *handling, by decision) {
			by.note = strings.Clone(d.Reason)
			h.until, h.snoozed, h.waits = d.Until, by, max(d.Until, c.Now)
		})
	case *domain.WarningDismissed:
		if f.handle(c, e, d.WarningID, out, func(h *handling, by decision) {
			by.note = strings.Clone(d.Reason)
			h.dismissed, h.waits = by, 0
		}) {
			f.endWarning(c, WarningDismissed, c.Now, out)
		}
	case *domain.CustomerOwnerAssigned, *domain.CustomerOwnerReleased:
		if w := c.lastWarning(); w != nil {
			out.touch(c, CaseWarning, w.ID) // its holder may be another one now
		}
	}
}

// handle changes the handling of the open warning and reports whether it is the one with the given id.
func (f *Fold) handle(c *Customer, e *Entry, id string, out *Effects, change func(h *handling, by decision)) bool {
	w := c.openWarning()
	if w == nil || w.ID != id {
		return false
	}
	changed := *w
	changed.handling = new(handling)
	if w.handling != nil {
		*changed.handling = *w.handling
	}
	before := changed.handling.acknowledged
	change(changed.handling, decision{at: e.Event.Time, by: strings.Clone(e.Event.Actor)})
	if before.at == 0 && changed.handling.acknowledged.at != 0 {
		f.countAcknowledged(c, &changed, e.Event.Time, out)
	}
	if changed.waits() == 0 && changed.nextStep() != 0 {
		f.countAnswer(c, &changed, e.Event.Time, warningAnsweredInTime, out)
	}
	f.await(&changed, c.Now)
	c.setWarning(&changed, out)
	return true
}

// warningHolder returns who is to deal with the warning: to whom it is assigned, else the owner of the customer who was
// assigned first.
func (c *Customer) warningHolder(w *Warning) string {
	if w.handling != nil && w.handling.employee != "" {
		return w.handling.employee
	}
	if c.Profile != nil && len(c.Profile.Owners) > 0 {
		return c.Profile.Owners[0]
	}
	return ""
}

func codeHandling(k *coder, h *handling) {
	for _, d := range []*decision{&h.acknowledged, &h.snoozed, &h.dismissed, &h.assigned} {
		k.instant(&d.at)
		k.string(&d.by)
		k.string(&d.note)
	}
	k.string(&h.employee)
	k.instant(&h.until)
	k.instant(&h.waits)
}
