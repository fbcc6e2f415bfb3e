package demo

import "github.com/rapport-crm/rapport/domain"

// analyse looks for the cause of a loss and decides whether the customer is to be won back.
func (l *life) analyse(cause domain.ChurnCause, nature domain.LossNature) {
	decider := l.dealer.employee(crmSpecialist, &l.dice)
	l.habit(l.days(1, 12), func() {
		if l.dice.chance(850) {
			l.by(decider, "", domain.ChurnCauseDetermined{Cause: cause})
		}
		l.triage(cause, nature, decider)
	})
}

// triage says whether the customer is to be won back. One loss in seven is left undecided.
func (l *life) triage(cause domain.ChurnCause, nature domain.LossNature, decider string) {
	if l.dice.chance(150) {
		l.habit(l.days(60, 200), func() { l.end("no answer") })
		return
	}
	if nature == domain.LossPermanent || l.dice.chance(200) {
		l.by(decider, "", domain.WinBackDecided{Decision: domain.DecisionLetGo, Reason: "The cost would exceed the value."})
		l.habit(l.days(20, 150), func() { l.end("customer left") })
		return
	}
	l.by(decider, "", domain.WinBackDecided{Decision: domain.DecisionRecover, Reason: "A good customer for years."})
	l.winBack(cause, decider)
}

// winBack is the case: one or two contacts, then an offer. An apology and an offer help most those who left for the
// dealer's sake.
func (l *life) winBack(cause domain.ChurnCause, owner string) {
	id, offer := l.mint("WB"), l.mint("OFF")
	terms, cost := pick(&l.dice, "free service", "voucher", "extended warranty", "discount on labour"), l.dice.of(100, 1200)
	chance := 250
	if cause.Side() == domain.SideEnterprise {
		chance = 400
	}
	contact := func() {
		channel := pick(&l.dice, domain.ChannelPhone, domain.ChannelPhone, domain.ChannelVisit)
		l.by(owner, channel, domain.WinBackContactMade{
			WinBackID: id, Channel: channel, Employee: owner, Apology: new(cause.Side() == domain.SideEnterprise),
		})
		l.spend(l.dice.of(20, 200), domain.CostWinBack, id)
	}
	wait := l.days(1, 20)
	l.habit(wait, func() { l.by(owner, "", domain.WinBackStarted{WinBackID: id, Owner: owner}) })
	wait += l.days(1, 10)
	l.habit(wait, contact)
	if l.dice.chance(500) {
		wait += l.days(3, 12)
		l.habit(wait, contact)
	}
	wait += l.days(2, 8)
	l.habit(wait, func() {
		l.by(owner, domain.ChannelPhone, domain.WinBackOfferMade{
			WinBackID: id, OfferID: offer, Terms: terms, Cost: new(yuan(cost)), ExpiresAt: l.now + 30*domain.Day,
		})
	})
	l.habit(wait+l.days(2, 20), func() {
		if l.dice.chance(chance) {
			l.comeBack(id, offer, owner, cost)
			return
		}
		l.refuse(id, offer, owner)
	})
}

// comeBack takes the offer: the customer buys again and the case is won.
func (l *life) comeBack(id, offer, owner string, cost int) {
	l.tell(domain.WinBackOfferAccepted{WinBackID: id, OfferID: offer})
	l.spend(cost, domain.CostWinBack, offer)
	if l.dice.chance(600) {
		l.by(owner, "", domain.CustomerReturned{Note: "Came by in person."})
	}
	l.resume()
	l.after(l.days(15, 60), func() { l.by(owner, "", domain.WinBackClosed{WinBackID: id, Result: domain.WinBackWon}) })
}

// refuse declines the offer and ends the case, and half of the times the relationship with it.
func (l *life) refuse(id, offer, owner string) {
	l.tell(domain.WinBackOfferDeclined{
		WinBackID: id, OfferID: offer, Reason: pick(&l.dice, "too late", "content with the competitor", "offer too small"),
	})
	l.after(l.days(3, 25), func() { l.by(owner, "", domain.WinBackClosed{WinBackID: id, Result: domain.WinBackLost}) })
	if l.dice.chance(500) {
		l.habit(l.days(30, 120), func() { l.end("customer left") })
	}
}
