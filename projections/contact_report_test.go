package projections_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// cellView returns the cells of the effects as a store shows them.
func cellView(out *projections.Effects, filter projections.CellFilter) *projections.CellView {
	sum := make(projections.CellSum)
	sum.Add(out.Rollups.Cells, &filter)
	return &projections.CellView{Policy: defaultFold.Policy(), Cells: sum.Sorted()}
}

// TestTheYearOfAHousingEstateSumsToItsTotal folds the inbound contacts of a year that the sources print (IC-14): 5388 in
// seven categories. The number of public repairs is masked there but for its last two digits, 52; 1252 is what the total
// leaves for it.
func TestTheYearOfAHousingEstateSumsToItsTotal(t *testing.T) {
	t.Parallel()
	year := []struct {
		category string
		count    int64
		data     any
	}{
		{"consultation", 2689, &domain.InquiryReceived{InquiryID: "q", Category: "consultation", Channel: domain.ChannelPhone}},
		{"public_repair", 1252, &domain.ServiceRequested{RequestID: "r", Category: "public_repair", Channel: domain.ChannelPhone}},
		{"home_repair", 1010, &domain.ServiceRequested{RequestID: "r", Category: "home_repair", Channel: domain.ChannelVisitByCustomer}},
		{"other", 195, &domain.ContactMade{Direction: domain.DirectionIn, Channel: domain.ChannelPhone, Category: "other"}},
		{"suggestion", 156, &domain.SuggestionReceived{Channel: domain.ChannelPhone}},
		{"praise", 56, &domain.PraiseReceived{Channel: domain.ChannelLetter}},
		{"complaint", 30, &domain.ComplaintFiled{ComplaintID: "c", Channel: domain.ChannelVisitByCustomer}},
	}
	c, out := projections.NewCustomer("c-1"), new(projections.Effects)
	n := 0
	for _, of := range year {
		for range of.count {
			// A day each, around the year.
			at := domain.InstantOf(domain.Date(20_454 + n%365).Time())
			applyContact(t, defaultFold, c, contactEvent{id: fmt.Sprint("e", n), at: at, data: of.data}, out)
			n++
		}
	}
	filter := projections.ContactFilter{}
	report := projections.NewContactReport(cellView(out, filter.Cells()), filter)
	if report.Inbound.Total != 5388 || len(report.Inbound.Months) != 12 {
		t.Fatalf("%d contacts in %d months", report.Inbound.Total, len(report.Inbound.Months))
	}
	var total int64
	byCategory := make(map[string]int64)
	for _, m := range report.Inbound.Months {
		var sum int64
		for category, n := range m.Categories {
			sum += n
			byCategory[category] += n
		}
		if sum != m.Total || sum == 0 {
			t.Errorf("%s: the categories sum to %d of %d", m.Month, sum, m.Total)
		}
		total += sum
	}
	if total != report.Inbound.Total {
		t.Errorf("the months sum to %d of %d", total, report.Inbound.Total)
	}
	for i, of := range year {
		got := report.Inbound.Categories[i]
		if got.Category != of.category || got.Count != of.count || byCategory[of.category] != of.count {
			t.Errorf("%+v, in the months %d, want %s %d", got, byCategory[of.category], of.category, of.count)
		}
	}
}

func TestTheContactReportIsACountOfTheContacts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := callsFrom(t)
		_, out := foldContacts(t, defaultFold, rapid.Permutation(events).Draw(t, "recorded"))
		filter := projections.ContactFilter{
			OrgUnit:  rapid.SampledFrom([]string{"", "brand", "brand/a"}).Draw(t, "of unit"),
			Employee: rapid.SampledFrom([]string{"", "anna"}).Draw(t, "of employee"),
		}
		report := projections.NewContactReport(cellView(out, projections.ContactFilter{}.Cells()), filter)
		equal(t, jsonOf(t, report), jsonOf(t, projections.NewContactReport(cellView(out, filter.Cells()), filter)))
		var in, outbound, goals int64
		channels := make(map[string]int64)
		for _, e := range events {
			d := e.data.(*domain.ContactMade)
			if filter.OrgUnit == "brand/a" && e.unit != "brand/a" || filter.Employee != "" && d.Employee != filter.Employee {
				continue
			}
			channels[string(d.Channel)]++
			switch {
			case d.Direction == domain.DirectionIn:
				in++
			case d.Goal != "":
				goals++
				fallthrough
			default:
				outbound++
			}
		}
		if report.Inbound.Total != in || report.Outbound.Total != outbound || report.WithGoal != goals || len(report.Channels) != len(channels) {
			t.Fatalf("%d in, %d out, %d with a goal, %d channels, want %d, %d, %d, %d",
				report.Inbound.Total, report.Outbound.Total, report.WithGoal, len(report.Channels), in, outbound, goals, len(channels))
		}
		for _, x := range report.Channels {
			if x.Inbound+x.Outbound != channels[x.Channel] {
				t.Fatalf("%+v, want %d", x, channels[x.Channel])
			}
		}
		if (report.GoalShare == nil) != (outbound == 0) || (report.OutboundShare == nil) != (in+outbound == 0) {
			t.Fatalf("shares of nothing: %s", jsonOf(t, report))
		}
		if filter == (projections.ContactFilter{}) {
			checkEmployees(t, report, events)
		}
	})
}

// checkEmployees compares the work of each employee, the collisions above all.
func checkEmployees(t failer, report *projections.ContactReport, events []contactEvent) {
	later, earlier := make(map[string]int64), make(map[string]int64)
	pairs := collisions(events, domain.Day)
	employee := make(map[string]string)
	for _, e := range events {
		employee[e.id] = e.data.(*domain.ContactMade).Employee
	}
	for _, p := range pairs {
		var a, b string
		if _, err := fmt.Sscan(p, &a, &b); err != nil {
			t.Fatal(err)
		}
		earlier[employee[a]]++
		later[employee[b]]++
	}
	if report.Collisions != int64(len(pairs)) {
		t.Fatal("collisions", report.Collisions, pairs)
	}
	for _, e := range report.Employees {
		if e.Collisions != later[e.Employee] || e.CollidedWith != earlier[e.Employee] {
			t.Fatal(e, "want", later[e.Employee], earlier[e.Employee])
		}
	}
}

func TestAReportOnNothingHasNoShares(t *testing.T) {
	t.Parallel()
	report := projections.NewContactReport(&projections.CellView{Policy: defaultFold.Policy()}, projections.ContactFilter{})
	want := `"inbound":{"total":0,"categories":[],"months":[]},"outbound":{"total":0,"categories":[],"months":[]},"outbound_share":null,` +
		`"with_goal":0,"goal_share":null,"channels":[],"attempts":{"total":0,"outcomes":{},"reached_share":null},"collisions":0,"employees":[]`
	got, err := json.Marshal(report)
	if err != nil || !strings.Contains(string(got), want) {
		t.Errorf("%s, want %s in it", got, want)
	}
}
