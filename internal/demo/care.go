package demo

import "github.com/rapport-crm/rapport/domain"

// call is a contact that the firm starts by telephone.
func (l *life) call(employee, category, content string) {
	l.by(employee, domain.ChannelPhone, domain.ContactMade{
		Direction: domain.DirectionOut, Channel: domain.ChannelPhone, Employee: employee, Category: category, Content: content,
	})
}

// care is the regular call of the specialist, and what comes up in it.
func (l *life) care() {
	caller := l.dealer.employee(crmSpecialist, &l.dice)
	l.habit(l.days(50, 120), l.care)
	refusal := 150
	if l.mood < 400 {
		refusal = 500
	}
	if l.unwanted {
		return
	}
	if l.dice.chance(refusal) {
		l.tryInVain(caller)
		return
	}
	switch topic := l.dice.below(100); {
	case topic < 12:
		l.collide(caller)
		return
	case topic < 20:
		l.visitCustomer(caller)
	case topic < 45:
		l.announce(caller)
	default:
		l.careCall(caller)
	}
	l.feel(5)
	l.chat(caller)
}

func (l *life) careCall(caller string) {
	l.call(caller, "care", pick(&l.dice,
		"Reminded of the winter check.", "询问用车情况,客户表示正常。", "Asked about the last visit."))
}

// announce is a call that the specialist puts down for one of the next days, so that nobody else calls before.
func (l *life) announce(caller string) {
	l.by(caller, "", domain.ContactIntended{Employee: caller, Channel: domain.ChannelPhone, Until: l.now + 50*domain.Hour})
	l.after(l.hours(15, 40), func() { l.careCall(caller) })
}

// lookFor is the search for a customer who gives no sign: some calls that nobody takes, the last one perhaps to a number
// that is another's by now.
func (l *life) lookFor() {
	caller, wait := l.dealer.employee(crmSpecialist, &l.dice), l.days(40, 120)
	for range 2 {
		l.habit(wait, func() {
			l.by(caller, domain.ChannelPhone, domain.ContactAttempted{Outcome: domain.AttemptNoAnswer, Channel: domain.ChannelPhone, Employee: caller})
		})
		wait += l.days(3, 20)
	}
	outcome := pick(&l.dice, domain.AttemptNoAnswer, domain.AttemptNoAnswer, domain.AttemptWrongNumber)
	l.habit(wait, func() {
		l.by(caller, domain.ChannelPhone, domain.ContactAttempted{Outcome: outcome, Channel: domain.ChannelPhone, Employee: caller})
	})
}

// tryInVain is a call that nobody takes, or that an angry customer ends at once. Some of those want no more calls.
func (l *life) tryInVain(caller string) {
	outcome := domain.AttemptNoAnswer
	if l.mood < 400 && l.dice.chance(500) {
		outcome = domain.AttemptRefused
	}
	l.by(caller, domain.ChannelPhone, domain.ContactAttempted{Outcome: outcome, Channel: domain.ChannelPhone, Employee: caller})
	if outcome == domain.AttemptRefused && l.dice.chance(500) {
		l.unwanted = true
		l.tell(domain.ConsentWithdrawn{Purpose: "contact"})
	}
}

// collide lets two employees reach the customer on one day, the second without a look at the file.
func (l *life) collide(caller string) {
	l.by(caller, "", domain.ContactIntended{Employee: caller, Channel: domain.ChannelPhone, Until: l.now + 2*domain.Hour})
	l.play(
		beat{l.minutes(5, 50), func() { l.call(caller, "care", "Reminded of the service plan.") }},
		beat{l.hours(1, 6), func() {
			l.call(l.owner, "offer", "Offered a new insurance.")
			l.feel(-25)
		}},
	)
}

func (l *life) visitCustomer(caller string) {
	visit := appointment{employee: caller, channel: domain.ChannelVisit, category: "care", goal: "visit"}
	l.arrange(visit, l.days(2, 9), func() { l.feel(20) })
}

// appointment is a contact that an employee plans to make.
type appointment struct {
	employee       string
	channel        domain.Channel
	category, goal string
}

// arrange puts the contact into the file and makes it when the time has passed: shortly before its date, or at careless
// dealers sometimes days after it.
func (l *life) arrange(a appointment, wait domain.Instant, then func()) {
	made := opening(l.now+wait, &l.dice)
	due := made + l.minutes(10, 240)
	if l.bad(people, 400) {
		made = opening(due+l.days(1, 6), &l.dice)
	}
	l.by(a.employee, "", domain.ContactScheduled{DueAt: due, Goal: a.goal, Employee: a.employee, Channel: a.channel})
	l.at(made, func() {
		l.by(a.employee, a.channel, domain.ContactMade{
			Direction: domain.DirectionOut, Channel: a.channel, Employee: a.employee, Category: a.category, Goal: a.goal,
		})
		then()
	})
}

// chat is what a customer says when somebody listens.
func (l *life) chat(caller string) {
	switch topic := l.dice.below(100); {
	case topic < 12:
		l.by(caller, "", domain.NoteAdded{Employee: caller, Text: pick(&l.dice,
			"客户计划明年换车。", "Drives to the coast at weekends.", "家里新添了一个孩子。")})
	case topic < 20:
		l.by(caller, "", domain.CustomerAttributeSet{
			Name: "preferred_channel", Value: encode(pick(&l.dice, "phone", "email", "social_media")),
			Knowledge: pick(&l.dice, domain.KnowledgeStated, domain.KnowledgeObserved),
		})
	case topic < 24:
		l.tell(domain.SuggestionReceived{Category: pick(&l.dice, "opening_hours", "waiting_room", "app"), Channel: domain.ChannelPhone})
	case topic < 32:
		l.promise()
	case topic < 46 && l.mood > 700:
		l.tell(domain.PraiseReceived{Employee: l.owner, Channel: domain.ChannelPhone, Text: "服务很周到,谢谢。"})
	case topic < 58 && l.mood > 680:
		l.tell(domain.ReferralMade{Product: l.model})
	case topic < 70 && l.temper.thrift > 600:
		l.tell(domain.PriceObjected{Product: "maintenance"})
		l.feel(-10)
	}
}

// promise is something the dealer says it will do by a date: kept in time, kept late, or broken.
func (l *life) promise() {
	id, employee := l.mint("PRO"), l.owner
	kept := opening(l.now+l.days(2, 14), &l.dice)
	due := kept + l.hours(1, 30)
	l.by(employee, "", domain.PromiseMade{PromiseID: id, DueAt: due, Employee: employee, Text: "Will call when the part has arrived."})
	switch {
	case l.bad(people, 350):
		l.at(due, func() { l.feel(-130) })
		return
	case l.bad(people, 500):
		l.at(due, func() { l.feel(-60) })
		kept = due + l.days(1, 8)
	default:
		l.at(due, func() { l.feel(25) })
	}
	l.at(opening(kept, &l.dice), func() { l.by(employee, "", domain.PromiseKept{PromiseID: id}) })
}

// campaign sends a message to a customer who agreed to it.
func (l *life) campaign() {
	l.habit(l.days(70, 150), l.campaign)
	if !l.marketing {
		return
	}
	id := pick(&l.dice, "spring-check", "summer-trip", "autumn-tyres", "winter-ready")
	channel := pick(&l.dice, domain.ChannelEmail, domain.ChannelDirectMail, domain.ChannelSocialMedia)
	l.by("", channel, domain.CampaignSent{CampaignID: id, Channel: channel, Cost: new(yuan(2))})
	switch luck := l.dice.below(100); {
	case luck < 15:
		l.after(l.days(1, 9), func() {
			l.tell(domain.CampaignResponded{
				CampaignID: id, Channel: domain.ChannelWebsite, Response: pick(&l.dice, "visited", "asked", "booked"),
			})
		})
	case luck < 19 || l.mood < 300:
		l.after(l.hours(1, 30), func() {
			l.marketing = false
			l.tell(domain.ConsentWithdrawn{Purpose: "marketing"})
		})
	}
}

// join makes the customer a member of the owners' club.
func (l *life) join() {
	l.club = "owners-club"
	l.by("", domain.ChannelClub, domain.ClubJoined{ClubID: l.club, Level: pick(&l.dice, "silver", "silver", "gold")})
	if l.dice.chance(100) {
		l.habit(l.days(60, 300), func() { l.leaveClub("no time") })
	}
}

func (l *life) leaveClub(reason string) {
	if l.club != "" {
		l.tell(domain.ClubLeft{ClubID: l.club, Reason: reason})
		l.club = ""
	}
}
