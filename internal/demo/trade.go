package demo

import "github.com/rapport-crm/rapport/domain"

// order is the sale of a car: contract, order and the promise of a date.
func (l *life) order(opportunity string, price int) {
	id, amount := l.mint("ORD"), yuan(price)
	promised := opening(l.now+l.days(7, 35), &l.dice)
	l.by(l.owner, "", domain.OpportunityWon{OpportunityID: opportunity, OrderID: id, Amount: &amount})
	l.by(l.owner, "", domain.ContractSigned{ContractID: l.mint("CON"), Amount: &amount})
	l.by(l.owner, domain.ChannelFaceToFace, domain.OrderPlaced{
		OrderID: id, Amount: &amount, PromisedAt: promised,
		Items: []domain.PurchaseItem{{Product: l.model, Quantity: 1, Amount: &amount}},
	})
	l.spend(price/100, domain.CostSales, id)
	if l.dice.chance(25) {
		l.after(l.days(2, 10), func() { l.cancel(id) })
		return
	}
	ready := min(opening(promised-l.hours(0, 20), &l.dice), promised)
	if l.bad(speed, 800) {
		l.feel(-110)
		ready = opening(promised+l.days(1, 12), &l.dice)
	}
	l.at(ready, func() { l.handOver(id, price, promised) })
	if ready > promised {
		l.habit(ready-l.now, func() {
			l.grieve(grievance{subject: "late delivery", step: "handover", of: id, employee: l.owner, side: domain.SideEnterprise, cause: "planning"}, 220)
		})
	}
}

// cancel takes the order back, after which the customer is lost.
func (l *life) cancel(order string) {
	l.by(l.owner, "", domain.OrderCancelled{OrderID: order, Reason: pick(&l.dice, "loan refused", "found another car")})
	l.lose(domain.CauseObjective)
}

// handOver gives the car to the customer, who has to be called within three days.
func (l *life) handOver(order string, price int, promised domain.Instant) {
	amount, id := yuan(price), l.mint("DEL")
	l.by(l.owner, domain.ChannelFaceToFace, domain.OrderDelivered{OrderID: order})
	l.by(l.owner, domain.ChannelFaceToFace, domain.DeliveryHandedOver{
		DeliveryID: id, PromisedAt: promised, OrderID: order, Product: l.model, Employee: l.owner,
		Checklist: []domain.ChecklistItem{
			{Item: "clean", Done: !l.bad(surroundings, 400)}, {Item: "controls_explained", Done: !l.bad(people, 500)},
			{Item: "warranty_explained", Done: !l.bad(people, 600)}, {Item: "maintenance_explained", Done: !l.bad(people, 500)},
		},
	})
	l.by(l.owner, domain.ChannelFaceToFace, domain.PurchaseRecorded{
		Amount: amount, Quantity: 1, Product: l.model, OrderID: order, Employee: l.owner, Channel: domain.ChannelFaceToFace,
	})
	l.bill(price, order)
	l.tell(domain.CustomerIdentified{Scheme: "plate", Value: l.plate()})
	l.bought = true
	l.followHandover(id)
	l.settleIn()
	l.habit(l.dice.about(l.temper.cadence), l.occasion)
}

// followHandover calls the customer in time, late or never.
func (l *life) followHandover(delivery string) {
	wait := l.hours(8, 50)
	switch {
	case l.bad(people, 150):
		l.feel(-60)
		return
	case l.bad(people, 500):
		l.feel(-30)
		wait = l.days(4, 12)
	default:
		l.feel(30)
	}
	caller := l.owner
	if l.dice.chance(250) {
		l.after(wait*2/3, func() {
			l.by(caller, domain.ChannelPhone, domain.FollowUpAttempted{Of: delivery, Channel: domain.ChannelPhone, Employee: caller})
		})
	}
	l.after(wait, func() {
		asked := domain.FollowUpCompleted{
			Of: delivery, Channel: domain.ChannelPhone, Employee: caller, Reached: new(true), Satisfied: new(l.mood > 550),
			Note: "Asked how the car runs; reminded of the first service.",
		}
		if l.dice.chance(80) {
			l.noteLater(l.days(2, 8), caller, asked)
			return
		}
		l.by(caller, asked.Channel, asked)
	})
	if l.dice.chance(450) {
		l.after(wait+l.days(2, 10), func() { l.askAbout(l.sales, delivery) })
	}
}

// settleIn is what a new owner takes up besides the car.
func (l *life) settleIn() {
	if l.dice.chance(300) {
		l.habit(l.days(5, 40), l.subscribe)
	}
	if l.dice.chance(220) {
		l.habit(l.days(5, 90), l.join)
	}
	if l.firm && l.dice.chance(500) {
		l.habit(l.days(3, 30), l.grant)
	}
	l.habit(l.days(25, 70), l.care)
	l.habit(l.days(40, 110), l.campaign)
}

// bill issues an invoice and, most of the time, sees it paid at once.
func (l *life) bill(amount int, order string) {
	id, parts := l.mint("INV"), amount*6/10
	due := l.now + 14*domain.Day
	bill := domain.InvoiceIssued{InvoiceID: id, Amount: new(yuan(amount)), OrderID: order, DueAt: due}
	if order == "" {
		explained := !l.bad(charges, 700)
		if !explained {
			l.feel(-40)
		}
		bill.Labour, bill.Parts, bill.Explained = new(yuan(amount-parts)), new(yuan(parts)), &explained
	}
	l.by("", "", bill)
	pay := func() {
		l.tell(domain.PaymentReceived{InvoiceID: id, Amount: new(yuan(amount)), Method: pick(&l.dice, "card", "transfer", "cash")})
	}
	switch luck := l.dice.below(1000); {
	case luck < 940:
		l.after(l.minutes(2, 20), pay)
	case luck < 985:
		l.after(l.days(2, 13), pay)
	default:
		l.overdue(id, amount, due, pay)
	}
}

// overdue lets an invoice go past its date. Some who do not pay have no intention to, and leave with the debt.
func (l *life) overdue(invoice string, amount int, due domain.Instant, pay func()) {
	l.at(opening(due+domain.Day, &l.dice), func() {
		l.tell(domain.PaymentOverdue{InvoiceID: invoice, Amount: new(yuan(amount)), DueAt: due})
		if !l.dice.chance(300) {
			l.after(l.days(3, 40), pay)
			return
		}
		l.after(l.days(60, 120), func() {
			l.tell(domain.BadDebtBooked{InvoiceID: invoice, Amount: new(yuan(amount))})
			l.lose(domain.CauseMalicious)
		})
	})
}

// counter is a purchase over the counter: parts, accessories or fuel additives, some of which come back.
func (l *life) counter() {
	amount := l.dice.of(60, 900)
	product := pick(&l.dice, "wiper-blades", "floor-mats", "roof-box", "child-seat", "dash-camera", "winter-tyres")
	buy := domain.PurchaseRecorded{
		Amount: yuan(amount), Product: product, Quantity: int64(l.dice.of(1, 2)), Channel: domain.ChannelVisitByCustomer,
	}
	if l.dice.chance(300) {
		buy.Channel = domain.ChannelWebsite
	}
	l.offerBatch(&buy)
	id := l.by("", buy.Channel, buy)
	if l.dice.chance(200) {
		l.after(l.hours(1, 30), l.askAboutPurchase)
	}
	if l.dice.chance(50) {
		l.after(l.days(2, 12), func() {
			l.tell(domain.PurchaseReturned{Amount: buy.Amount, Quantity: buy.Quantity, Product: buy.Product, Of: id, Reason: "does not fit"})
			l.feel(-20)
		})
	}
	l.misfile(id, buy)
	l.consider()
}

// subscribe starts a maintenance plan, which is renewed every half year unless the customer is unhappy with it.
func (l *life) subscribe() {
	if l.plan != "" {
		return
	}
	l.plan = l.mint("SUB")
	l.by(l.owner, "", domain.SubscriptionStarted{
		SubscriptionID: l.plan, Product: "maintenance-plan", Amount: new(yuan(680)), ExpiresAt: l.now + 182*domain.Day,
	})
	l.habit(182*domain.Day, l.renew)
}

func (l *life) renew() {
	if l.mood < 420 || l.dice.chance(80) {
		l.unsubscribe("no longer worth the price")
		return
	}
	l.tell(domain.SubscriptionRenewed{SubscriptionID: l.plan, Amount: new(yuan(680)), ExpiresAt: l.now + 182*domain.Day})
	l.habit(182*domain.Day, l.renew)
}

// unsubscribe ends the maintenance plan, if there is one.
func (l *life) unsubscribe(reason string) {
	if l.plan != "" {
		l.tell(domain.SubscriptionCancelled{SubscriptionID: l.plan, Reason: reason})
		l.plan = ""
	}
}

// grant gives a firm special terms for a year, which are granted anew before or after they end, or not at all.
func (l *life) grant() { l.grantTerms(l.mint("TRM")) }

// grantTerms grants the terms with an id for a year from now.
func (l *life) grantTerms(terms string) {
	expires := l.now + 365*domain.Day
	l.by(l.owner, "", domain.TermsGranted{TermsID: terms, ExpiresAt: expires, Description: "Eight percent off labour for fleets."})
	l.expect()
	again := -l.days(2, 60)
	if l.bad(people, 300) {
		again = l.days(1, 40)
	}
	if !l.bad(people, 250) {
		l.habit(expires-l.now+again, func() { l.grantTerms(terms) })
	}
}

// expect has the owner write down the next purchase of a firm: when one is due by its habit, and for a little more than most
// visits cost.
func (l *life) expect() {
	if l.owner == "" {
		return
	}
	l.by(l.owner, "", domain.CustomerEventForecast{
		ForecastID: l.mint("FC"), Kind: domain.ForecastPurchase, ExpectedAt: l.now + domain.Instant(l.temper.cadence)*domain.Day,
		Revenue: new(yuan(1200)), Forecaster: l.owner,
	})
}

// spend attributes a cost in whole yuan to the customer.
func (l *life) spend(amount int, kind domain.CostKind, of string) {
	l.tell(domain.CostAttributed{Amount: yuan(amount), Kind: kind, Of: of})
}
