package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Happened is an event of a customer as an explanation names it.
type Happened struct {
	ID   string         `json:"id"`
	Type string         `json:"type"`
	At   domain.Instant `json:"at"`

	// contact says that it was a contact; asked and source say which questionnaire from which source it answered.
	contact       bool
	asked, source string
	// statement is the event as a line of the statement, nil when it neither brought nor cost money.
	statement *StatementLine
}

// Chronicle takes down the events of one customer as a fold applies them. Not safe for concurrent use.
type Chronicle struct {
	seen   map[string]bool
	events []Happened
}

// Note takes an event down. It can be the Before of a fold; an event that is folded again after a failure is taken down
// once.
func (h *Chronicle) Note(_ *Customer, e *Entry) {
	if h.seen == nil {
		h.seen = make(map[string]bool)
	}
	if h.seen[e.Event.ID] {
		return
	}
	x := Happened{ID: strings.Clone(e.Event.ID), Type: strings.Clone(e.Event.Type), At: e.Event.Time}
	_, x.contact = ContactOf(e.Event, e.Data)
	if d, ok := e.Data.(*domain.SurveyAnswered); ok {
		x.asked, x.source = strings.Clone(d.Questionnaire), strings.Clone(string(d.Source))
	}
	x.statement = statementLine(e)
	h.seen[x.ID] = true
	h.events = append(h.events, x)
}

// ids returns the ids of the events that want selects, in the order in which they were recorded.
func (h *Chronicle) ids(want func(*Happened) bool) []string {
	ids := []string{}
	for i := range h.events {
		if want(&h.events[i]) {
			ids = append(ids, h.events[i].ID)
		}
	}
	return ids
}

// of returns the ids of the events of the given types.
func (h *Chronicle) of(types ...string) []string {
	return h.ids(func(x *Happened) bool { return slices.Contains(types, x.Type) })
}

// ordered returns the given ids, each once, in the order in which the events were recorded.
func (h *Chronicle) ordered(lists ...[]string) []string {
	wanted := set(lists)
	return h.ids(func(x *Happened) bool { return wanted[x.ID] })
}

// named returns the events with the given ids, in the order in which they were recorded.
func (h *Chronicle) named(lists ...[]string) []Happened {
	wanted, named := set(lists), []Happened{}
	for i := range h.events {
		if wanted[h.events[i].ID] {
			named = append(named, h.events[i])
		}
	}
	return named
}

// set returns the ids of all lists.
func set(lists [][]string) map[string]bool {
	ids := make(map[string]bool)
	for _, list := range lists {
		for _, id := range list {
			ids[id] = true
		}
	}
	return ids
}
