package demo

import "github.com/rapport-crm/rapport/domain"

// occasion is the next time the customer buys something: two times in three a visit to the workshop.
func (l *life) occasion() {
	if l.dice.chance(650) {
		l.visit()
		return
	}
	l.counter()
}

// visit is a stay at the workshop, with a reservation three times in five.
func (l *life) visit() {
	if !l.dice.chance(600) {
		l.repair("")
		return
	}
	// Most customers come a few minutes before their time, one in eight after it.
	id, comes, early := l.mint("RES"), opening(l.now+l.days(1, 6), &l.dice), l.minutes(2, 25)
	if l.dice.chance(120) {
		early = -early
	}
	l.by("", domain.ChannelPhone, domain.ReservationRequested{ReservationID: id, For: comes + early, Category: "maintenance"})
	if l.dice.chance(70) {
		l.at(comes+2*domain.Hour, func() { l.tell(domain.ReservationMissed{ReservationID: id}) })
		l.habit(comes-l.now+l.days(3, 9), func() { l.repair("") })
		return
	}
	l.at(comes, func() { l.repair(id) })
}

// job is one visit: who worked on it and how it went.
type job struct {
	id                     string
	receptionist, mechanic string
	// slow says that work began late, repeat that a fault came back, and fault the fault that was found.
	slow, repeat bool
	fault        string
	amount       int
}

// crew returns the employees by role.
func (j *job) crew() map[string]string {
	return map[string]string{string(receptionist): j.receptionist, string(technician): j.mechanic}
}

// repair takes the car in.
func (l *life) repair(reservation string) {
	j := &job{id: l.mint("REQ"), amount: l.dice.of(280, 1900)}
	j.receptionist = l.dealer.employee(receptionist, &l.dice)
	j.mechanic = l.dealer.employee(technician, &l.dice)
	if reservation != "" {
		l.by(j.receptionist, "", domain.ReservationKept{ReservationID: reservation})
	}
	arrived := l.now
	l.by(j.receptionist, domain.ChannelVisitByCustomer, domain.ServiceRequested{
		RequestID: j.id, Category: pick(&l.dice, "maintenance", "maintenance", "repair", "inspection"),
		Channel: domain.ChannelVisitByCustomer, Product: l.model,
	})
	l.by(j.receptionist, "", domain.ServiceAssigned{RequestID: j.id, Employee: j.mechanic, Department: "workshop"})
	wait := l.minutes(5, 25)
	if l.bad(speed, 900) {
		j.slow, wait = true, l.minutes(60, 180)
		l.feel(-45)
	}
	l.play(
		beat{wait, func() { l.start(j, arrived) }},
		beat{l.minutes(40, 200), func() { l.complete(j) }},
		beat{l.minutes(5, 30), func() { l.collect(j) }},
	)
}

// start begins the work and finds what is wrong. A fault that came back weighs most of all that can happen.
func (l *life) start(j *job, arrived domain.Instant) {
	l.by(j.mechanic, "", domain.ServiceStarted{
		RequestID: j.id, ArrivedAt: arrived,
		ReceivedAt: min(arrived+l.minutes(1, 12), l.now), RegisteredAt: min(arrived+l.minutes(12, 25), l.now),
	})
	if l.fault != "" && l.bad(repair, 1000) {
		j.repeat, j.fault = true, "brake noise"
		l.feel(-170)
		l.fault = l.by(j.mechanic, "", domain.FaultRecorded{Fault: j.fault, RepeatOf: l.fault, RequestID: j.id, Product: l.model})
		return
	}
	l.fault = ""
	if l.dice.chance(300) {
		j.fault = pick(&l.dice, "brake noise", "battery weak", "oil leak", "display blank", "steering pulls")
		l.fault = l.by(j.mechanic, "", domain.FaultRecorded{Fault: j.fault, RequestID: j.id, Product: l.model})
	}
}

// complete ends the work; in rare cases the customer is back within days because it was not done.
func (l *life) complete(j *job) {
	done := domain.ServiceCompleted{RequestID: j.id, Employees: j.crew()}
	l.by(j.mechanic, "", done)
	if l.bad(repair, 130) {
		l.feel(-60)
		l.play(
			beat{l.days(1, 3), func() { l.tell(domain.ServiceReopened{RequestID: j.id, Reason: "fault still there"}) }},
			beat{l.hours(1, 4), func() { l.by(j.mechanic, "", done) }},
		)
	}
	if l.dice.chance(300) {
		l.km += l.dice.of(900, 4200)
		l.by(j.mechanic, "", domain.UsageRecorded{Metric: "odometer_km", Value: float64(l.km), Product: l.model})
	}
}

// collect is the end of the visit: the customer pays and goes home with an impression.
func (l *life) collect(j *job) {
	buy := domain.PurchaseRecorded{
		Amount: yuan(j.amount), Employee: j.receptionist, Channel: domain.ChannelVisitByCustomer,
		Items: []domain.PurchaseItem{
			{Product: "labour", Quantity: 1, Amount: new(yuan(j.amount - j.amount*6/10))},
			{Product: pick(&l.dice, "oil-filter", "brake-pads", "battery", "coolant"), Quantity: 1, Amount: new(yuan(j.amount * 6 / 10))},
		},
	}
	l.bill(j.amount, "")
	l.misfile(l.by(j.receptionist, domain.ChannelVisitByCustomer, buy), buy)
	if l.dice.chance(120) {
		l.spend(j.amount/8, domain.CostService, j.id)
	}
	// The impression of a visit draws the mood towards what the dealer is worth, by a quarter.
	q := &l.dealer.quality
	l.feel((q[people] + q[repair] + q[speed] + q[charges] - 4*l.mood) / 16)
	l.afterVisit(j)
	l.consider()
}

// afterVisit is what a visit leads to in the days after it.
func (l *life) afterVisit(j *job) {
	if l.bad(people, 350) {
		l.promise()
	}
	followed := !l.unwanted && l.dice.chance(l.dealer.quality[people]*7/10)
	if followed {
		l.after(l.days(1, 4), func() { l.followService(j) })
	}
	if l.dice.chance(280) {
		l.after(l.days(3, 12), func() { l.askAboutVisit(j, followed) })
	}
	g := grievance{of: j.id, step: "process", employee: j.receptionist, side: domain.SideEnterprise, cause: "staff"}
	switch {
	case j.repeat:
		g.subject, g.step, g.employee, g.cause = "repeat fault", "repair", j.mechanic, "quality"
		l.grieve(g, 900)
	case j.slow:
		g.subject, g.step = "waiting time", "timeliness"
		l.grieve(g, 260)
	case l.mood < 400:
		g.subject = "attitude"
		l.grieve(g, 500)
	default:
		l.grieve(grievance{subject: "price", step: "charges", of: j.id, side: domain.SideCustomer, cause: "expectation"}, 15)
	}
}

func (l *life) followService(j *job) {
	caller := l.dealer.employee(crmSpecialist, &l.dice)
	if l.dice.chance(200) {
		l.by(caller, domain.ChannelPhone, domain.FollowUpAttempted{Of: j.id, Channel: domain.ChannelPhone, Employee: caller})
		return
	}
	done := domain.FollowUpCompleted{Of: j.id, Channel: domain.ChannelPhone, Employee: caller, Satisfied: new(l.mood > 500)}
	switch luck := l.dice.below(100); {
	case luck < 12:
		// A letter is a follow-up, but nobody knows whether it was read.
		done.Channel, done.Reached, done.Satisfied = domain.ChannelLetter, new(false), nil
	case luck < 24:
		done.Channel = domain.ChannelSocialMedia
	case luck < 30:
		l.noteLater(l.hours(15, 24), caller, done)
		return
	}
	l.by(caller, done.Channel, done)
	l.feel(10)
}
