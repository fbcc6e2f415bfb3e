package viewtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Equal fails the test unless both stores give the same answers to every kind of query, about the given streams among
// others.
func Equal(t testing.TB, got, want projections.Store, subjects []string) {
	t.Helper()
	for _, difference := range differences(Answers(t, got, subjects), Answers(t, want, subjects)) {
		t.Error(difference)
	}
}

// differences lists the questions whose answers differ, with both answers.
func differences(got, want map[string]string) []string {
	var list []string
	for _, question := range slices.Sorted(maps.Keys(want)) {
		if got[question] != want[question] {
			list = append(list, fmt.Sprintf("%s:\n got %s\nwant %s", question, got[question], want[question]))
		}
	}
	return list
}

// Answers asks the store everything and returns the answers as JSON, by question.
func Answers(t testing.TB, s projections.Store, subjects []string) map[string]string {
	t.Helper()
	return answers(t, s, subjects, filters())
}

// answers is Answers with the lists of customers that the filters select.
func answers(t testing.TB, s projections.Store, subjects []string, lists []projections.CustomerFilter) map[string]string {
	t.Helper()
	a := make(map[string]string)
	ask := func(question string, answer any, err error) {
		t.Helper()
		if err != nil && !errors.Is(err, projections.ErrNotFound) {
			t.Fatalf("%s: %v", question, err)
		}
		a[question] = jsonOf(t, answer)
	}
	ctx := t.Context()
	positions, err := s.Positions(ctx)
	ask("positions", positions, err)
	summary, err := s.Summary(ctx)
	ask("summary", summary, err)
	whole, err := s.Lifecycle(ctx, projections.LifecycleFilter{})
	ask("lifecycle", whole, err)
	year := projections.LifecycleFilter{From: day(t, "2024-03-01"), To: day(t, "2025-02-28")}
	some, err := s.Lifecycle(ctx, year)
	ask("lifecycle of a year", some, err)
	for _, id := range append(subjects, "nobody", "no\x00body", "\xff") {
		view, err := s.Customer(ctx, id)
		ask("customer "+id, view, err)
		stream, err := s.Stream(ctx, id)
		ask("stream "+id, stream, err)
	}
	for _, filter := range lists {
		ask(fmt.Sprintf("customers %+v", filter), pages(t, s, filter), nil)
	}
	for _, status := range []projections.QuarantineStatus{"", projections.StatusOpen, projections.StatusRedriven, projections.StatusDiscarded, "\x00"} {
		ask("quarantine "+string(status), quarantine(t, s, projections.QuarantineFilter{Status: status, Limit: 3}), nil)
	}
	for _, filter := range cellFilters() {
		cells, err := s.Cells(ctx, filter)
		ask(fmt.Sprintf("cells %+v", filter), cells, err)
	}
	for _, unit := range []string{"", "brand", "brand/r1", "bra\x00nd"} {
		everyone, err := walk(t, s, unit)
		ask("walk through "+unit, everyone, err)
	}
	for _, filter := range caseFilters() {
		ask(fmt.Sprintf("cases %+v", filter), casePages(t, s, filter), nil)
	}
	operating, err := operations(t, s)
	ask("operations", operating, err)
	return a
}

// walk goes through the customers of a unit and returns what it met, in order.
func walk(t testing.TB, s projections.Store, unit string) (any, error) {
	var met []string
	moment, err := s.Walk(t.Context(), unit, func(fold *projections.Fold, c *projections.Customer, at domain.Instant) {
		met = append(met, fmt.Sprint(c.ID, c.OrgUnit(), c.Now, c.Lifecycle.Stage, c.ValueClass(), fold.Policy().Version, at, jsonOf(t, fold.Item(c, at))))
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(met)
	return []any{moment.AsOf, moment.Positions, moment.Policy.Version, met}, nil
}

// operations asks what people who run the engine ask. Epochs are left out, because they count the writers of a store,
// and of errors what lies behind their first line, because it shows the way through the program.
func operations(t testing.TB, s projections.Store) (answers []any, err error) {
	t.Helper()
	partitions, err := s.Partitions(t.Context())
	if err != nil {
		return nil, err
	}
	for i := range partitions {
		partitions[i].Epoch = 0
	}
	page, err := s.Parked(t.Context(), projections.ParkedFilter{})
	if err != nil {
		return nil, err
	}
	parked := page.Items
	queues := make(map[string][]int64)
	for i := range parked {
		parked[i].Error, _, _ = strings.Cut(parked[i].Error, "\n")
		if queues[parked[i].Customer], err = s.Queue(t.Context(), parked[i].Partition, parked[i].Customer, 1000); err != nil {
			return nil, err
		}
	}
	backlog, err := s.Backlog(t.Context())
	if err != nil {
		return nil, err
	}
	policies, err := s.Policies(t.Context())
	return []any{partitions, parked, queues, backlog, policies}, err
}

// Resolutions asks the store what became of every record and returns the answers, by position.
func Resolutions(t testing.TB, s projections.Store, partitions [][]eventstore.Record) map[string]string {
	t.Helper()
	a := make(map[string]string)
	for p := range partitions {
		for i := range partitions[p] {
			r := &partitions[p][i]
			var ev domain.Event
			_ = wire.Decode(&ev, r.Key, r.Value, r.Headers) // what cannot be read was set aside
			outcome, err := s.Resolve(t.Context(), r.Position(), string(r.Key), ev.ID)
			if err != nil {
				t.Fatal(err)
			}
			a["resolve "+r.Position().String()] = fmt.Sprintf("%+v", outcome)
		}
	}
	return a
}

func jsonOf(t testing.TB, answer any) string {
	t.Helper()
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func day(t testing.TB, s string) domain.Date {
	t.Helper()
	d, err := domain.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// filters returns filters in every order, with every condition alone and some together.
func filters() []projections.CustomerFilter {
	var all []projections.CustomerFilter
	for _, sort := range []projections.CustomerSort{"", projections.SortLastEvent, projections.SortSince, projections.SortLastPurchase} {
		for _, f := range []projections.CustomerFilter{
			{},
			{OrgUnit: "brand"},
			{OrgUnit: "brand/r1"},
			{OrgUnit: "bra\x00nd"},
			{Owner: `e,{}"\ 1`},
			{Owner: "nobody"},
			{Text: "c0"},
			{Text: "änne 1"},
			{Text: "İ"},
			{Text: "\xff"},
			{Text: "%"},
			{Text: "\x00"},
			{OrgUnit: "brand", Stage: domain.StageGrowth, Text: "C"},
			{Risk: domain.RiskWatch},
			{Risk: domain.RiskHigh, OrgUnit: "brand"},
			{Risk: domain.RiskCritical, Stage: domain.StageDecline},
			{Class: "A"},
			{Class: "C", OrgUnit: "brand"},
			{Class: "no class"},
		} {
			f.Sort = sort
			all = append(all, f)
		}
		for _, stage := range domain.Stages() {
			all = append(all, projections.CustomerFilter{Sort: sort, Stage: stage})
		}
	}
	return all
}

// stageFilters returns the filters on which time has an effect.
func stageFilters() []projections.CustomerFilter {
	all := []projections.CustomerFilter{{Sort: projections.SortSince}}
	for _, stage := range domain.Stages() {
		all = append(all, projections.CustomerFilter{Stage: stage})
	}
	for level := domain.RiskWatch; level <= domain.RiskCritical; level++ {
		all = append(all, projections.CustomerFilter{Risk: level})
	}
	return all
}

// pages walks through a list in short pages.
func pages(t testing.TB, s projections.Store, filter projections.CustomerFilter) []*projections.CustomerPage {
	t.Helper()
	filter.Limit = 3
	var all []*projections.CustomerPage
	for {
		page, err := s.Customers(t.Context(), filter)
		if err != nil {
			t.Fatalf("customers %+v: %v", filter, err)
		}
		all = append(all, page)
		if page.Next == "" {
			return all
		}
		filter.Cursor = page.Next
	}
}

// quarantine walks through the records that were set aside.
func quarantine(t testing.TB, s projections.Store, filter projections.QuarantineFilter) []*projections.QuarantinePage {
	t.Helper()
	var all []*projections.QuarantinePage
	for {
		page, err := s.Quarantined(t.Context(), filter)
		if err != nil {
			t.Fatalf("quarantine: %v", err)
		}
		all = append(all, page)
		if page.Next == "" {
			return all
		}
		filter.Cursor = page.Next
	}
}
