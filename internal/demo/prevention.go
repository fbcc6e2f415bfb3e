package demo

import "github.com/rapport-crm/rapport/domain"

// complaintRef names a complaint of a customer.
type complaintRef struct{ customer, id string }

// compare looks for an earlier complaint about the same subject: of the same customer, or now and then of another one of the
// dealer.
func (l *life) compare(c *complaint) {
	own, latest := l.complaints[c.subject], l.dealer.latest[c.subject]
	switch {
	case own != "":
		l.tell(domain.ComplaintLinked{ComplaintID: c.id, SimilarTo: own})
	case latest.id != "" && l.dice.chance(200):
		l.tell(domain.ComplaintLinked{ComplaintID: c.id, SimilarTo: latest.id, Customer: latest.customer})
	}
	l.complaints[c.subject], l.dealer.latest[c.subject] = c.id, complaintRef{l.id, c.id}
}

// prevent takes a measure after one in five of the complaints that were handled with care, so that the dealer becomes
// better at what went wrong.
func (l *life) prevent(c *complaint, agent string) {
	measure, better := "", people
	switch c.subject {
	case "repeat fault":
		measure, better = "second check", repair
	case "waiting time":
		measure, better = "reserve bay", speed
	case "late delivery":
		measure, better = "weekly call to the plant", speed
	case "attitude":
		measure = "training"
	default:
		return
	}
	if !l.dice.chance(200) {
		return
	}
	l.by(agent, "", domain.ComplaintMeasureAdopted{ComplaintID: c.id, Measure: measure, OrgUnit: l.dealer.path})
	l.dealer.improve(better, l.dice.of(10, 30))
}
