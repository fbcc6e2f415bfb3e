package demo

import "github.com/rapport-crm/rapport/domain"

// consider is the customer's choice after an occasion: stay, begin to waver, or leave without a word.
func (l *life) consider() {
	if l.wavering != "" || l.left {
		return
	}
	if l.dice.chance(18) {
		l.vanish()
		return
	}
	if cause := l.reason(); cause != "" {
		l.waver(cause)
		return
	}
	l.paperwork()
	l.habit(l.dice.about(l.temper.cadence), l.occasion)
}

// discontent is the mood below which a customer thinks of leaving for the dealer's sake.
const discontent = 610

// reason returns why the customer is about to leave, or nothing. The worse the mood, the likelier it is the dealer's
// doing; the other causes strike anyone, competitors above all those who look at prices.
func (l *life) reason() domain.ChurnCause {
	if l.mood < discontent && l.dice.chance((discontent-l.mood)*2) {
		if l.fault != "" {
			return domain.CauseProductQuality
		}
		return domain.CauseServiceQuality
	}
	luck := l.dice.below(1000)
	for _, c := range []struct {
		cause    domain.ChurnCause
		permille int
	}{
		{domain.CauseCompetitor, 3 + l.temper.thrift/80},
		{domain.CauseNeedChanged, 7},
		{domain.CauseObjective, 5},
		{domain.CauseLackOfInnovation, 4},
		{domain.CauseGivenUp, 3},
	} {
		if luck -= c.permille; luck < 0 {
			return c.cause
		}
	}
	return ""
}

// vanish ends the habits of a customer who gives no sign, whom the dealer looks for in half of the cases. One in eight is
// back half a year later as if nothing had been.
func (l *life) vanish() {
	l.turn()
	if l.dice.chance(500) {
		l.lookFor()
	}
	if l.dice.chance(120) {
		l.habit(l.days(150, 260), l.resume)
	}
}

// waver is the time between the wish to leave and the departure. The customer shows signs according to the cause; half
// of them buy once more, after a longer gap than usual.
func (l *life) waver(cause domain.ChurnCause) {
	if l.wavering != "" || l.left {
		return
	}
	l.turn()
	l.wavering = cause
	l.habit(l.days(15, 60), l.care)
	for range l.dice.of(1, 3) {
		l.habit(l.days(2, 55), l.sign)
	}
	l.habit(l.days(10, 60), l.watch)
	gap := l.dice.about(l.temper.cadence * 17 / 10)
	if l.dice.chance(500) {
		l.habit(gap, func() {
			amount := l.dice.of(90, 400)
			l.tell(domain.PurchaseRecorded{Amount: yuan(amount), Quantity: 1, Product: "oil-change"})
			l.habit(l.days(20, 70), func() { l.lose(cause) })
		})
		return
	}
	l.habit(gap, func() { l.lose(cause) })
}

// sign is something the customer says or does that tells of the wish to leave.
func (l *life) sign() {
	switch l.wavering {
	case domain.CauseNeedChanged:
		l.tell(domain.NeedChanged{Product: l.model, Text: pick(&l.dice,
			"现在上班坐地铁,很少开车。", "Needs a van instead of a saloon.")})
		return
	case domain.CauseObjective, domain.CauseGivenUp:
		return
	case domain.CauseServiceQuality, domain.CauseProductQuality:
		if l.dice.chance(300) {
			l.complain(grievance{subject: "outcome of an earlier complaint", step: "complaint handling", side: domain.SideEnterprise, cause: "staff"})
			return
		}
	}
	switch choice := l.dice.below(100); {
	case choice < 45:
		l.tell(domain.PriceObjected{Product: pick(&l.dice, "labour", "maintenance", "parts")})
	case choice < 85:
		l.tell(domain.CompetitorMentioned{
			Attitude: domain.AttitudeFavourable, Competitor: l.competitor(),
			Text: pick(&l.dice, "Their workshop is nearer.", "那边的保养便宜不少。"),
		})
	case l.plan != "":
		l.unsubscribe("no longer needed")
	default:
		l.leaveClub("no interest")
	}
}

// watch is what people do about a customer whom they see wavering.
func (l *life) watch() {
	if !l.dice.chance(300) {
		return
	}
	warning := l.warning()
	l.by(l.owner, "", domain.WarningAcknowledged{WarningID: warning, Note: "Will call this week."})
	switch luck := l.dice.below(100); {
	case luck < 50:
		l.assist(warning, l.dealer.employee(crmSpecialist, &l.dice))
	case luck < 75:
		l.by(l.owner, "", domain.WarningSnoozed{WarningID: warning, Until: l.now + 14*domain.Day, Reason: "The customer is travelling."})
	default:
		l.by(l.owner, "", domain.WarningDismissed{WarningID: warning, Reason: "Spoke to the customer, all is well."})
	}
	// A call in time holds one in five of those who leave for the dealer's sake.
	if l.wavering.Side() == domain.SideEnterprise && l.dice.chance(200) {
		l.habit(l.days(1, 5), func() {
			l.call(l.owner, "retention", "Apologised and agreed on a check free of charge.")
			l.resume()
		})
	}
}

// assist has a specialist look after the customer beside the owner for some weeks.
func (l *life) assist(warning, specialist string) {
	l.by(l.owner, "", domain.WarningAssigned{WarningID: warning, Employee: specialist})
	l.by(l.owner, "", domain.CustomerOwnerAssigned{Employee: specialist, Role: "retention"})
	l.after(l.days(30, 90), func() {
		l.by("", "", domain.CustomerOwnerReleased{Employee: specialist, Reason: "no longer at risk, or gone"})
	})
}

// resume takes the habits up again.
func (l *life) resume() {
	l.turn()
	l.wavering, l.left = "", false
	l.mood = max(l.mood, 560)
	l.habit(l.dice.about(l.temper.cadence)/3, l.occasion)
	l.habit(l.days(20, 60), l.care)
	l.habit(l.days(40, 110), l.campaign)
	if l.plan != "" {
		l.habit(l.days(30, 180), l.renew)
	}
}

// lose is the departure. Two times in three somebody of the firm learns of it, weeks later, and writes it down.
func (l *life) lose(cause domain.ChurnCause) {
	if l.left {
		return
	}
	l.turn()
	l.left = true
	if l.dice.chance(350) {
		l.unsubscribe("left")
	}
	if !l.dice.chance(670) {
		return
	}
	l.habit(l.days(10, 60), func() {
		lost := domain.CustomerLost{Nature: domain.LossTemporary, Evidence: "Said so on the telephone."}
		if cause == domain.CauseObjective || cause == domain.CauseNeedChanged || cause == domain.CauseMalicious {
			lost.Nature = domain.LossPermanent
		}
		if cause == domain.CauseCompetitor || l.dice.chance(150) {
			lost.Competitor = l.competitor()
			l.tell(domain.CompetitorPurchased{Competitor: lost.Competitor, Product: "electric compact"})
		}
		l.by(l.owner, "", lost)
		l.analyse(cause, lost.Nature)
	})
}

// end is the end of the relationship. One in seven leaves a matter open, so that the relationship has ended and is not
// settled.
func (l *life) end(reason string) {
	if l.dice.chance(150) {
		l.by(l.owner, "", domain.PromiseMade{
			PromiseID: l.mint("PRO"), DueAt: l.now + 30*domain.Day, Employee: l.owner, Text: "Will send back the spare key.",
		})
	}
	l.unsubscribe("relationship ended")
	l.leaveClub("relationship ended")
	l.by(l.owner, "", domain.RelationshipEnded{Reason: reason})
	l.turn()
}
