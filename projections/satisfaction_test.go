package projections_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/questionnaire"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// visits asks for something of every measure. The weights change in February 2026.
const visits = `
version: visits
questionnaires:
  - name: visit
    title: {en: Visit}
    groups:
      - {name: staff, title: {en: Staff}, items: [{id: A, en: A}, {id: B, en: B}]}
      - {name: place, title: {en: Place}, items: [{id: C, en: C}]}
      - {name: loyal, title: {en: Loyal}, measure: nps, items: [{id: N, en: N}]}
      - {name: happy, title: {en: Happy}, measure: csat, items: [{id: S, en: S}]}
      - {name: easy, title: {en: Easy}, measure: ces, items: [{id: F, en: F}]}
      - {name: rules, title: {en: Rules}, measure: execution, items: [{id: E, en: E}]}
      - {name: words, title: {en: Words}, measure: comment, items: [{id: W, en: W}]}
    weights:
      - {version: first}
      - {version: second, from: 2026-02-01T00:00:00Z, groups: {staff: 3}, items: {A: 2}}
`

func foldOfVisits(t failer) *projections.Fold {
	policy, err := domain.ParsePolicy([]byte(visits))
	if err != nil {
		t.Fatal(err)
	}
	return projections.NewFold(policy)
}

// given is one survey that a customer answered.
type given struct {
	customer, id, unit string
	at                 domain.Instant
	domain.SurveyAnswered
}

func (g *given) record(offset int) eventstore.Record {
	data, err := json.Marshal(&g.SurveyAnswered)
	if err != nil {
		panic(err)
	}
	ev := domain.Event{
		ID: g.id, Source: "test", Type: "survey.answered", Subject: g.customer, Time: g.at, OrgUnit: g.unit,
		ExpectedVersion: domain.NoExpectation, Data: data,
	}
	return eventstore.Record{
		Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers(), Offset: int64(offset),
		RecordedAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// drawSurveys draws surveys in the order of their recording.
func drawSurveys(t *rapid.T) []given {
	surveys := make([]given, rapid.IntRange(1, 40).Draw(t, "surveys"))
	start := domain.InstantOf(time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC))
	for i := range surveys {
		g := &surveys[i]
		g.customer = fmt.Sprintf("c%d", rapid.IntRange(1, 6).Draw(t, "customer"))
		g.id = fmt.Sprintf("e%d", i)
		g.unit = rapid.SampledFrom([]string{"", "b/r/d1", "b/r/d2"}).Draw(t, "unit")
		g.at = start + domain.Instant(rapid.IntRange(0, 12).Draw(t, "days"))*7*domain.Day
		g.Source = rapid.SampledFrom([]domain.SurveySource{domain.SurveyInternal, domain.SurveyExternal}).Draw(t, "source")
		g.Mode = rapid.SampledFrom([]domain.SurveyMode{"", domain.SurveyPhone, domain.SurveyWeb}).Draw(t, "mode")
		if rapid.Bool().Draw(t, "employee") {
			g.Employees = map[string]string{"technician": "e-1", "receptionist": rapid.SampledFrom([]string{"e-1", "e-2"}).Draw(t, "who")}
		}
		g.Questionnaire = rapid.SampledFrom([]string{"visit", "visit", "nps"}).Draw(t, "questionnaire")
		if g.Questionnaire == "nps" {
			g.Answers = []domain.Answer{drawAnswer(t, "NPS", 0, 10)}
			continue
		}
		for _, item := range []struct {
			id        string
			low, high int
		}{{"A", 1, 10}, {"B", 1, 10}, {"C", 1, 10}, {"N", 0, 10}, {"S", 1, 5}, {"F", 1, 7}} {
			if rapid.IntRange(0, 4).Draw(t, "whether") > 0 {
				g.Answers = append(g.Answers, drawAnswer(t, item.id, item.low, item.high))
			}
		}
		g.Answers = append(g.Answers, domain.Answer{Item: "E", Yes: new(rapid.Bool().Draw(t, "yes"))}, domain.Answer{Item: "W", Text: new("so")})
	}
	return surveys
}

func drawAnswer(t *rapid.T, item string, low, high int) domain.Answer {
	switch rapid.IntRange(0, 9).Draw(t, "form") {
	case 0:
		return domain.Answer{Item: item, Refused: true}
	case 1:
		return domain.Answer{Item: item, NotApplicable: true}
	default:
		return domain.Answer{Item: item, Score: new(int64(rapid.IntRange(low, high).Draw(t, "score")))}
	}
}

// recount counts the cells of surveys one by one.
type recount struct {
	policy *domain.Policy
	sum    projections.CellSum
}

// all counts all surveys, and the latest of each customer, questionnaire and source.
func (r *recount) all(surveys []given) []projections.CellCount {
	type who struct{ customer, questionnaire, source string }
	latest := map[who]given{}
	units := map[string]given{}
	for _, g := range surveys {
		// A survey that names no unit is one of the customer's: the one that the newest event so far names.
		if g.unit != "" && g.at >= units[g.customer].at {
			units[g.customer] = g
		}
		if g.unit == "" {
			g.unit = units[g.customer].unit
		}
		r.add(&g, projections.CellAnswer, projections.CellSurvey)
		k := who{g.customer, g.Questionnaire, string(g.Source)}
		if before, known := latest[k]; !known || g.at >= before.at {
			latest[k] = g
		}
	}
	for _, g := range latest {
		r.add(&g, projections.CellLatest, projections.CellSurveyLatest)
	}
	return r.sum.Sorted()
}

func (r *recount) add(g *given, answers, surveys projections.CellKind) {
	reading, _ := r.policy.ReadSurvey(&g.SurveyAnswered)
	cell := projections.Cell{Kind: surveys, Month: domain.DateOf(g.at, r.policy.Location()).Month(), Unit: g.unit}
	cell.Names = [4]string{g.Questionnaire, "", string(g.Source), string(g.Mode)}
	n := projections.CellCounts{projections.SurveyCount: 1}
	definition := reading.Definition()
	if index := reading.Index(definition.WeightsAt(g.at.Time())).Value; index != nil {
		v := statistics.Thousandths(index)
		n[projections.SurveyIndexed], n[projections.SurveyIndex], n[projections.SurveySquares] = 1, v, v*v
	}
	if reading.Low() != nil {
		n[projections.SurveyLow] = 1
	}
	r.each(cell, n, g)
	cell.Kind = answers
	for _, x := range reading.Results {
		cell.Names[1] = x.Item.ID
		var one projections.CellCounts
		one[slot(&x)] = 1
		r.each(cell, one, g)
	}
}

func (r *recount) each(cell projections.Cell, n projections.CellCounts, g *given) {
	r.sum.AddCount(cell, &n)
	for role, employee := range g.Employees {
		cell.Role, cell.Employee = role, employee
		r.sum.AddCount(cell, &n)
	}
}

func slot(x *questionnaire.Result) int64 {
	switch {
	case x.Score != nil:
		return *x.Score
	case x.Yes != nil && *x.Yes:
		return projections.AnswerYes
	case x.Yes != nil:
		return projections.AnswerNo
	case x.Refused:
		return projections.AnswerRefused
	case x.NotApplicable:
		return projections.AnswerNotApplicable
	default:
		return projections.AnswerText
	}
}

func TestRollUpsOfAnyPartitionAndBatchesEqualARecount(t *testing.T) {
	t.Parallel()
	fold, ctx := foldOfVisits(t), t.Context()
	rapid.Check(t, func(t *rapid.T) {
		surveys := drawSurveys(t)
		partitions := rapid.IntRange(1, 3).Draw(t, "partitions")
		of := func(key []byte) int { return int(key[len(key)-1]) % partitions }
		logs := make([][]eventstore.Record, partitions)
		for i := range surveys {
			p := of([]byte(surveys[i].customer))
			r := surveys[i].record(len(logs[p]))
			r.Partition = p
			logs[p] = append(logs[p], r)
		}
		store := memview.New(fold, partitions)
		for _, p := range rapid.Permutation(numbers(partitions)).Draw(t, "order") {
			foldPartition(ctx, t, fold, store, p, logs[p], of)
		}
		view, err := store.Cells(ctx, projections.CellFilter{Kinds: surveyCells})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := view.Cells, (&recount{fold.Policy(), projections.CellSum{}}).all(surveys); !slices.Equal(got, want) {
			t.Fatalf("cells\n%v\nwant\n%v", got, want)
		}
	})
}

var surveyCells = []projections.CellKind{
	projections.CellAnswer, projections.CellLatest, projections.CellSurvey, projections.CellSurveyLatest,
}

// foldPartition folds the records of a partition in batches of drawn lengths.
func foldPartition(
	ctx context.Context, t *rapid.T, fold *projections.Fold, store *memview.Store, partition int, records []eventstore.Record, of func([]byte) int,
) {
	folder := projections.NewFolder(fold, store, projections.FolderOptions{PartitionOf: of})
	at, err := folder.Claim(ctx, partition)
	for err == nil && len(records) > 0 {
		n := rapid.IntRange(1, len(records)).Draw(t, "batch")
		at, err = folder.Fold(ctx, at, records[:n])
		records = records[n:]
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnswersThatAreTakenBackLeaveARecountOfTheOthers(t *testing.T) {
	t.Parallel()
	fold := foldOfVisits(t)
	rapid.Check(t, func(t *rapid.T) {
		surveys := drawSurveys(t)
		gone := surveys[0].customer
		var rest []given
		sum := projections.CellSum{}
		digest := projections.Digest{}
		for _, customer := range []string{"c1", "c2", "c3", "c4", "c5", "c6"} {
			of := slices.DeleteFunc(slices.Clone(surveys), func(g given) bool { return g.customer != customer })
			var out projections.Effects
			c := projections.NewCustomer(customer)
			for _, g := range of {
				ev := domain.Event{ID: g.id, Type: "survey.answered", Subject: customer, Time: g.at, OrgUnit: g.unit}
				fold.Apply(c, &projections.Entry{Event: &ev, Data: &g.SurveyAnswered}, &out)
			}
			for cell, n := range out.Rollups.Cells {
				sum.AddCount(cell, n)
				if customer == gone {
					back := *n
					for i := range back {
						back[i] = -back[i]
					}
					sum.AddCount(cell, &back)
				}
			}
			if customer != gone {
				rest = append(rest, of...)
				digest = digest.Add(projections.DigestOfCells(onlySurveys(out.Rollups.Cells)))
			}
		}
		want := (&recount{fold.Policy(), projections.CellSum{}}).all(rest)
		if got := projections.CellSum(onlySurveys(sum)); !slices.Equal(got.Sorted(), want) || projections.DigestOfCells(got) != digest {
			t.Fatalf("cells\n%v\nwant\n%v", got.Sorted(), want)
		}
	})
}

// onlySurveys returns the cells of surveys.
func onlySurveys(cells map[projections.Cell]*projections.CellCounts) map[projections.Cell]*projections.CellCounts {
	kept := map[projections.Cell]*projections.CellCounts{}
	for c, n := range cells {
		if slices.Contains(surveyCells, c.Kind) {
			kept[c] = n
		}
	}
	return kept
}

// numbers returns 0 to n−1.
func numbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func BenchmarkFoldOfAWholeQuestionnaire(b *testing.B) {
	d := domain.SurveyAnswered{
		Questionnaire: "service", Source: domain.SurveyInternal, Mode: domain.SurveyPhone,
		Employees: map[string]string{"receptionist": "e-1", "technician": "e-2"},
	}
	for i := 1; i <= 18; i++ {
		d.Answers = append(d.Answers, domain.Answer{Item: fmt.Sprintf("V%02d", i), Score: new(int64(7 + i%3))})
	}
	ev := domain.Event{ID: "e", Type: "survey.answered", Subject: "c", OrgUnit: "b/r/d1"}
	c := projections.NewCustomer("c")
	var out projections.Effects
	at := domain.InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	b.ReportAllocs()
	for b.Loop() {
		at += domain.Hour
		ev.Time = at
		defaultFold.Apply(c, &projections.Entry{Event: &ev, Data: &d}, &out)
	}
}
