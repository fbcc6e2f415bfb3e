package demo

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain"
)

// scores sums the survey scores of a dealer since its latest review, by questionnaire item.
type scores map[item]score

// score is the sum of n scores.
type score struct{ sum, n int }

func (s scores) add(i item, points int) {
	t := s[i]
	s[i] = score{sum: t.sum + points, n: t.n + 1}
}

// weakest returns the item with the lowest mean among those with at least five scores. Items of one mean are taken in
// the order of the questionnaires.
func (s scores) weakest(among ...questionnaire) (item, bool) {
	var found item
	low := score{}
	for _, q := range among {
		for _, i := range q.items {
			// Comparing the products compares the means without division.
			if t := s[i]; t.n >= 5 && (low.n == 0 || t.sum*low.n < low.sum*t.n) {
				found, low = i, t
			}
		}
	}
	return found, low.n > 0
}

// review looks at the scores of the latest quarter. When the weakest item lies under eight, the dealer opens a
// rectification sheet for it.
func (d *dealer) review() {
	weakest, found := d.scores.weakest(d.sales, d.service)
	t := d.scores[weakest]
	d.scores = scores{}
	d.at(opening(d.now+d.dice.between(80*domain.Day, 100*domain.Day), &d.dice), d.review)
	if found && t.sum < 8*t.n {
		d.rectify(weakest)
	}
}

// rectify opens a sheet. One in four is completed after its due date, one in fifteen never, and one in five is rejected
// once.
func (d *dealer) rectify(i item) {
	d.sheets++
	id := fmt.Sprintf("RX-%02d-%03d", d.number, d.sheets)
	due := d.now + 30*domain.Day
	d.tell(domain.RectificationOpened{
		RectificationID: id, Item: i.name, Owner: d.employee(crmSpecialist, &d.dice), DueAt: due,
		Questionnaire: i.questionnaire, Plan: i.aspect.plan(),
	})
	work := d.dice.between(10*domain.Day, 28*domain.Day)
	switch luck := d.dice.below(1000); {
	case luck < 70:
		return
	case luck < 320:
		work += 25 * domain.Day
	}
	d.at(opening(d.now+work, &d.dice), func() { d.complete(id, i, true) })
}

func (d *dealer) complete(id string, i item, first bool) {
	d.tell(domain.RectificationCompleted{RectificationID: id, Note: "Done and shown to the team."})
	d.at(opening(d.now+d.dice.between(2*domain.Day, 20*domain.Day), &d.dice), func() { d.inspect(id, i, first) })
}

// inspect accepts the work, which makes the dealer better in the item's aspect, or sends it back.
func (d *dealer) inspect(id string, i item, first bool) {
	inspector := d.employee(receptionist, &d.dice)
	if first && d.dice.chance(200) {
		due := d.now + 15*domain.Day
		d.tell(domain.RectificationRejected{RectificationID: id, Inspector: inspector, Reason: "Not yet done every day.", DueAt: due})
		d.at(opening(d.now+d.dice.between(5*domain.Day, 14*domain.Day), &d.dice), func() { d.complete(id, i, false) })
		return
	}
	d.tell(domain.RectificationAccepted{RectificationID: id, Inspector: inspector})
	d.improve(i.aspect, d.dice.of(20, 50))
}

// improve makes the dealer better in an aspect, up to what anybody reaches.
func (d *dealer) improve(a aspect, by int) { d.quality[a] = min(d.quality[a]+by, 950) }

// tell makes an event of the dealer's own stream.
func (d *dealer) tell(data any) {
	d.events++
	d.emit(data, stamp{subject: domain.OrgPrefix + d.path, unit: d.path, number: d.events})
}

// plan returns what a dealer does to become better in the aspect.
func (a aspect) plan() string {
	switch a {
	case surroundings:
		return "Walk through the showroom and the waiting room every morning with a checklist."
	case people:
		return "Train reception and sales on listening, one hour a week."
	case charges:
		return "Explain every line of the bill before the customer pays."
	case repair:
		return "A second technician checks each repair before the car is handed back."
	default:
		return "Keep one bay free for cars without a reservation."
	}
}
