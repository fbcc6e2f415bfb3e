package projections_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// randomMembers are the members of the data of the events that are drawn, by type. One with a question mark may be left out.
var randomMembers = map[string]string{
	"complaint.filed":             "complaint_id subject? channel? employee? step?",
	"complaint.acknowledged":      "complaint_id? employee?",
	"complaint.validity_decided":  "complaint_id? valid",
	"complaint.handed_over":       "complaint_id? to",
	"complaint.handover_accepted": "complaint_id?",
	"complaint.handover_returned": "complaint_id? reason?",
	"complaint.resolved":          "complaint_id? satisfied?",
	"complaint.followed_up":       "complaint_id? channel satisfied?",
	"complaint.reopened":          "complaint_id? reason?",
	"complaint.measure_adopted":   "complaint_id? measure",
	"complaint.linked":            "complaint_id? similar_to",
	"compensation.given":          "complaint_id? kind",
	"follow_up.completed":         "of channel employee? reached?",
	"follow_up.attempted":         "of channel employee? reached?",
	"delivery.handed_over":        "delivery_id",
	"service.requested":           "request_id channel?",
	"service.completed":           "request_id?",
	"inquiry.received":            "inquiry_id category?",
	"inquiry.answered":            "inquiry_id employee?",
	"promise.made":                "promise_id due_at employee?",
	"promise.kept":                "promise_id?",
	"terms.granted":               "terms_id expires_at",
	"contact.scheduled":           "due_at employee?",
	"contact.intended":            "employee channel",
	"contact.attempted":           "outcome employee?",
	"contact.made":                "direction channel employee? category? goal?",
	"customer.owner_assigned":     "employee",
	"customer.owner_released":     "employee?",
	"customer.transferred":        "to",
	"survey.answered":             "questionnaire source answers",
	"survey.invited":              "survey_id questionnaire",
	"praise.received":             "employee? channel?",
	"purchase.recorded":           "amount product?",
	"purchase.returned":           "amount",
	"contract.signed":             "contract_id",
	"customer.returned":           "",
	"customer.lost":               "nature competitor?",
	"churn.cause_determined":      "cause",
	"bad_debt.booked":             "amount?",
	"cost.attributed":             "amount kind=win_back|sales of?",
	"win_back.decided":            "decision reason?",
	"win_back.started":            "win_back_id? owner?",
	"win_back.contact_made":       "win_back_id? employee? apology? note?",
	"win_back.offer_made":         "win_back_id? offer_id? terms? cost?",
	"win_back.offer_accepted":     "win_back_id? offer_id?",
	"win_back.offer_declined":     "win_back_id? offer_id? reason?",
	"win_back.closed":             "win_back_id? result",
	"mass_loss.observed":          "month cause? product? losses",
	"opportunity.opened":          "opportunity_id",
	"opportunity.won":             "opportunity_id?",
	"opportunity.lost":            "opportunity_id? reason",
	"price.objected":              "",
	"competitor.purchased":        "amount?",
	"referral.made":               "referred?",
	"customer_event.forecast":     "forecast_id kind=purchase|cost|bad_debt expected_at revenue? cost? forecaster",
	"employee.left":               "successor?",
	"relationship.ended":          "reason",
	"rectification.opened":        "rectification_id item owner due_at",
	"rectification.completed":     "rectification_id?",
	"rectification.accepted":      "rectification_id? inspector?",
	"rectification.rejected":      "rectification_id? reason?",
}

// typesOf returns the types of the events of an organisation unit, or of a customer.
func typesOf(unit bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(randomMembers)), func(typ string) bool {
		return (strings.HasPrefix(typ, "rectification.") || typ == "mass_loss.observed") != unit
	})
}

// randomEvent is an event that is drawn.
type randomEvent struct {
	id, typ, unit, data string
	at                  domain.Instant
}

// drawEvent draws an event of one of the types within three weeks, at a full hour so that ends are hit.
func drawEvent(t *rapid.T, id string, types []string) randomEvent {
	e := randomEvent{
		id: id, typ: rapid.SampledFrom(types).Draw(t, "type"),
		unit: rapid.SampledFrom([]string{"", "", "", "north/a", "south"}).Draw(t, "unit"),
		at:   monday + domain.Instant(rapid.IntRange(0, 20*24).Draw(t, "hour"))*domain.Hour,
	}
	data := make(map[string]any)
	for member := range strings.FieldsSeq(randomMembers[e.typ]) {
		name, optional := strings.CutSuffix(member, "?")
		if name, value, fixed := strings.Cut(name, "="); fixed {
			data[name] = rapid.SampledFrom(strings.Split(value, "|")).Draw(t, name)
		} else if !optional || rapid.Bool().Draw(t, "given") {
			data[name] = drawMember(t, name, e.at)
		}
	}
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	e.data = string(text)
	return e
}

// drawMember draws a value of few, so that events speak of the same things. e3 is also the id of an event.
func drawMember(t *rapid.T, name string, at domain.Instant) any {
	switch name {
	case "channel":
		return rapid.SampledFrom([]string{"phone", "letter"}).Draw(t, name)
	case "direction":
		return rapid.SampledFrom([]string{"in", "out"}).Draw(t, name)
	case "outcome":
		return rapid.SampledFrom([]string{"no_answer", "wrong_number"}).Draw(t, name)
	case "employee", "forecaster", "to", "owner", "inspector", "successor":
		return rapid.SampledFrom([]string{"li", "wang", "chen"}).Draw(t, name)
	case "subject", "measure", "item", "category", "reason", "goal", "kind", "step", "product", "terms", "competitor", "note", "result":
		return rapid.SampledFrom([]string{"noise", "paint"}).Draw(t, name)
	case "amount", "revenue", "cost":
		return domain.Money{
			Minor: int64(rapid.IntRange(0, 3).Draw(t, name)), Currency: rapid.SampledFrom([]string{"CNY", "CNY", "EUR"}).Draw(t, "currency"),
		}
	case "nature":
		return rapid.SampledFrom([]string{"permanent", "temporary"}).Draw(t, name)
	case "cause":
		return rapid.SampledFrom([]string{"malicious", "competitor", "service_quality"}).Draw(t, name)
	case "decision":
		return rapid.SampledFrom([]string{"recover", "let_go"}).Draw(t, name)
	case "month":
		return rapid.SampledFrom([]string{"2026-03", "2026-04"}).Draw(t, name)
	case "losses":
		return rapid.IntRange(1, 9).Draw(t, name)
	case "valid", "satisfied", "reached", "apology":
		return rapid.Bool().Draw(t, name)
	case "due_at", "expires_at", "expected_at":
		return at + domain.Instant(rapid.IntRange(-5, 100).Draw(t, name))*domain.Hour
	case "questionnaire":
		return "nps"
	case "source":
		return "internal"
	case "answers":
		return []any{map[string]any{"item": "NPS", "score": rapid.IntRange(0, 10).Draw(t, "score")}}
	default:
		return rapid.SampledFrom([]string{"k1", "k2", "e3"}).Draw(t, name)
	}
}

// entry returns the event as a fold gets it: its texts borrow from memory that lasts no longer than the fold of the event.
// spoil overwrites that memory.
func (e *randomEvent) entry(t *rapid.T, l *life) (entry *projections.Entry, spoil func()) {
	typ, known := domain.Lookup(e.typ)
	if !known {
		t.Fatalf("there is no type %s", e.typ)
	}
	var memory [][]byte
	borrow := func(text string) string {
		memory = append(memory, []byte(text))
		return unsafe.String(unsafe.SliceData(memory[len(memory)-1]), len(text))
	}
	ev := &domain.Event{
		ID: borrow(e.id), Source: borrow("test"), Type: e.typ, Subject: borrow(l.c.ID), Time: e.at, OrgUnit: borrow(e.unit), Data: []byte(e.data),
	}
	memory = append(memory, ev.Data)
	data, err := l.decoder.Decode(typ, ev.Data)
	if err != nil {
		t.Fatal(fmt.Errorf("%s %s: %w", e.typ, e.data, err))
	}
	if survey, ok := data.(*domain.SurveyAnswered); ok {
		if _, problems := l.fold.Policy().ReadSurvey(survey); problems != nil {
			t.Fatal(problems)
		}
	}
	return &projections.Entry{Event: ev, Data: data}, func() {
		for _, text := range memory {
			for i := range text {
				text[i] = '#'
			}
		}
	}
}
