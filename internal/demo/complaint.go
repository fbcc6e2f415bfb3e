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
	// careful says that the dealer takes the whole way, reopened that it was taken before, idle that it lies about.
	careful, reopened, idle bool
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
	c.idle = !c.careful && l.dice.chance(350)
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
	l.compare(c)
	l.handle(c)
}

// handle takes the complaint from its reception to its solution. A careful dealer listens, restates and hands over at
// once; another one takes days and leaves steps out, lets some lie for weeks before anybody takes them up, and forgets one
// in twelve of those.
func (l *life) handle(c *complaint) {
	if c.idle && l.dice.chance(80) {
		return
	}
	agent := l.dealer.employee(crmSpecialist, &l.dice)
	pace := l.minutes(5, 30)
	if !c.careful {
		pace = l.hours(3, 40)
	}
	valid := c.side == domain.SideEnterprise && !l.dice.chance(100)
	first := pace
	if c.idle {
		first, pace = l.days(4, 50), l.days(1, 8)
	}
	steps := []beat{{first, func() {
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

// handOff gives the complaint to somebody who can solve it, who lets it lie when it has lain about before, and who gives it
// back one time in five.
func (l *life) handOff(c *complaint, agent string, pace domain.Instant) []beat {
	to := l.dealer.employee(technician, &l.dice)
	give := func() { l.by(agent, "", domain.ComplaintHandedOver{ComplaintID: c.id, To: to}) }
	take := func() { l.by(to, "", domain.ComplaintHandoverAccepted{ComplaintID: c.id}) }
	if c.idle {
		return []beat{{domain.Minute, give}, {l.days(2, 20), take}}
	}
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
	resolved := domain.ComplaintResolved{ComplaintID: c.id, Satisfied: &satisfied}
	if !c.careful && l.dice.chance(300) {
		resolved.Satisfied = nil // nobody asked
	}
	l.by(agent, "", resolved)
	if satisfied {
		l.feel(110)
	} else {
		l.feel(-120)
	}
	if valid && c.careful {
		l.prevent(c, agent)
	}
	if l.dice.chance(350) {
		l.after(l.hours(2, 40), l.askAboutEffort)
	}
	l.followComplaint(c, agent, satisfied)
}

// followComplaint asks the customer within a week, later, or never. By then some have changed their mind, most of them for
// the worse where the work was careless. It opens the complaint again for some of those who are not satisfied.
func (l *life) followComplaint(c *complaint, agent string, satisfied bool) {
	wait := l.days(2, 6)
	if !c.careful {
		if l.dice.chance(250) {
			return
		}
		wait = l.days(5, 16)
	}
	change := 120
	if satisfied && !c.careful {
		change = 300
	}
	if l.dice.chance(change) {
		satisfied = !satisfied
	}
	l.after(wait, func() {
		channel := pick(&l.dice, domain.ChannelPhone, domain.ChannelPhone, domain.ChannelPhone, domain.ChannelLetter, domain.ChannelEmail)
		asked := domain.ComplaintFollowedUp{ComplaintID: c.id, Channel: channel, Satisfied: &satisfied, Reached: new(true)}
		if l.dice.chance(80) {
			asked.Satisfied, asked.Reached = nil, new(false)
		}
		l.by(agent, channel, asked)
		if !satisfied && !c.reopened && l.dice.chance(450) {
			c.reopened, c.careful, c.idle = true, l.dice.chance(600), false
			l.tell(domain.ComplaintReopened{ComplaintID: c.id, Reason: "the problem is back"})
			l.handle(c)
		}
	})
}
