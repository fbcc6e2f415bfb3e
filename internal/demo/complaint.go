package demo

import "github.com/rapport-crm/rapport/domain"

// grievance is what a complaint is about.
type grievance struct {
	subject, step, of, employee string
	side                        domain.CauseSide
	cause                       string
}

// complaint is a complaint on its way.
type complaint struct {
	grievance
	id, filed string
	// careful says that the dealer takes the whole way, reopened that it was taken before.
	careful, reopened bool
}

// grieve makes the customer complain in the given number of cases of a thousand when they are one who speaks up.
func (l *life) grieve(g grievance, weight int) {
	if l.dice.chance(weight * (300 + l.temper.voice) / 1300) {
		l.after(l.hours(1, 70), func() { l.complain(g) })
	}
}

// complain files the complaint and lets the dealer handle it.
func (l *life) complain(g grievance) {
	c := &complaint{grievance: g, id: l.mint("CMP"), careful: !l.bad(people, 1100)}
	channel := pick(&l.dice, domain.ChannelPhone, domain.ChannelPhone,
		domain.ChannelVisitByCustomer, domain.ChannelEmail, domain.ChannelLetter)
	form := domain.ComplaintOral
	if channel == domain.ChannelEmail || channel == domain.ChannelLetter {
		form = domain.ComplaintWritten
	}
	c.filed = l.by("", channel, domain.ComplaintFiled{
		ComplaintID: c.id, Form: form, Subject: g.subject, Step: g.step, Of: g.of, Employee: g.employee, Channel: channel, Product: l.model,
		Kind: pick(&l.dice, domain.ComplaintObjection, domain.ComplaintProtest, domain.ComplaintClaim, domain.ComplaintDemand),
		Text: pick(&l.dice,
			"同样的问题又出现了,请尽快解决。", "I waited half the morning and nobody told me why.",
			"收费没有解释清楚。", "The noise is still there."),
	})
	l.feel(-30)
	l.handle(c)
}

// handle takes the complaint from its reception to its solution. A careful dealer listens, restates and hands over at
// once; another one takes days and leaves steps out.
func (l *life) handle(c *complaint) {
	agent := l.dealer.employee(crmSpecialist, &l.dice)
	pace := l.minutes(5, 30)
	if !c.careful {
		pace = l.hours(3, 40)
	}
	valid := c.side == domain.SideEnterprise && !l.dice.chance(100)
	steps := []beat{{pace, func() {
		l.because(c.filed, agent, domain.ComplaintAcknowledged{
			ComplaintID: c.id, Apology: new(c.careful || l.dice.chance(400)), Employee: agent,
		})
	}}}
	if c.careful {
		steps = append(steps, beat{pace, func() {
			l.by(agent, "", domain.ComplaintRestated{ComplaintID: c.id, Agreed: new(!l.dice.chance(100))})
		}})
	}
	steps = append(steps, beat{pace, func() {
		l.by(agent, "", domain.ComplaintValidityDecided{ComplaintID: c.id, Valid: valid})
		l.by(agent, "", domain.ComplaintCauseDetermined{ComplaintID: c.id, Side: c.side, Cause: c.cause})
	}})
	if l.dice.chance(550) {
		steps = append(steps, l.handOff(c, agent, pace)...)
	}
	if c.careful || l.dice.chance(600) {
		steps = append(steps,
			beat{pace, func() {
				l.by(agent, "", domain.ComplaintSolutionProposed{ComplaintID: c.id, Solution: "Repair at our cost and a car for the day."})
			}},
			beat{pace, func() {
				if l.dice.chance(800) {
					l.tell(domain.ComplaintSolutionAccepted{ComplaintID: c.id})
				}
			}})
	}
	l.play(append(steps, beat{pace, func() { l.resolve(c, agent, valid) }})...)
}

// handOff gives the complaint to somebody who can solve it, and who gives it back one time in five.
func (l *life) handOff(c *complaint, agent string, pace domain.Instant) []beat {
	to := l.dealer.employee(technician, &l.dice)
	give := func() { l.by(agent, "", domain.ComplaintHandedOver{ComplaintID: c.id, To: to}) }
	take := func() { l.by(to, "", domain.ComplaintHandoverAccepted{ComplaintID: c.id}) }
	if !l.dice.chance(200) {
		return []beat{{domain.Minute, give}, {pace, take}}
	}
	back := func() { l.by(to, "", domain.ComplaintHandoverReturned{ComplaintID: c.id, Reason: "not my department"}) }
	return []beat{{domain.Minute, give}, {pace, back}, {pace, give}, {pace, take}}
}

// resolve ends the complaint. A valid one that was handled with care is made up for, and makes the customer feel better
// than before; one handled without is likely to leave them worse, and to come back.
func (l *life) resolve(c *complaint, agent string, valid bool) {
	if valid && (c.careful || l.dice.chance(250)) {
		l.by(agent, "", domain.CompensationGiven{
			ComplaintID: c.id, Amount: new(yuan(l.dice.of(50, 600))), Kind: pick(&l.dice, "coupon", "gift", "discount", "free_service"),
		})
	}
	good := 300
	if c.careful {
		good = 820
	}
	satisfied := l.dice.chance(good)
	l.by(agent, "", domain.ComplaintResolved{ComplaintID: c.id, Satisfied: &satisfied})
	if satisfied {
		l.feel(110)
	} else {
		l.feel(-120)
	}
	l.followComplaint(c, agent, satisfied)
}

// followComplaint asks the customer within a week, later, or never, and opens the complaint again for some of those
// who are not satisfied.
func (l *life) followComplaint(c *complaint, agent string, satisfied bool) {
	wait := l.days(2, 6)
	if !c.careful {
		if l.dice.chance(250) {
			return
		}
		wait = l.days(5, 16)
	}
	l.after(wait, func() {
		l.by(agent, domain.ChannelPhone, domain.ComplaintFollowedUp{
			ComplaintID: c.id, Channel: pick(&l.dice, domain.ChannelPhone, domain.ChannelPhone, domain.ChannelLetter),
			Satisfied: &satisfied, Reached: new(!l.dice.chance(80)),
		})
		if !satisfied && !c.reopened && l.dice.chance(450) {
			c.reopened, c.careful = true, l.dice.chance(600)
			l.tell(domain.ComplaintReopened{ComplaintID: c.id, Reason: "the problem is back"})
			l.handle(c)
		}
	})
}
