package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// opportunity is a choice that the customer makes (LOY-06). opened and ended are zero while they are not known.
type opportunity struct {
	id            string
	opened, ended domain.Date
	won           bool
}

func codeOpportunity(k *coder, o *opportunity) {
	k.string(&o.id)
	number(k, &o.opened)
	number(k, &o.ended)
	k.bool(&o.won)
}

// openOpportunity notes when an opportunity was opened. One that was opened twice counts from the first time on.
func (l *ledger) openOpportunity(id string, day domain.Date) {
	o := l.opportunity(id)
	if o.opened == 0 || day < o.opened {
		o.opened = day
	}
	l.trimOpportunities()
}

// endOpportunity notes how an opportunity ended; the latest word holds. Without an id it is the one that was opened last
// among those that have not ended.
func (l *ledger) endOpportunity(id string, day domain.Date, won bool) {
	if id == "" {
		last := -1
		for i, o := range l.opportunities {
			if o.ended == 0 && (last < 0 || o.opened > l.opportunities[last].opened) {
				last = i
			}
		}
		if last < 0 {
			return
		}
		id = l.opportunities[last].id
	}
	if o := l.opportunity(id); day >= o.ended {
		o.ended, o.won = day, won
	}
	l.trimOpportunities()
}

// opportunity returns the one of that id, a new one when it is not known. It may be changed.
func (l *ledger) opportunity(id string) *opportunity {
	l.opportunities = slices.Clone(l.opportunities)
	i, found := slices.BinarySearchFunc(l.opportunities, id, func(o opportunity, id string) int { return strings.Compare(o.id, id) })
	if !found {
		l.opportunities = slices.Insert(l.opportunities, i, opportunity{id: strings.Clone(id)})
	}
	return &l.opportunities[i]
}

// trimOpportunities lets the oldest one go when there are too many.
func (l *ledger) trimOpportunities() {
	if len(l.opportunities) <= mostOpportunities {
		return
	}
	oldest := 0
	for i, o := range l.opportunities {
		if max(o.opened, o.ended) < max(l.opportunities[oldest].opened, l.opportunities[oldest].ended) {
			oldest = i
		}
	}
	l.opportunities = slices.Delete(l.opportunities, oldest, oldest+1)
}

// DecisionView is how long the customer takes to decide: the days from the opening of an opportunity to the first purchase
// occasion from that day on, or to the day on which it was won when that was earlier (LOY-06).
type DecisionView struct {
	// Decided counts the opportunities that ended in a purchase, among those that are kept; Lost those that ended without
	// one, and Open the others.
	Decided int `json:"decided"`
	Lost    int `json:"lost"`
	Open    int `json:"open"`
	// MeanDays and LatestDays are null without a decision; Latest is that of the opportunity that was opened last.
	MeanDays   *float64 `json:"mean_days"`
	LatestDays *int64   `json:"latest_days"`
}

func (t *Trade) decisions() DecisionView {
	var v DecisionView
	var sum int64
	var latest domain.Date
	for _, o := range t.ledger().opportunities {
		days, decided := t.decision(&o)
		switch {
		case decided:
			v.Decided++
			sum += days
			if v.LatestDays == nil || o.opened >= latest {
				latest, v.LatestDays = o.opened, &days
			}
		case o.ended != 0:
			v.Lost++
		default:
			v.Open++
		}
	}
	if v.Decided > 0 {
		mean := float64(sum) / float64(v.Decided)
		v.MeanDays = &mean
	}
	return v
}

// decision returns how many days the customer took to decide for a purchase, and whether there was such a decision.
func (t *Trade) decision(o *opportunity) (int64, bool) {
	if o.opened == 0 {
		return 0, false
	}
	end := domain.Date(0)
	if o.won && o.ended >= o.opened {
		end = o.ended
	}
	if i, _ := slices.BinarySearch(t.Days, o.opened); i < len(t.Days) {
		bought := t.Days[i]
		before := o.ended == 0 || bought <= o.ended
		if before && (end == 0 || bought < end) {
			end = bought
		}
	}
	return int64(end - o.opened), end != 0
}
