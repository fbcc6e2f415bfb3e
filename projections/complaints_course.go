package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// course is what the steps of a complaint add up to. A step has its effect where the machine allows it at its instant;
// one that it does not allow (a resolution from before the filing, an acceptance of what was not handed over) is kept as
// out of turn and does not move the complaint.
type course struct {
	// filing and filed are zero while the filing is not known.
	filing ComplaintFiling
	filed  domain.Instant
	status ComplaintStep
	phase  complaintPhase
	// rounds are the times the complaint was open, the last one the one in force.
	rounds []ComplaintRound
	// taken are the kinds of steps that were taken, furthest is the furthest of them on the way.
	taken    [complaintSteps]bool
	furthest ComplaintStep
	// inTurn says of each step whether it moved the complaint.
	inTurn []bool

	apology, agreed, valid answer
	decisions, reversals   int
	side, cause            string
	custody
	compensation []ComplaintCost
	measures     []ComplaintMeasure
	similar      []ComplaintLink
}

// complaintPhase is where the machine stands.
type complaintPhase uint8

const (
	phaseUnfiled complaintPhase = iota
	phaseOpen
	phaseResolved
)

// ComplaintRound is one time a complaint was open: from its filing, or from when it was opened again, to its resolution.
type ComplaintRound struct {
	OpenedAt domain.Instant `json:"opened_at"`
	// ResolvedAt is null while it is open.
	ResolvedAt domain.Instant `json:"resolved_at"`
	// Satisfied is what the customer said of the result before leaving, null when nobody asked (SAT-23).
	Satisfied *bool               `json:"satisfied"`
	FollowUps []ComplaintFollowUp `json:"follow_ups"`

	openedBy, resolvedBy string
}

// ComplaintFollowUp is one time the customer was asked again, or was tried in vain.
type ComplaintFollowUp struct {
	At      domain.Instant `json:"at"`
	Channel string         `json:"channel"`
	Reached bool           `json:"reached"`
	// Satisfied is what the customer said then, null when that is not known.
	Satisfied *bool `json:"satisfied"`
}

// StillSatisfied returns the last answer that a follow-up of the round got, nil without one.
func (r *ComplaintRound) StillSatisfied() *bool {
	for i := range slices.Backward(r.FollowUps) {
		if answer := r.FollowUps[i].Satisfied; answer != nil {
			return answer
		}
	}
	return nil
}

// course follows the steps up to the given instant. A complaint whose filing is not known counts as open from its first
// step on.
func (y *Complaint) course(until domain.Instant) *course {
	k := &course{inTurn: make([]bool, 0, len(y.steps))}
	if y.filed() == 0 {
		k.open(&y.steps[0])
	}
	for i := range y.steps {
		s := &y.steps[i]
		if s.at > until {
			break
		}
		k.inTurn = append(k.inTurn, k.take(s))
		k.taken[s.kind] = true
	}
	if k.filed == 0 {
		k.status = StepNotFiled
	}
	return k
}

// round returns the round in force, an empty one before the first.
func (k *course) round() *ComplaintRound {
	if len(k.rounds) == 0 {
		return new(ComplaintRound)
	}
	return &k.rounds[len(k.rounds)-1]
}

// take applies a step and reports whether the machine allows it.
func (k *course) take(s *complaintStep) bool {
	switch s.kind {
	case StepFiled:
		return k.file(s)
	case StepReopened:
		return k.reopen(s)
	case StepResolved:
		return k.resolve(s)
	case StepFollowedUp:
		return k.followUp(s)
	case StepHandedOver, StepHandoverAccepted, StepHandoverReturned:
		if k.phase == phaseResolved || !k.custody.take(s) {
			return false
		}
		k.reach(StepHandedOver)
		return k.phase == phaseOpen
	case StepCompensated, StepMeasureAdopted, StepLinked:
		k.note(s)
		return k.phase != phaseUnfiled
	default:
		return k.handle(s)
	}
}

// reach moves the status on, never back.
func (k *course) reach(s ComplaintStep) {
	if k.phase != phaseResolved {
		k.status, k.furthest = max(k.status, s), max(k.furthest, s)
	}
}

// open begins a round with the step.
func (k *course) open(s *complaintStep) {
	k.phase = phaseOpen
	k.rounds = append(k.rounds, ComplaintRound{OpenedAt: s.at, FollowUps: []ComplaintFollowUp{}, openedBy: s.event})
}

// file takes a filing. One of a complaint that was resolved opens it again; one of an open complaint only adds what was
// not known.
func (k *course) file(s *complaintStep) bool {
	k.filing.complete(s.filing)
	switch {
	case k.filed == 0:
		k.filed = s.at
		k.open(s)
		k.reach(StepFiled)
		return true
	case k.phase == phaseResolved:
		return k.reopen(s)
	}
	return false
}

func (k *course) reopen(s *complaintStep) bool {
	if k.phase != phaseResolved {
		return false
	}
	k.open(s)
	k.status = StepReopened
	k.custody.resume(s.at)
	return true
}

// resolve ends the round. A further resolution adds what the customer said and leaves the first instant.
func (k *course) resolve(s *complaintStep) bool {
	first := k.phase == phaseOpen
	if first {
		k.reach(StepResolved)
		k.phase = phaseResolved
		k.round().ResolvedAt, k.round().resolvedBy = s.at, s.event
		k.custody.rest(s.at)
	}
	if k.phase == phaseResolved && s.yes != answerUnknown {
		k.round().Satisfied, k.taken[StepChecked] = s.yes.optional(), true
	}
	return first
}

// followUp closes a complaint that is resolved, whether or not the customer was reached: the rule asks for the attempt.
func (k *course) followUp(s *complaintStep) bool {
	if k.phase != phaseResolved {
		return false
	}
	k.status, k.furthest = StepFollowedUp, StepFollowedUp
	r := k.round()
	r.FollowUps = append(r.FollowUps, ComplaintFollowUp{At: s.at, Channel: s.what, Reached: s.reached, Satisfied: s.yes.optional()})
	return true
}

// handle takes the steps between filing and resolution. What they say is known from then on, also when they come out of
// turn.
func (k *course) handle(s *complaintStep) bool {
	switch s.kind {
	case StepAcknowledged:
		k.apology = max(k.apology, s.yes)
		if k.phase != phaseResolved {
			k.custody.receive(s)
		}
	case StepRestated:
		k.agreed = s.yes
	case StepValidityDecided:
		if k.valid != answerUnknown && k.valid != s.yes {
			k.reversals++
		}
		k.valid = s.yes
		k.decisions++
	case StepCauseDetermined:
		k.cause, k.side = s.what, s.also
	}
	k.reach(s.kind)
	// A validity that is decided anew and a cause that is found later are as good as before the resolution.
	return k.phase == phaseOpen || k.phase == phaseResolved && (s.kind == StepValidityDecided || s.kind == StepCauseDetermined)
}

// note takes what lies beside the way.
func (k *course) note(s *complaintStep) {
	switch s.kind {
	case StepCompensated:
		k.compensate(s)
	case StepMeasureAdopted:
		k.measures = append(k.measures, ComplaintMeasure{Measure: s.what, OrgUnit: s.also, At: s.at, Event: s.event})
	case StepLinked:
		k.similar = append(k.similar, ComplaintLink{Customer: s.also, Complaint: s.what})
	}
}

// compensate sums what was given by currency. A compensation without an amount counts under the empty currency.
func (k *course) compensate(s *complaintStep) {
	i := slices.IndexFunc(k.compensation, func(c ComplaintCost) bool { return c.Currency == s.also })
	if i < 0 {
		i = len(k.compensation)
		k.compensation = append(k.compensation, ComplaintCost{Currency: s.also})
	}
	k.compensation[i].Times++
	k.compensation[i].Minor = domain.AddMinor(k.compensation[i].Minor, s.minor)
}

// skipped returns the steps that were left out: those before the furthest one on the way that was reached.
func (k *course) skipped() []ComplaintStep {
	furthest := k.furthest
	if furthest == StepResolved {
		furthest = StepFollowedUp // the customer has left unasked
	}
	skipped := []ComplaintStep{}
	for _, s := range complaintWay {
		if s < furthest && !k.taken[s] {
			skipped = append(skipped, s)
		}
	}
	return skipped
}
