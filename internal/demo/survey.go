package demo

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// askAbout asks a customer a whole questionnaire about what has the given id.
func (l *life) askAbout(q questionnaire, of string) {
	l.survey(q, of, map[string]string{string(salesConsultant): l.owner}, nil)
}

// askAboutVisit asks about a visit. What went wrong in it lowers the items it concerns, and the item about the
// follow-up does not apply to a customer who was not called.
func (l *life) askAboutVisit(j *job, followed bool) {
	lower := map[string]int{}
	if j.slow {
		lower["V05"], lower["V17"] = 200, 300
	}
	if j.repeat {
		for _, i := range l.service.items {
			lower[i.name] = 260 // it spoils the whole visit
		}
		lower["V11"], lower["V12"] = 400, 500
	}
	if !followed {
		lower["V10"] = notApplicable
	}
	l.survey(l.service, j.id, j.crew(), lower)
}

// notApplicable in place of a loss of points says that an item does not apply.
const notApplicable = -1

// survey invites the customer to answer, which one in seven does not want; one in six forgets it. One survey in four is
// asked by an institute over the telephone; its customers are a little more frank.
func (l *life) survey(q questionnaire, of string, employees map[string]string, lower map[string]int) {
	id, from, mode := l.mint("SV"), domain.SurveyInternal, pick(&l.dice, domain.SurveyPhone, domain.SurveyPhone, domain.SurveyFaceToFace)
	frank := 0
	if l.dice.chance(250) {
		from, mode, frank = domain.SurveyExternal, domain.SurveyCATI, 40
	}
	l.tell(domain.SurveyInvited{SurveyID: id, Questionnaire: q.name, Source: from, ExpiresAt: l.now + 20*domain.Day})
	if l.dice.chance(140) {
		l.after(l.hours(1, 60), func() { l.tell(domain.SurveyRefused{SurveyID: id, Questionnaire: q.name, Source: from}) })
		return
	}
	if l.dice.chance(160) {
		return
	}
	l.after(l.hours(1, 90), func() {
		answers := l.answers(q, frank, lower)
		l.makeGood(answers, lowScore, l.tell(domain.SurveyAnswered{
			Questionnaire: q.name, Source: from, Mode: mode, Employees: employees, SurveyID: id, Of: of, Answers: answers,
		}))
		if l.dice.chance(500) {
			l.recommend(from, mode)
		}
	})
}

// answers answers every item.
func (l *life) answers(q questionnaire, frank int, lower map[string]int) []domain.Answer {
	list := make([]domain.Answer, 0, len(q.items)+len(executionItems()))
	for _, i := range q.items {
		loss := lower[i.name]
		switch {
		case loss == notApplicable || l.dice.chance(12):
			list = append(list, domain.Answer{Item: i.name, NotApplicable: true})
		case l.dice.chance(15):
			list = append(list, domain.Answer{Item: i.name, Refused: true})
		default:
			points := l.points(i.aspect, frank+loss)
			l.dealer.scores.add(i, points)
			list = append(list, domain.Answer{Item: i.name, Score: new(int64(points))})
		}
	}
	if q.name == l.sales.name {
		for _, name := range executionItems() {
			list = append(list, domain.Answer{Item: name, Yes: new(!l.bad(surroundings, 700))})
		}
	}
	return list
}

// points returns a score from 1 to 10: half what the dealer is worth in the aspect, half the mood, give or take.
func (l *life) points(a aspect, loss int) int {
	worth := (l.dealer.quality[a]+l.mood)/2 + 70 - loss + l.dice.of(-200, 200)
	return 1 + (min(max(worth, 0), 1000)*9+500)/1000
}

// recommend asks how likely the customer is to recommend the firm, from 0 to 10.
func (l *life) recommend(from domain.SurveySource, mode domain.SurveyMode) {
	score := (min(max(l.mood+80+l.dice.of(-250, 250), 0), 1000)*10 + 500) / 1000
	answers := []domain.Answer{{Item: "NPS", Score: new(int64(score))}}
	l.makeGood(answers, lowScore, l.tell(domain.SurveyAnswered{Questionnaire: "nps", Source: from, Mode: mode, Answers: answers}))
}

// askAboutPurchase asks how satisfied a customer is, from 1 to 5, and askAboutEffort how easy it was to have a complaint
// dealt with, from 1 to 7.
func (l *life) askAboutPurchase() { l.askOnline("csat", "CSAT", 5, 2) }
func (l *life) askAboutEffort()   { l.askOnline("ces", "CES", 7, 3) }

// askOnline invites the customer to answer one question on the website, which two in five do. Scores up to low are made
// good.
func (l *life) askOnline(questionnaire, item string, top int, low int64) {
	id := l.mint("SV")
	l.tell(domain.SurveyInvited{SurveyID: id, Questionnaire: questionnaire, Source: domain.SurveyInternal, ExpiresAt: l.now + 10*domain.Day})
	if !l.dice.chance(400) {
		return
	}
	l.after(l.hours(1, 90), func() {
		feeling := min(max(l.mood+60+l.dice.of(-250, 250), 0), 1000)
		answers := []domain.Answer{{Item: item, Score: new(int64(1 + (feeling*(top-1)+500)/1000))}}
		l.makeGood(answers, low, l.tell(domain.SurveyAnswered{
			Questionnaire: questionnaire, Source: domain.SurveyInternal, Mode: domain.SurveyWeb, SurveyID: id, Answers: answers,
		}))
	})
}

// lowScore is the greatest score on the usual scales that calls for a recovery.
const lowScore = 6

// makeGood has a specialist call a customer who gave a low score in the answer with the given id, as often and as soon as
// the dealer is worth.
func (l *life) makeGood(answers []domain.Answer, low int64, of string) {
	poor := slices.ContainsFunc(answers, func(a domain.Answer) bool { return a.Score != nil && *a.Score <= low })
	if !poor || l.unwanted || l.bad(people, 250) {
		return
	}
	wait := l.hours(4, 50)
	if l.bad(people, 300) {
		wait = l.days(3, 9)
	}
	caller := l.dealer.employee(crmSpecialist, &l.dice)
	if l.dice.chance(200) {
		l.after(wait/2, func() {
			l.by(caller, domain.ChannelPhone, domain.FollowUpAttempted{Of: of, Channel: domain.ChannelPhone, Employee: caller})
		})
	}
	l.after(wait, func() {
		l.by(caller, domain.ChannelPhone, domain.FollowUpCompleted{
			Of: of, Channel: domain.ChannelPhone, Employee: caller, Satisfied: new(l.mood > 450),
		})
		l.feel(15)
	})
}
