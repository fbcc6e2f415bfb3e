package demo

import "github.com/rapport-crm/rapport/domain"

// arrive lets the next customer in and awaits the one after.
func (w *world) arrive() {
	n := w.arrivals
	w.arrivals++
	l, previous := newLife(w, n), w.previous
	w.previous = l
	w.at(w.arrival(n+1), w.arrive)
	if previous != nil && l.dice.chance(8) {
		w.previous = nil
		l.duplicate(previous)
		return
	}
	l.begin()
}

// begin is the first time the firm and the customer hear of each other.
func (l *life) begin() {
	switch way := l.dice.below(100); {
	case way < 18:
		l.walkIn()
	case way < 38:
		l.target()
	case way < 50:
		l.lead()
	default:
		l.register()
		l.inquire()
	}
	if !l.bought {
		l.habit(l.days(8, 30), l.campaign)
	}
}

// walkIn is an owner who bought the car elsewhere and comes to the workshop.
func (l *life) walkIn() {
	l.register()
	l.km = l.dice.of(8000, 60000)
	l.by(l.dealer.employee(receptionist, &l.dice), domain.ChannelVisitByCustomer, domain.ContactMade{
		Direction: domain.DirectionIn, Channel: domain.ChannelVisitByCustomer, Category: "repair",
		Employee: l.dealer.employee(receptionist, &l.dice),
	})
	l.after(l.days(1, 6), func() {
		l.bought = true
		l.assign()
		l.settleIn()
		l.visit()
	})
}

// target is a customer whom the firm chose to develop.
func (l *life) target() {
	l.register()
	seller := l.dealer.employee(salesConsultant, &l.dice)
	l.by(seller, "", domain.ProspectTargeted{CampaignID: "new-models", Employee: seller, Product: l.model})
	l.spend(l.dice.of(20, 120), domain.CostAcquisition, "")
	l.play(
		beat{l.days(1, 5), func() {
			if l.dice.chance(250) {
				l.by(seller, domain.ChannelPhone, domain.ContactAttempted{
					Outcome: pick(&l.dice, domain.AttemptNoAnswer, domain.AttemptNoAnswer, domain.AttemptWrongNumber),
					Channel: domain.ChannelPhone, Employee: seller,
				})
			}
		}},
		beat{l.days(1, 4), func() { l.call(seller, "new_model", "Told about the new models.") }},
		beat{l.days(1, 6), l.qualify},
	)
}

// lead is a customer from an exhibition, a website or a recommendation.
func (l *life) lead() {
	l.register()
	id := l.mint("LEAD")
	l.tell(domain.LeadCaptured{
		Source: pick(&l.dice, "exhibition", "referral", "website"), LeadID: id, Product: l.model,
		Intent: pick(&l.dice, "high", "medium", "low"),
	})
	if l.dice.chance(90) {
		l.after(l.days(10, 40), func() {
			l.by(l.dealer.employee(salesConsultant, &l.dice), "", domain.LeadDiscarded{LeadID: id, Reason: "number not in use"})
		})
		return
	}
	l.after(l.hours(1, 60), l.inquire)
}

// inquire is a question, answered within ten minutes by a quick dealer, within hours by a slow one, and sometimes not
// at all.
func (l *life) inquire() {
	id := l.mint("INQ")
	channel := pick(&l.dice, domain.ChannelWebsite, domain.ChannelPhone, domain.ChannelSocialMedia, domain.ChannelVisitByCustomer)
	l.by("", channel, domain.InquiryReceived{
		InquiryID: id, Channel: channel, Product: l.model, Category: pick(&l.dice, "consultation", "price", "test_drive", "financing"),
		Text: pick(&l.dice,
			"想了解一下这款车的配置。", "What does it cost with winter tyres?", "周末可以试驾吗?",
			"How long is the wait for delivery?"),
	})
	if l.bad(speed, 120) {
		l.feel(-80)
		l.after(l.days(3, 8), l.qualify)
		return
	}
	wait := l.minutes(1, 9)
	if l.bad(speed, 1000) {
		l.feel(-30)
		wait = l.minutes(11, 240)
	}
	seller, clear := l.dealer.employee(salesConsultant, &l.dice), !l.dice.chance(80)
	l.at(l.now+wait, func() {
		l.by(seller, channel, domain.InquiryAnswered{InquiryID: id, Clear: &clear, Employee: seller})
	})
	if !clear {
		l.after(wait+l.hours(2, 30), l.inquire)
		return
	}
	l.after(wait+l.days(1, 5), l.qualify)
}

// qualify finds out whether the customer needs a car and can pay for it.
func (l *life) qualify() {
	l.assign()
	need, power := !l.dice.chance(60), !l.dice.chance(50)
	l.by(l.owner, "", domain.ProspectQualified{Need: need, PurchasingPower: power, Product: l.model})
	if !need || !power {
		l.fade()
		return
	}
	l.arrange(appointment{employee: l.owner, channel: domain.ChannelPhone, category: "invitation", goal: "test drive"}, l.days(1, 6), func() {
		l.after(l.days(1, 6), l.testDrive)
	})
}

// testDrive opens an opportunity, in which price and competitors come up.
func (l *life) testDrive() {
	l.by(l.owner, domain.ChannelFaceToFace, domain.ContactMade{
		Direction: domain.DirectionIn, Channel: domain.ChannelFaceToFace, Employee: l.owner, Category: "test_drive",
		Goal: "test drive", EndedAt: l.now + l.minutes(30, 90),
	})
	if l.dice.chance(300) {
		l.tell(domain.ExpectationStated{Item: pick(&l.dice, "S11", "S16", "V12", "V16", "V18"), Score: new(int64(l.dice.of(7, 10)))})
	}
	id, price := l.mint("OPP"), l.price()
	l.by(l.owner, "", domain.OpportunityOpened{
		OpportunityID: id, Amount: new(yuan(price)), Stage: "test_drive", Product: l.model, ExpectedAt: l.now + 20*domain.Day,
	})
	if l.dice.chance(l.temper.thrift / 3) {
		l.tell(domain.PriceObjected{Product: l.model, OpportunityID: id})
	}
	if l.dice.chance(90) {
		l.tell(domain.CompetitorMentioned{Attitude: domain.AttitudeNeutral, Competitor: l.competitor()})
	}
	l.play(
		beat{l.days(1, 7), func() {
			price -= price * l.dice.of(0, 6) / 100
			l.by(l.owner, "", domain.OpportunityStageChanged{OpportunityID: id, Stage: "quotation", Amount: new(yuan(price))})
		}},
		beat{l.days(2, 20), func() { l.decide(id, price) }},
	)
}

// decide wins or loses the opportunity: the better the mood so far, the likelier the sale.
func (l *life) decide(opportunity string, price int) {
	if l.dice.chance(780 + l.mood/6) {
		l.order(opportunity, price)
		return
	}
	reason := pick(&l.dice, "price", "competitor", "waiting for a new model", "no answer")
	lost := domain.OpportunityLost{OpportunityID: opportunity, Reason: reason}
	if reason == "competitor" {
		lost.Competitor = l.competitor()
	}
	l.by(l.owner, "", lost)
	if lost.Competitor != "" && l.dice.chance(500) {
		l.tell(domain.CompetitorPurchased{Competitor: lost.Competitor, Product: "compact car", Amount: new(yuan(price * 9 / 10))})
	}
	l.fade()
}

// fade is the end of a chance of a sale: the firm keeps the file, or one in five closes it.
func (l *life) fade() {
	if l.dice.chance(200) {
		l.after(l.days(30, 120), func() {
			l.turn()
			l.by(l.owner, "", domain.RelationshipEnded{Reason: "no interest"})
		})
	}
}

// price returns what the model costs in yuan.
func (l *life) price() int {
	extras := l.dice.of(0, 12) * 1000
	switch l.model {
	case "calder-c3":
		return 98_800 + extras
	case "calder-v4":
		return 129_800 + extras
	case "calder-e5":
		return 158_800 + extras
	default:
		return 236_800 + extras
	}
}

func (l *life) competitor() string { return pick(&l.dice, "Ostara Motors", "Helmdale", "启程汽车") }
