package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// loss is one time the customer was lost, as the steps have it.
type loss struct {
	// id is the id of the inferred loss, or else that of the event that reported the loss first.
	id string
	at domain.Instant
	// month is the calendar month of at.
	month   domain.Month
	opening *lossOpening
	// reported is when the loss was first reported, inferred says that nobody did; silentSince is when the silence began from
	// which it was inferred, zero when it was not.
	reported           domain.Instant
	silentSince        domain.Instant
	inferred           bool
	nature, competitor string
	// ended is when the customer came back, zero before that, by an event of a type.
	ended            domain.Instant
	endedBy          string
	relationship     domain.Instant
	debt             bool
	cause            string
	causeAt          domain.Instant
	decision, reason string
	decided          domain.Instant
	campaign         winBack
	// purchases are those that may lie in the window of success, returns of goods among them.
	purchases []*lossStep
	// steps are the places of the steps that belong to the loss.
	steps []int
	// settled is the instant up to which windows have closed.
	settled domain.Instant
}

// mostLossPurchases is how many signs of life and returns of goods of a loss are kept.
const mostLossPurchases = 64

// walkLosses returns the losses that the steps tell of, in the order of time. Windows that end by settled have closed.
//
// A step that names a case belongs to the loss of that case, any other to the latest loss that is not after it. What lies
// before the first loss belongs to it: a cause may be known before the loss is.
func walkLosses(steps []lossStep, settled domain.Instant) []*loss {
	w := lossWalk{settled: settled}
	for i := range steps {
		w.take(i, &steps[i])
	}
	for _, l := range w.losses {
		l.debt = w.debt
	}
	return w.losses
}

// lossWalk goes through the steps.
type lossWalk struct {
	losses  []*loss
	early   []*lossStep
	places  []int
	debt    bool
	settled domain.Instant
}

func (w *lossWalk) take(i int, s *lossStep) {
	if s.kind == stepDebt {
		w.debt = true
		return
	}
	if s.kind == stepLost || s.kind == stepInferred {
		w.open(i, s)
		return
	}
	l := w.meant(s)
	if l == nil {
		w.early, w.places = append(w.early, s), append(w.places, i)
		return
	}
	l.steps = append(l.steps, i)
	l.take(s)
}

// open begins a loss, or says more about the one that goes on.
func (w *lossWalk) open(i int, s *lossStep) {
	var l *loss
	if n := len(w.losses); n > 0 && w.losses[n-1].ended == 0 {
		l = w.losses[n-1]
	} else {
		l = &loss{id: s.event, at: s.at, month: s.month, opening: s.opening, inferred: true, settled: w.settled}
		w.losses = append(w.losses, l)
	}
	l.steps = append(l.steps, i)
	if s.kind == stepInferred {
		l.id, l.silentSince = s.event, s.opening.silentSince
	} else {
		if l.reported == 0 {
			l.reported = s.at
		}
		l.inferred, l.nature = false, s.what
		if s.also != "" {
			l.competitor = s.also
		}
	}
	for k, early := range w.early {
		l.steps = append(l.steps, w.places[k])
		l.take(early)
	}
	w.early, w.places = nil, nil
}

// meant returns the loss that a step is about, nil before the first one.
func (w *lossWalk) meant(s *lossStep) *loss {
	if s.name != "" {
		for _, l := range slices.Backward(w.losses) {
			if l.campaign.has(s.name) {
				return l
			}
		}
	}
	if len(w.losses) == 0 {
		return nil
	}
	return w.losses[len(w.losses)-1]
}

func (l *loss) take(s *lossStep) {
	switch s.kind {
	case stepCause:
		l.cause, l.causeAt = s.what, s.at
	case stepDecided:
		l.decision, l.reason, l.decided = s.what, s.also, s.at
	case stepEnded:
		l.relationship = s.at
	case stepBought, stepReturned, stepSigned, stepGaveBack:
		l.trade(s)
	case stepSpent:
		// What makes up for something is an expense of the case only while the customer is lost.
		if s.what != string(domain.CostCompensation) || s.at >= l.at && l.ended == 0 {
			l.campaign.spend(s, l.at)
		}
	default:
		l.campaign.take(s, l.at)
	}
}

func (l *loss) trade(s *lossStep) {
	if s.at < l.at {
		return
	}
	if l.ended == 0 && s.kind.signOfLife() {
		l.ended, l.endedBy = s.at, s.event
	}
	if s.kind == stepBought || s.kind == stepGaveBack {
		l.purchases = append(l.purchases, s)
	}
}
