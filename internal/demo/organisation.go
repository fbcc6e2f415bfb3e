package demo

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain"
)

// brand is the first part of the path of every organisation unit.
const brand = "calder"

// dealerPlan is a dealer as the group founded it.
type dealerPlan struct {
	region, name string
	// level is the quality of the dealer, from 0 to 1000.
	level int
}

// dealerPlans returns the dealers. Each region has a strong, two ordinary and a weak one.
func dealerPlans() []dealerPlan {
	return []dealerPlan{
		{"north", "beishan", 880}, {"north", "linhe", 760}, {"north", "qingyuan", 700}, {"north", "tiegang", 560},
		{"east", "donghu", 860}, {"east", "haimen", 740}, {"east", "yuewan", 690}, {"east", "luqiao", 580},
		{"south", "nanling", 870}, {"south", "zhujiang", 750}, {"south", "xitang", 710}, {"south", "shawan", 570},
	}
}

// aspect is one side of a dealer's work. The survey items each belong to one.
type aspect int

const (
	surroundings aspect = iota
	people
	charges
	repair
	speed
	aspects
)

// role is what an employee does.
type role string

const (
	salesConsultant role = "sales_consultant"
	receptionist    role = "receptionist"
	technician      role = "technician"
	crmSpecialist   role = "crm_specialist"
)

// staffing returns the posts of every dealer.
func staffing() []role {
	return []role{
		salesConsultant, salesConsultant, salesConsultant, salesConsultant,
		receptionist, receptionist, technician, technician, technician, crmSpecialist, crmSpecialist,
	}
}

// dealer is one dealer as it is now.
type dealer struct {
	*world
	dice   dice
	number int
	path   string
	// quality is how well the dealer works in each aspect, from 0 to 1000.
	quality [aspects]int
	posts   []*post
	scores  scores
	// events counts those of the dealer's own stream, sheets its rectifications.
	events, sheets int
	// latest are the latest complaints about each subject.
	latest map[string]complaintRef
	// batch is the bad batch that the dealer sold, if it is the one.
	batch batch
}

// post is a position that employees hold one after another.
type post struct {
	role     role
	code     string
	holders  int
	employee string
	// until is when the present holder leaves.
	until domain.Instant
}

// openDealers founds the dealers with their staff and puts their routine on the agenda.
func (w *world) openDealers() {
	for i, plan := range dealerPlans() {
		d := &dealer{world: w, dice: newDice(w.g.options.Seed, dealerDice, uint64(i)), number: i + 1, scores: scores{}, latest: map[string]complaintRef{}}
		d.path = brand + "/" + plan.region + "/" + plan.name
		for a := range d.quality {
			d.quality[a] = min(plan.level+d.dice.of(-60, 60), 950)
		}
		for n, r := range staffing() {
			p := &post{role: r, code: fmt.Sprintf("E%02d%02d", d.number, n+1)}
			d.posts = append(d.posts, p)
			d.fill(p, 20, 1200)
		}
		w.dealers = append(w.dealers, d)
		if i == spoiltDealer {
			w.at(opening(w.now+domain.Instant(w.g.options.Days)*domain.Day*5/8, &d.dice), d.sellBatch)
		}
		w.at(w.now+d.dice.between(20*domain.Day, 40*domain.Day), d.review)
	}
}

// fill gives the post to a new employee, who stays for a number of days between the two given.
func (d *dealer) fill(p *post, low, high int) {
	p.holders++
	p.employee = fmt.Sprintf("%s-%d", p.code, p.holders)
	p.until = opening(d.now+d.dice.between(domain.Instant(low)*domain.Day, domain.Instant(high)*domain.Day), &d.dice)
	d.at(p.until, func() { d.leave(p) })
}

// leave lets the present holder of the post go and hires the next.
func (d *dealer) leave(p *post) {
	left := p.employee
	d.fill(p, 400, 1600)
	reason := pick(&d.dice, "better offer", "moved away", "retired", "went to a competitor")
	d.emit(domain.EmployeeLeft{Successor: p.employee, Reason: reason}, stamp{
		subject: domain.EmployeePrefix + left, unit: d.path, number: 1,
	})
}

// post returns one of the posts of a role.
func (d *dealer) post(r role, by *dice) *post {
	first, n := 0, 0
	for i, p := range d.posts {
		if p.role == r {
			if n == 0 {
				first = i
			}
			n++
		}
	}
	return d.posts[first+by.below(n)]
}

// employee returns the present holder of one of the posts of a role.
func (d *dealer) employee(r role, by *dice) string { return d.post(r, by).employee }
