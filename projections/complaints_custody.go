package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// custody is who has a complaint (CMP-06, CMP-11). Whom it is given to has it at once, accepted or not; who gives it back
// gives it to the one it came from.
type custody struct {
	// holder has the complaint now, and has it again when it is opened again. It is empty when nobody is known to.
	holder string
	// pending says that it was handed over and neither accepted nor given back.
	pending  bool
	holdings []ComplaintHolding
	// givers are those to whom a return leads, the last one first in turn.
	givers []string
	given  int
	// returned counts the times it was given back, pingPong those on which it came to somebody who had had it before.
	returned, pingPong int
}

// ComplaintHolding is a time for which somebody had a complaint.
type ComplaintHolding struct {
	Holder string         `json:"holder"`
	From   domain.Instant `json:"from"`
	// To is null for the holding in force.
	To domain.Instant `json:"to"`
	// AcceptedAt is when the holder accepted the hand-over, null without that.
	AcceptedAt domain.Instant `json:"accepted_at"`
	// Returned says that the holder gave it back.
	Returned bool `json:"returned,omitempty"`
}

// receive gives a complaint that nobody has to the employee who acknowledged it.
func (u *custody) receive(s *complaintStep) {
	if u.holder == "" && s.who != "" {
		u.hold(s.who, s.at)
	}
}

// take applies a step of a hand-over and reports whether it was possible.
func (u *custody) take(s *complaintStep) bool {
	switch {
	case s.kind == StepHandedOver:
		u.give(s)
	case s.kind == StepHandoverAccepted && u.pending:
		u.pending = false
		u.holdings[len(u.holdings)-1].AcceptedAt = s.at
	case s.kind == StepHandoverReturned && len(u.givers) > 0:
		u.giveBack(s.at)
	default:
		return false
	}
	return true
}

func (u *custody) give(s *complaintStep) {
	had := slices.ContainsFunc(u.holdings, func(h ComplaintHolding) bool { return h.Holder == s.who })
	if had && s.who != u.holder {
		u.pingPong++
	}
	u.givers = append(u.givers, u.holder)
	u.hold(s.who, s.at)
	u.pending = true
	u.given++
}

func (u *custody) giveBack(at domain.Instant) {
	u.holdings[len(u.holdings)-1].Returned = true
	giver := u.givers[len(u.givers)-1]
	u.givers = u.givers[:len(u.givers)-1]
	u.returned++
	u.pingPong++
	u.pending = false
	if giver == "" {
		u.rest(at)
		u.holder = ""
		return
	}
	u.hold(giver, at)
}

// hold gives the complaint to the holder.
func (u *custody) hold(holder string, at domain.Instant) {
	u.rest(at)
	u.holder = holder
	u.holdings = append(u.holdings, ComplaintHolding{Holder: holder, From: at})
}

// rest ends the holding in force: a complaint that is resolved keeps nobody busy.
func (u *custody) rest(at domain.Instant) {
	u.pending = false
	if n := len(u.holdings); n > 0 && u.holdings[n-1].To == 0 {
		u.holdings[n-1].To = at
	}
}

// resume gives a complaint that is open again to the one who had it last.
func (u *custody) resume(at domain.Instant) {
	if u.holder != "" {
		u.hold(u.holder, at)
	}
}
