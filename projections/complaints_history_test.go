package projections_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// complaintEvent is an event about a complaint, which it names or not.
type complaintEvent struct {
	at        domain.Instant
	typ, id   string
	complaint string
	data      any
}

// complaintPolicy leaves the deadlines of complaints out, which depend on the order of recording.
var complaintFold = projections.NewFold(complaintPolicy())

func complaintPolicy() *domain.Policy {
	p, err := domain.ParsePolicy([]byte("deadlines: {complaint: {off: true}, complaint_follow_up: {off: true}}\nsatisfaction: {least: 1}\n"))
	if err != nil {
		panic(err)
	}
	return p
}

// drawComplaints draws events about at most so many complaints, each at an instant of its own and in the order of time.
// named says that each names its complaint.
func drawComplaints(t *rapid.T, complaints int, named bool) []complaintEvent {
	at := domain.InstantOf(domain.Date(20_500).Time())
	events := make([]complaintEvent, rapid.IntRange(1, 24).Draw(t, "events"))
	for i := range events {
		at += domain.Instant(rapid.IntRange(1, 3000).Draw(t, "minutes")) * domain.Minute
		x := &events[i]
		x.at, x.id = at, fmt.Sprintf("e%d", i)
		x.complaint = fmt.Sprintf("K%d", rapid.IntRange(1, complaints).Draw(t, "complaint"))
		x.typ, x.data = drawStep(t, x.complaint, named)
	}
	return events
}

// drawStep draws the data of one event. All but a filing and a compensation may leave the id out.
func drawStep(t *rapid.T, complaint string, named bool) (typ string, data any) {
	id := complaint
	if !named && rapid.Bool().Draw(t, "unnamed") {
		id = ""
	}
	who := rapid.SampledFrom([]string{"E1", "E2", "E3"}).Draw(t, "who")
	yes := rapid.SampledFrom([]*bool{nil, new(false), new(true)}).Draw(t, "yes")
	channel := rapid.SampledFrom([]domain.Channel{domain.ChannelPhone, domain.ChannelLetter, domain.ChannelEmail}).Draw(t, "channel")
	steps := []struct {
		typ  string
		data any
	}{
		{"complaint.filed", &domain.ComplaintFiled{
			ComplaintID: complaint, Form: domain.ComplaintOral, Subject: rapid.SampledFrom([]string{"", "fare", "noise"}).Draw(t, "subject"),
			Step: rapid.SampledFrom([]string{"", "repair"}).Draw(t, "step"), Employee: who,
		}},
		{"complaint.acknowledged", &domain.ComplaintAcknowledged{ComplaintID: id, Apology: yes, Employee: who}},
		{"complaint.restated", &domain.ComplaintRestated{ComplaintID: id, Agreed: yes}},
		{"complaint.validity_decided", &domain.ComplaintValidityDecided{ComplaintID: id, Valid: yes != nil && *yes}},
		{"complaint.cause_determined", &domain.ComplaintCauseDetermined{ComplaintID: id, Side: domain.SideCustomer, Cause: who}},
		{"complaint.handed_over", &domain.ComplaintHandedOver{ComplaintID: id, To: who}},
		{"complaint.handover_accepted", &domain.ComplaintHandoverAccepted{ComplaintID: id}},
		{"complaint.handover_returned", &domain.ComplaintHandoverReturned{ComplaintID: id}},
		{"complaint.solution_proposed", &domain.ComplaintSolutionProposed{ComplaintID: id}},
		{"complaint.solution_accepted", &domain.ComplaintSolutionAccepted{ComplaintID: id}},
		{"complaint.resolved", &domain.ComplaintResolved{ComplaintID: id, Satisfied: yes}},
		{"complaint.resolved", &domain.ComplaintResolved{ComplaintID: id, Satisfied: yes}},
		{"complaint.followed_up", &domain.ComplaintFollowedUp{ComplaintID: id, Channel: channel, Satisfied: yes}},
		{"complaint.reopened", &domain.ComplaintReopened{ComplaintID: id}},
		{"complaint.measure_adopted", &domain.ComplaintMeasureAdopted{ComplaintID: id, Measure: "sign"}},
		{"complaint.linked", &domain.ComplaintLinked{ComplaintID: id, SimilarTo: "K1"}},
		{"compensation.given", &domain.CompensationGiven{ComplaintID: complaint, Amount: &domain.Money{Minor: 7, Currency: "CNY"}}},
	}
	step := rapid.SampledFrom(steps).Draw(t, "step")
	return step.typ, step.data
}

// foldComplaints folds the events in the order given.
func foldComplaints(events []complaintEvent, out *projections.Effects) *projections.Customer {
	c := projections.NewCustomer("c")
	for i := range events {
		x := &events[i]
		ev := &domain.Event{ID: x.id, Type: x.typ, Subject: "c", Time: x.at, OrgUnit: "b/r/d1"}
		complaintFold.Apply(c, &projections.Entry{Event: ev, Data: x.data}, out)
	}
	return c
}

// shownComplaints is what people see of the complaints and of the matters they are.
func shownComplaints(t failer, c *projections.Customer, out *projections.Effects) string {
	matters := append([]projections.Matter{}, c.Matters.Open...)
	slices.SortFunc(matters, func(a, b projections.Matter) int { return slices.Compare([]byte(a.Event), []byte(b.Event)) })
	open := make(map[projections.MatterKind]int64)
	for kind, n := range out.Rollups.Open {
		if n != 0 {
			open[kind] = n
		}
	}
	return jsonOf(t, []any{c.Cases(projections.CaseComplaint), matters, open})
}
