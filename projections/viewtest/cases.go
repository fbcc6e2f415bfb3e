package viewtest

import (
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// cellFilters returns filters with every condition alone and some together.
func cellFilters() []projections.CellFilter {
	var kinds []projections.CellKind
	for k := range projections.CellKindCount {
		kinds = append(kinds, projections.CellKind(k))
	}
	all := []projections.CellFilter{{}}
	for _, f := range []projections.CellFilter{
		{},
		{Whole: true},
		{OrgUnit: "brand"},
		{OrgUnit: "bra\x00nd"},
		{Employee: "e1"},
		{Employee: "\xff"},
		{Names: [4]string{"service"}},
		{Names: [4]string{"", "V01", "internal"}},
		{From: domain.Month(2024*12 + 5), To: domain.Month(2025*12 + 1)},
	} {
		f.Kinds = kinds
		all = append(all, f)
	}
	for _, k := range kinds {
		all = append(all, projections.CellFilter{Kinds: []projections.CellKind{k}})
	}
	return all
}

// caseFilters returns filters of every kind in both orders, with every condition alone and some together.
func caseFilters() []projections.CaseFilter {
	var all []projections.CaseFilter
	for _, kind := range projections.CaseKinds() {
		for _, sort := range []projections.CaseSort{projections.SortOpened, projections.SortDue} {
			for _, f := range []projections.CaseFilter{
				{},
				{Limit: projections.AllCases},
				{Status: projections.CaseOpen},
				{Status: projections.CaseNear},
				{Status: projections.CaseOverdue},
				{Status: projections.CaseEnded},
				{OrgUnit: "brand"},
				{OrgUnit: "\x00"},
				{Holder: "e1"},
				{Topic: "inquiry"},
				{Topic: "watch"},
				{Snoozed: projections.OnlyThose},
				{Snoozed: projections.NoneSuch, Status: projections.CaseOpen},
				{Unanswered: true},
				{Unanswered: true, OrgUnit: "brand", Topic: "high"},
				{ID: "\x00"},
				{Customer: "C00001"},
				{From: domain.InstantOf(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)), To: domain.InstantOf(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))},
			} {
				f.Kind, f.Sort = kind, sort
				all = append(all, f)
			}
		}
	}
	return all
}

// casePages walks through a list in short pages.
func casePages(t testing.TB, s projections.Store, filter projections.CaseFilter) []*projections.CasePage {
	t.Helper()
	if filter.Limit == 0 {
		filter.Limit = 7
	}
	var all []*projections.CasePage
	for {
		page, err := s.Cases(t.Context(), filter)
		if err != nil {
			t.Fatalf("cases %+v: %v", filter, err)
		}
		page.Policy = nil
		all = append(all, page)
		if page.Next == "" {
			return all
		}
		filter.Cursor = page.Next
	}
}
