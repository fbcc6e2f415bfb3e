package demo

import "github.com/rapport-crm/rapport/domain"

// assign gives the customer to a sales consultant of the dealer, unless they have one.
func (l *life) assign() {
	if l.owner == "" {
		l.give(l.dealer.post(salesConsultant, &l.dice))
	}
}

// give makes the holder of the post the owner and awaits the day on which the holder leaves the firm.
func (l *life) give(p *post) {
	l.owner = p.employee
	l.by(p.employee, "", domain.CustomerOwnerAssigned{Employee: p.employee, Role: "sales"})
	owner := p.employee
	l.at(p.until+domain.Second, func() {
		if l.owner == owner {
			l.orphan(p)
		}
	})
}

// orphan is what the departure of the owner means to a customer. A good dealer introduces the successor within days.
// Another one leaves the customer alone for weeks and the old name in the file, and some of those follow the consultant to
// a competitor.
func (l *life) orphan(p *post) {
	if l.left {
		l.owner = p.employee
		return
	}
	wait, neglected := l.days(1, 4), l.bad(people, 1300)
	if neglected {
		l.feel(-90)
		wait = l.days(15, 50)
	}
	l.after(wait, func() {
		if !neglected {
			l.by("", "", domain.CustomerOwnerReleased{Employee: l.owner, Reason: "left the firm"})
		}
		l.give(p)
		if !l.left {
			l.call(l.owner, "introduction", "Introduced as the new contact.")
		}
	})
	if neglected && l.bought && l.dice.chance(350) {
		l.waver(domain.CauseStaffLeft)
	}
}

// move transfers the customer to a dealer of another town.
func (l *life) move() {
	from := l.dealer
	l.dealer = l.dealers[(from.number+l.dice.below(len(l.dealers)-1))%len(l.dealers)]
	l.tell(domain.CustomerTransferred{To: l.dealer.path, From: from.path, Reason: "moved house"})
	l.by("", "", domain.CustomerOwnerReleased{Employee: l.owner, Reason: "other dealer"})
	l.give(l.dealer.post(salesConsultant, &l.dice))
}
