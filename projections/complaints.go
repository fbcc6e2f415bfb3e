package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Complaints are the complaints of a customer (CMP-01 to CMP-17). A Complaints is replaced, never changed.
type Complaints struct {
	// all is in the order of the ids.
	all []*Complaint
	// waiting are the steps that name no complaint and lie before the filing of every one that is known, in the order of
	// their time: a filing that is recorded late may claim them.
	waiting []complaintStep
}

// maxWaiting is how many steps wait for a filing. Beyond that the earliest are dropped.
const maxWaiting = 64

// mostSteps is how many steps of a complaint are kept. Beyond that the earliest of the kind that came last goes, except the
// first step of all: a fold goes over the steps with every event.
const mostSteps = 512

// Complaint is one complaint: the steps that were taken, in the order in which they occurred, those of one instant in the
// order in which they were recorded. Everything else follows from them, so that the order of recording does not matter.
// The first event that names a complaint creates it, even when its filing is recorded later or never.
type Complaint struct {
	ID    string
	steps []complaintStep
}

// applyComplaints takes an event as a step of the complaint it is about, and says which that is.
func (f *Fold) applyComplaints(c *Customer, e *Entry, out *Effects) {
	step, id := complaintStepOf(e)
	switch {
	case step == nil:
		f.countPraise(c, e, out)
		return
	case step.kind == StepCompensated && id == "":
		return
	case isFollowUp(e) && c.Complaints.find(id) == nil:
		return // it follows up on something else
	}
	step.keep(e)
	x := c.complaints()
	if id == "" {
		id = x.meant(step.kind, step.at)
	}
	if id == "" {
		x.wait(*step)
		x.touch(c, out) // the deadline of any may take it for its own
		return
	}
	x.add(id, *step)
	var claimed []complaintStep
	if step.kind == StepFiled {
		claimed = x.claim()
	}
	y := x.find(id)
	for _, s := range claimed {
		c.followUps().rename(s.event, y.ID, &out.Rollups)
		c.renameDeadlines(s.event, y.ID, out)
		c.renameSignals(s.event, y.ID)
	}
	e.complaint, e.idle = y.ID, step.kind == StepResolved && y.has(StepFiled) && !y.movedBy(step.event)
	if (step.kind == StepFiled || step.kind == StepMeasureAdopted) && y.has(StepMeasureAdopted) {
		x.touch(c, out) // others may have come back after its measure
		return
	}
	out.touch(c, CaseComplaint, y.ID)
}

// touch says that all complaints may have changed.
func (x *Complaints) touch(c *Customer, out *Effects) {
	for _, y := range x.all {
		out.touch(c, CaseComplaint, y.ID)
	}
}

// isFollowUp reports whether the event is a follow-up on anything, a complaint or not.
func isFollowUp(e *Entry) bool {
	switch e.Data.(type) {
	case *domain.FollowUpCompleted, *domain.FollowUpAttempted:
		return true
	}
	return false
}

// complaints puts a copy of the customer's complaints in their place and returns it, to be changed.
func (c *Customer) complaints() *Complaints {
	x := new(Complaints)
	if c.Complaints != nil {
		*x = *c.Complaints
	}
	c.Complaints = x
	return x
}

func (x *Complaints) search(id string) (int, bool) {
	return slices.BinarySearchFunc(x.all, id, func(y *Complaint, id string) int { return strings.Compare(y.ID, id) })
}

// find returns the complaint of that id, or nil.
func (x *Complaints) find(id string) *Complaint {
	if x == nil {
		return nil
	}
	if i, found := x.search(id); found {
		return x.all[i]
	}
	return nil
}

// add puts a step in its place in time, in a new complaint when there is none of that id.
func (x *Complaints) add(id string, s complaintStep) {
	x.all = slices.Clone(x.all)
	i, found := x.search(id)
	if !found {
		x.all = slices.Insert(x.all, i, &Complaint{ID: strings.Clone(id), steps: []complaintStep{s}})
		return
	}
	steps := insertStep(x.all[i].steps, s)
	if len(steps) > mostSteps {
		again := func(o complaintStep) bool { return o.kind == s.kind }
		drop := 1 + max(0, slices.IndexFunc(steps[1:], again))
		steps = slices.Delete(slices.Clone(steps), drop, drop+1)
	}
	x.all[i] = &Complaint{ID: x.all[i].ID, steps: steps}
}

// insertStep returns the steps with one more after those that occurred no later.
func insertStep(steps []complaintStep, s complaintStep) []complaintStep {
	n := len(steps)
	for n > 0 && steps[n-1].at > s.at {
		n--
	}
	if n == len(steps) {
		return append(steps, s)
	}
	return slices.Insert(slices.Clone(steps), n, s)
}

// meant returns the complaint that a step means which names none: the newest open one, for a follow-up or a reopening the
// one that was resolved last, each as of the instant of the step. Where no complaint was in that state, or the kind of
// step does not ask for one, it is the newest complaint. It is empty when none was filed by then.
func (x *Complaints) meant(kind ComplaintStep, at domain.Instant) string {
	var best *Complaint
	var bestFits bool
	var bestSince domain.Instant
	for _, y := range x.all {
		filed := y.filed()
		if filed == 0 || filed > at {
			continue
		}
		fits, since := false, filed
		k := y.course(at)
		switch kind {
		case StepCauseDetermined, StepMeasureAdopted, StepLinked:
		case StepFollowedUp, StepReopened:
			if fits = k.phase == phaseResolved; fits {
				since = k.round().ResolvedAt
			}
		default:
			fits = k.phase == phaseOpen
		}
		if best == nil || fits && !bestFits || fits == bestFits && since >= bestSince {
			best, bestFits, bestSince = y, fits, since
		}
	}
	if best == nil {
		return ""
	}
	return best.ID
}

// wait keeps a step for a complaint that is not known yet.
func (x *Complaints) wait(s complaintStep) {
	x.waiting = insertStep(x.waiting, s)
	if n := len(x.waiting) - maxWaiting; n > 0 {
		x.waiting = slices.Clone(x.waiting[n:])
	}
}

// claim gives the steps that wait to the complaint which they mean, and returns them. That is the one just filed: they lie
// before the filing of every other.
func (x *Complaints) claim() (claimed []complaintStep) {
	waiting := x.waiting
	x.waiting = nil
	for _, s := range waiting {
		if id := x.meant(s.kind, s.at); id != "" {
			x.add(id, s)
			claimed = append(claimed, s)
		} else {
			x.waiting = append(x.waiting, s)
		}
	}
	return claimed
}

// holder returns who has the complaint of that id: the employee or department it was handed over to last, before that the
// employee who acknowledged it. It is empty when that is not known.
func (x *Complaints) holder(id string) string {
	if y := x.find(id); y != nil {
		return y.course(endOfTime).holder
	}
	return ""
}

// filed returns when the complaint was first filed, zero when the filing is not known.
func (y *Complaint) filed() domain.Instant {
	for i := range y.steps {
		if y.steps[i].kind == StepFiled {
			return y.steps[i].at
		}
	}
	return 0
}

// has reports whether a step of the kind was taken.
func (y *Complaint) has(kind ComplaintStep) bool {
	return slices.ContainsFunc(y.steps, func(s complaintStep) bool { return s.kind == kind })
}

// movedBy reports whether the event was a step in its turn.
func (y *Complaint) movedBy(event string) bool {
	i := slices.IndexFunc(y.steps, func(s complaintStep) bool { return s.event == event })
	return i >= 0 && y.course(endOfTime).inTurn[i]
}

// took reports whether the event is a step of the complaint.
func (y *Complaint) took(event string) bool {
	return slices.ContainsFunc(y.steps, func(s complaintStep) bool { return s.event == event })
}

func codeComplaints(k *coder, x *Complaints) {
	list(k, &x.all, func(k *coder, y **Complaint) { optional(k, y, codeComplaint) })
	list(k, &x.waiting, codeComplaintStep)
}

func codeComplaint(k *coder, y *Complaint) {
	k.string(&y.ID)
	list(k, &y.steps, codeComplaintStep)
}

func codeComplaintStep(k *coder, s *complaintStep) {
	number(k, &s.kind)
	k.instant(&s.at)
	k.string(&s.event)
	number(k, &s.yes)
	k.bool(&s.reached)
	k.string(&s.who)
	k.string(&s.what)
	k.string(&s.also)
	k.int(&s.minor)
	optional(k, &s.filing, func(k *coder, g *ComplaintFiling) {
		for _, word := range g.members() {
			k.string(word)
		}
	})
}
