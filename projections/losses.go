package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// Losses are the times the customer was lost and what was done to win the customer back (CHN-01, CHN-08 to CHN-13): the
// steps that were taken, in the order in which they occurred. Everything else follows from them, so that the order of
// recording does not matter. A Losses is replaced, never changed.
type Losses struct {
	steps []lossStep
	// settled is the instant up to which windows of success have closed.
	settled domain.Instant
	// lost says that the customer is lost now, timer is when the next window of success closes, zero when none is open. They
	// follow from the steps.
	lost  bool
	timer domain.Instant
	// quiet is the instant from which on purchases mean nothing more to the losses, since is when the customer was lost who is
	// lost now. They follow from the steps too.
	quiet, since domain.Instant
}

const (
	// mostLosses is how many losses of a customer are kept. Beyond that the earliest goes with all that belongs to it.
	mostLosses = 8
	// mostLossSteps is how many steps are kept. Beyond that only losses, purchases and returns are taken in.
	mostLossSteps = 512
	// mostEarlySteps is how many steps wait for a first loss. Beyond that the earliest is dropped.
	mostEarlySteps = 32
)

// losses returns the losses of the customer, nil without any.
func (c *Customer) losses() *Losses {
	if c.Risk == nil {
		return nil
	}
	return c.Risk.Losses
}

// lost reports whether the customer is lost and has not come back.
func (c *Customer) lost() bool {
	x := c.losses()
	return x != nil && x.lost
}

// returns reports whether an event at the given instant brings the customer back who is lost.
func (c *Customer) returns(at domain.Instant) bool { return c.lost() && at >= c.losses().since }

// nextLoss returns when the next window of success closes although nothing happens, zero when none is open.
func (c *Customer) nextLoss() domain.Instant {
	if x := c.losses(); x != nil {
		return x.timer
	}
	return 0
}

// fireLoss closes the windows of success that end by the given instant.
func (f *Fold) fireLoss(c *Customer, at domain.Instant, out *Effects) {
	c.changeLosses(at, out, func(steps []lossStep) []lossStep { return steps })
}

// applyWinBack takes in losses, returns and what was done to win the customer back.
func (f *Fold) applyWinBack(c *Customer, e *Entry, out *Effects) {
	x := c.losses()
	if isTrade(e) && (x == nil || !x.lost && e.Event.Time >= x.quiet) {
		return // most events end here
	}
	f.countCost(c, e, out)
	s := lossStepOf(e)
	if s == nil || !x.wants(s) {
		return
	}
	s.at = e.Event.Time
	if s.kind == stepLost {
		if s.at < c.Lifecycle.related {
			return // the customer was seen since
		}
		s.opening = f.opening(c)
	}
	s.keep(e, domain.DateOf(e.Event.Time, f.location).Month())
	c.changeLosses(c.Now, out, func(steps []lossStep) []lossStep {
		if s.kind.signOfLife() || s.kind == stepGaveBack {
			steps = disproved(countBefore(steps, s), c.Lifecycle.silenceFrom)
			if !followsLoss(steps, s) {
				return steps
			}
			return withoutLateTrade(insertLossStep(steps, *s))
		}
		return insertLossStep(steps, *s)
	})
}

// inferLoss notes that silence alone shows that the customer is lost, from the given instant on.
func (f *Fold) inferLoss(c *Customer, at domain.Instant, out *Effects) {
	if c.lost() {
		return
	}
	l := &c.Lifecycle
	s := lossStep{
		kind: stepInferred, at: at, month: domain.DateOf(at, f.location).Month(), opening: f.opening(c),
		event: domain.DerivedID("loss", c.ID, l.silenceBy, at.String()), what: l.silenceBy,
	}
	s.opening.silentSince = l.silenceFrom
	c.changeLosses(at, out, func(steps []lossStep) []lossStep { return insertLossStep(steps, s) })
	gap := f.policy.Lifecycle.UsualGap(c.Trade.gaps()).Float()
	out.emit(c, Output{
		Topic: TopicChurn, Type: "churn.loss_inferred", At: at, Evidence: []string{l.silenceBy}, Policy: f.policy.Version,
	}, func() any {
		return &domain.ChurnLossInferred{
			LossID: s.event, SilentSince: l.silenceFrom, UsualGapDays: gap, At: at,
			Evidence: []string{l.silenceBy}, PolicyVersion: f.policy.Version, Position: out.position.String(),
		}
	})
}

// opening returns what is known of the customer at the beginning of a loss.
func (f *Fold) opening(c *Customer) *lossOpening {
	o := &lossOpening{
		unit: c.OrgUnit(), product: c.Trade.Product(), occasions: int64(len(c.Trade.Days)),
		window: domain.Instant(f.policy.WinBack.Window.Microseconds()) * domain.Microsecond,
	}
	for _, s := range append([]CurrencySum{c.Trade.Main}, c.Trade.Other()...) {
		if s.Currency != "" {
			o.worth = addAmount(o.worth, s.Currency, s.Purchased-s.Returned)
		}
	}
	return o
}

// isTrade reports whether the event is one of those that mean something only beside a loss: a purchase, a return of goods, or
// another sign that the relationship goes on.
func isTrade(e *Entry) bool {
	switch e.Data.(type) {
	case *domain.PurchaseRecorded, *domain.PurchaseReturned, *domain.ContractSigned, *domain.SubscriptionStarted,
		*domain.SubscriptionRenewed, *domain.CustomerReturned:
		return true
	}
	return false
}

// wants reports whether a step means something beside what is known.
func (x *Losses) wants(s *lossStep) bool {
	switch {
	case x == nil || s.kind.signOfLife() || s.kind == stepGaveBack:
		return true
	case len(x.steps) >= mostLossSteps:
		return s.kind == stepLost && !x.lost
	case s.kind == stepDebt:
		return !slices.ContainsFunc(x.steps, func(o lossStep) bool { return o.kind == stepDebt })
	default:
		return true
	}
}

// followsLoss reports whether a purchase, a return of goods or another sign of life ends a loss or lies within the window
// of success after its end.
func followsLoss(steps []lossStep, s *lossStep) bool {
	for _, l := range walkLosses(steps, 0) {
		switch {
		case s.at < l.at:
		case l.ended == 0 || s.at < l.ended:
			return true
		case s.kind == stepBought || s.kind == stepGaveBack:
			if s.at < l.ended+l.opening.window {
				return true
			}
		}
	}
	return false
}

func codeLosses(k *coder, x *Losses) {
	list(k, &x.steps, codeLossStep)
	k.instant(&x.settled)
	if !k.writing && !k.failed {
		x.settle()
	}
}
