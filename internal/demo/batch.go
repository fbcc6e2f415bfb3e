package demo

import (
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// spoilt is the product of which one dealer once sells a bad batch.
const spoilt = "jump-starter"

// spoiltDealer is the place of that dealer, a weak one, among all.
const spoiltDealer = 3

// massLosses is how many losses of a month the default policy calls a mass loss.
const massLosses = 5

// batch is a bad batch that a dealer sold: who bought of it, and the losses of the month in which it came to light.
type batch struct {
	selling bool
	buyers  []*life
	month   string
	// losses are the ids of those losses whose cause was found.
	losses []string
}

// sellBatch puts the bad batch on the counter for three weeks. It comes to light early in the month after that.
func (d *dealer) sellBatch() {
	d.batch.selling = true
	end := d.now + 21*domain.Day
	d.at(end, func() { d.batch.selling = false })
	local := (end + zoneOffset).Time()
	light := time.Date(local.Year(), local.Month()+1, 2, 0, 0, 0, 0, time.UTC)
	d.batch.month = light.Format("2006-01")
	d.at(opening(domain.InstantOf(light)-zoneOffset, &d.dice), d.comeToLight)
}

// offerBatch lets the customer buy of the bad batch while it is on the counter.
func (l *life) offerBatch(buy *domain.PurchaseRecorded) {
	if b := &l.dealer.batch; b.selling {
		buy.Product = spoilt
		b.buyers = append(b.buyers, l)
	}
}

// comeToLight lets those who bought of the batch, and nothing since, find out. Four in five leave within the month, and the
// dealer, whose telephone does not stand still, writes it down.
func (d *dealer) comeToLight() {
	for _, l := range d.batch.buyers {
		if l.latest != spoilt || l.left || l.wavering != "" {
			continue
		}
		l.habit(l.days(0, 4), func() {
			l.tell(domain.FaultRecorded{Fault: "jump starter overheats", Product: l.model})
			l.grieve(grievance{subject: "jump starter", step: "parts", side: domain.SideEnterprise, cause: "product"}, 900)
		})
		if l.dice.chance(800) {
			l.habit(l.days(6, 10), l.leaveForBatch)
		}
	}
	d.batch.buyers = nil
}

// leaveForBatch is the departure of a customer for the sake of the batch, written down within the month.
func (l *life) leaveForBatch() {
	l.turn()
	l.left = true
	l.habit(l.days(1, 9), func() {
		lost := l.by(l.owner, "", domain.CustomerLost{Nature: domain.LossTemporary, Evidence: "Said so when returning the jump starter."})
		l.habit(l.days(1, 4), func() {
			l.by(l.dealer.employee(crmSpecialist, &l.dice), "", domain.ChurnCauseDetermined{Cause: domain.CauseProductQuality})
			l.dealer.countLoss(lost)
		})
		l.habit(l.days(5, 8), func() {
			l.triage(domain.CauseProductQuality, domain.LossTemporary, l.dealer.employee(crmSpecialist, &l.dice))
		})
	})
}

// countLoss counts a loss for the sake of the batch. With the fifth it is a mass loss, which the engine would notice in the
// current month and the one before; of the past it reads here.
func (d *dealer) countLoss(id string) {
	b := &d.batch
	if b.losses = append(b.losses, id); len(b.losses) != massLosses {
		return
	}
	cause := domain.CauseProductQuality
	d.emit(domain.MassLossObserved{
		Month: b.month, Cause: string(cause), Product: spoilt, Losses: massLosses, Evidence: b.losses,
	}, stamp{
		subject: domain.OrgPrefix + d.path, unit: d.path, id: domain.MassLossID(d.path, b.month, string(cause), spoilt),
	})
}
