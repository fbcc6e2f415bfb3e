package projections_test

import (
	"context"
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// reportOf folds surveys and returns the report on them.
func reportOf(t failer, fold *projections.Fold, surveys []given, filter projections.SatisfactionFilter) *projections.SatisfactionReport {
	if err := filter.Check(); err != nil {
		t.Fatal(err)
	}
	return projections.NewSatisfactionReport(cellsOf(t, fold, surveys, filter.Cells()), &filter)
}

// cellsOf folds surveys and returns the cells that the filter selects.
func cellsOf(t failer, fold *projections.Fold, surveys []given, filter projections.CellFilter) *projections.CellView {
	records := make([]eventstore.Record, len(surveys))
	for i := range surveys {
		records[i] = surveys[i].record(i)
	}
	store := memview.New(fold, 1)
	folder := projections.NewFolder(fold, store, projections.FolderOptions{PartitionOf: inPartitionZero})
	ctx := context.Background()
	at, err := folder.Claim(ctx, 0)
	if err == nil && len(records) > 0 {
		_, err = folder.Fold(ctx, at, records)
	}
	if err != nil {
		t.Fatal(err)
	}
	view, err := store.Cells(ctx, filter)
	if err != nil {
		t.Fatal(err)
	}
	if aside, err := store.Quarantined(ctx, projections.QuarantineFilter{}); err != nil || len(aside.Items) > 0 {
		t.Fatal(aside, err)
	}
	return view
}

// said returns a survey of a customer in a month of 2026 with answers such as "A=9 E=yes N=refused".
func said(customer string, month time.Month, source domain.SurveySource, answers string) given {
	g := given{customer: customer, id: customer + month.String() + string(source), unit: "b/r/d1"}
	g.at = domain.InstantOf(time.Date(2026, month, 10, 0, 0, 0, 0, time.UTC))
	g.Questionnaire, g.Source, g.Mode = "visit", source, domain.SurveyPhone
	for word := range strings.FieldsSeq(answers) {
		item, value, _ := strings.Cut(word, "=")
		a := domain.Answer{Item: item}
		switch value {
		case "yes", "no":
			a.Yes = new(value == "yes")
		case "refused":
			a.Refused = true
		case "na":
			a.NotApplicable = true
		default:
			var score int64
			if err := json.Unmarshal([]byte(value), &score); err != nil {
				panic(err)
			}
			a.Score = &score
		}
		g.Answers = append(g.Answers, a)
	}
	return g
}

// each is said by several customers.
func each(month time.Month, source domain.SurveySource, answers ...string) []given {
	var list []given
	for i, a := range answers {
		list = append(list, said("c"+string(rune('a'+i)), month, source, a))
	}
	return list
}

func TestPromotersAreOfTheirOwnItemsOnly(t *testing.T) {
	t.Parallel()
	fold := foldOfVisits(t)
	type want struct {
		nps, csat, ces string
		index          bool
	}
	for name, v := range map[string]struct {
		answers []string
		want    want
	}{
		"nothing was asked":      {[]string{"E=yes", "E=no"}, want{"not asked", "not asked", "not asked", false}},
		"all refused":            {[]string{"N=refused S=na F=refused", "N=na S=refused F=na"}, want{"0 null", "0 null", "0 null", false}},
		"effort and scores only": {[]string{"S=5 F=7 A=9", "S=5 F=7 A=9", "S=1 F=1 A=10", "S=2 F=2 A=10", "S=4 F=5 A=10"}, want{"not asked", "5 0.600", "5 0.600", true}},
		"recommendation only":    {[]string{"N=9", "N=10", "N=7", "N=6", "N=0"}, want{"5 0.000", "not asked", "not asked", false}},
		"everything at once": {
			[]string{"A=10 S=5 F=7 N=9", "A=1 S=1 F=1 N=10", "A=9 S=4 F=6 N=9", "A=9 S=4 F=5 N=8", "A=2 S=2 F=2 N=0"},
			want{"5 40.000", "5 0.600", "5 0.600", true},
		},
		"too few recommend": {
			[]string{"A=9 N=10", "A=9 N=10", "A=9 N=10", "A=9 N=10", "A=9 N=refused"}, want{"4 suppressed", "not asked", "not asked", true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := reportOf(t, fold, each(time.March, domain.SurveyInternal, v.answers...), projections.SatisfactionFilter{})
			if len(report.Rows) != 1 {
				t.Fatalf("rows %+v", report.Rows)
			}
			row := report.Rows[0]
			got := want{"not asked", "not asked", "not asked", row.Index != nil}
			if row.NPS != nil {
				got.nps = figure(row.NPS.Count, row.NPS.Suppressed, row.NPS.Score)
			}
			if row.CSAT != nil {
				got.csat = figure(row.CSAT.Count, row.CSAT.Suppressed, row.CSAT.Value)
			}
			if row.CES != nil {
				got.ces = figure(row.CES.Count, row.CES.Suppressed, row.CES.Value)
			}
			if got != v.want {
				t.Errorf("%+v, want %+v", got, v.want)
			}
		})
	}
}

// figure writes a figure with the number of answers behind it.
func figure(n int64, suppressed bool, value *float64) string {
	shown := "null"
	switch {
	case suppressed && value == nil:
		shown = "suppressed"
	case value != nil:
		shown = big.NewFloat(*value).Text('f', 3)
	}
	return big.NewInt(n).String() + " " + shown
}

func TestWithoutAnswersAReportIsEmptyAndFewAreSuppressed(t *testing.T) {
	t.Parallel()
	fold := foldOfVisits(t)
	report := reportOf(t, fold, nil, projections.SatisfactionFilter{})
	b, err := json.Marshal(report)
	if err != nil || strings.Contains(string(b), `:null,"gaps"`) || len(report.Rows)+len(report.Gaps)+len(report.LowItems)+len(report.Responses) > 0 {
		t.Errorf("%s, %v", b, err)
	}
	few := each(time.March, domain.SurveyInternal, "A=3 E=yes", "A=4 E=yes", "B=9", "C=1")
	row := reportOf(t, fold, few, projections.SatisfactionFilter{}).Rows[0]
	if row.Surveys != 4 || !row.Index.Suppressed || row.Index.Value != nil || len(row.Index.Groups) > 0 || row.Index.Surveys.Mean != nil ||
		!row.Scores.Suppressed || row.Scores.Counts != nil || !row.Execution.Suppressed || !row.Trend.Suppressed || row.Modes[0].Mean != nil {
		t.Errorf("few answers are shown: %+v", row)
	}
	if items := reportOf(t, fold, few, projections.SatisfactionFilter{}).LowItems; len(items) > 0 {
		t.Errorf("low items of few answers %+v", items)
	}
}

func TestInternalAndExternalAreRowsWithAGap(t *testing.T) {
	t.Parallel()
	surveys := append(
		each(time.March, domain.SurveyInternal, "A=9", "A=8", "A=9", "A=8", "A=9", "A=8"),
		each(time.March, domain.SurveyExternal, "A=7", "A=6", "A=7", "A=6", "A=7", "A=6")...)
	report := reportOf(t, foldOfVisits(t), surveys, projections.SatisfactionFilter{})
	if len(report.Rows) != 2 || report.Rows[0].Source != "external" || *report.Rows[0].Index.Value != 6.5 || *report.Rows[1].Index.Value != 8.5 {
		t.Fatalf("rows %+v", report.Rows)
	}
	if len(report.Gaps) != 1 {
		t.Fatalf("gaps %+v", report.Gaps)
	}
	// Both have the variance 0.3, so the standard error is √(0.3/6 + 0.3/6) and t with 10 degrees of freedom is 2.2281.
	half := 2.228138852 * math.Sqrt(0.1)
	g := report.Gaps[0]
	if *g.Difference != -2 || math.Abs(g.Interval.Low-(-2-half)) > 1e-8 || math.Abs(g.Interval.High-(-2+half)) > 1e-8 || *g.PValue > 0.001 {
		t.Errorf("gap %v %+v %v", *g.Difference, g.Interval, *g.PValue)
	}
	if only := reportOf(t, foldOfVisits(t), surveys, projections.SatisfactionFilter{Source: domain.SurveyExternal}); len(only.Rows) != 1 || len(only.Gaps) != 0 {
		t.Errorf("one source: %+v", only)
	}
}

func TestAChangeIsSplitIntoScoresAndWeights(t *testing.T) {
	t.Parallel()
	// January is under the first weights and February under the second: A counts twice in its group, its group thrice.
	surveys := append(
		each(time.January, domain.SurveyInternal, "A=8 B=8 C=8", "A=8 B=8 C=8", "A=8 B=8 C=8", "A=8 B=8 C=8", "A=8 B=8 C=8"),
		each(time.February, domain.SurveyInternal, "A=9 B=6 C=4", "A=9 B=6 C=4", "A=9 B=6 C=4", "A=9 B=6 C=4", "A=9 B=6 C=4")...)
	january := domain.DateOf(surveys[0].at, time.UTC).Month()
	filter := projections.SatisfactionFilter{From: january + 1, To: january + 1}
	row := reportOf(t, foldOfVisits(t), surveys, filter).Rows[0]
	// Under the first weights 7.5 and 4 give 5.75, under the second 8 and 4 give 7.
	x := row.Index
	if x.Weights != "second" || *x.Value != 7 || *x.Change.Before != 8 || *x.Change.Scores != -2.25 || *x.Change.Weights != 1.25 {
		t.Errorf("index %v under %s, change %v = %v + %v", *x.Value, x.Weights, *x.Change.Before, *x.Change.Scores, *x.Change.Weights)
	}
	if row.Surveys != 5 || row.Trend.Months != 1 || row.Trend.Slope != nil {
		t.Errorf("row %+v", row)
	}
	filter.From = 0
	if row := reportOf(t, foldOfVisits(t), surveys, filter).Rows[0]; row.Index.Change != nil || *row.Trend.Slope != -1 {
		t.Errorf("without a beginning: change %+v, slope %v", row.Index.Change, *row.Trend.Slope)
	}
}

func TestTheLatestAnswersAreOneOfEachCustomer(t *testing.T) {
	t.Parallel()
	surveys := append(each(time.February, domain.SurveyInternal, "A=1", "A=1", "A=1", "A=1", "A=1", "A=1"),
		each(time.March, domain.SurveyInternal, "A=9", "A=9", "A=9", "A=9", "A=9")...)
	all := reportOf(t, foldOfVisits(t), surveys, projections.SatisfactionFilter{Group: projections.GroupMonth})
	latest := reportOf(t, foldOfVisits(t), surveys, projections.SatisfactionFilter{Group: projections.GroupMonth, Latest: true})
	if all.Answers != "all" || len(all.Rows) != 2 || all.Rows[0].Surveys != 6 || all.Rows[1].Surveys != 5 {
		t.Errorf("all answers: %+v", all.Rows)
	}
	if latest.Answers != "latest" || len(latest.Rows) != 2 || latest.Rows[0].Surveys != 1 || latest.Rows[1].Surveys != 5 || !latest.Rows[0].Index.Suppressed {
		t.Errorf("latest answers: %+v", latest.Rows)
	}
	if len(latest.Responses) != 1 || latest.Responses[0].Answered != 11 {
		t.Errorf("responses %+v", latest.Responses)
	}
}

func TestLowItemsAreInTheOrderOfTheirNumber(t *testing.T) {
	t.Parallel()
	surveys := each(time.March, domain.SurveyInternal, "A=6 B=6 C=9", "A=6 B=7 C=9", "A=1 B=7 C=10 N=0", "A=9 B=7 C=7", "A=9 B=7 C=7")
	got := reportOf(t, foldOfVisits(t), surveys, projections.SatisfactionFilter{}).LowItems
	want := []projections.LowItem{
		{Questionnaire: "visit", Source: "internal", Group: "staff", Item: "A", Low: 3, Scores: 5, OfAll: 0.75, Cumulative: 0.75},
		{Questionnaire: "visit", Source: "internal", Group: "staff", Item: "B", Low: 1, Scores: 5, OfAll: 0.25, Cumulative: 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("low items %+v, want %+v", got, want)
	}
}

func TestModesAreShownAndMixedOnesSaidSo(t *testing.T) {
	t.Parallel()
	surveys := each(time.March, domain.SurveyInternal, "A=9", "A=9", "A=9", "A=9", "A=9", "A=5", "A=5", "A=5", "A=5", "A=5")
	for i := range surveys[5:] {
		surveys[5+i].Mode = domain.SurveyFaceToFace
	}
	row := reportOf(t, foldOfVisits(t), surveys, projections.SatisfactionFilter{}).Rows[0]
	if !row.Mixed || len(row.Modes) != 2 || row.Modes[0].Mode != "face_to_face" || *row.Modes[0].Mean != 5 || *row.Modes[1].Mean != 9 {
		t.Errorf("row %+v", row)
	}
	report := reportOf(t, foldOfVisits(t), surveys, projections.SatisfactionFilter{Group: projections.GroupMode})
	if len(report.Rows) != 2 || report.Rows[0].Mixed || *report.Rows[1].Index.Value != 9 {
		t.Errorf("rows %+v", report.Rows)
	}
}

func TestScoresAndComplaintsMeetAtTheStageOfTheWork(t *testing.T) {
	t.Parallel()
	surveys := each(time.March, domain.SurveyInternal, "A=6 C=9", "A=6 C=9", "A=8 C=10", "A=9 C=7", "A=9 C=7")
	filter := projections.SatisfactionFilter{}
	view := cellsOf(t, foldOfVisits(t), surveys, filter.Cells())
	report := projections.NewStageReport(view, filter, map[string]int64{"staff": 3, "delivery": 2})
	if len(report.Stages) != 3 || report.Stages[0].Stage != "delivery" || report.Stages[0].Scores != nil || report.Stages[0].Complaints != 2 {
		t.Fatalf("stages %+v", report.Stages)
	}
	if place := report.Stages[1]; place.Stage != "place" || *place.Scores.Mean != 8.4 || place.Complaints != 0 || *place.Low.Value != 0 {
		t.Errorf("place %+v", place)
	}
	if staff := report.Stages[2]; *staff.Scores.Mean != 7.6 || *staff.Low.Value != 0.4 || staff.Complaints != 3 {
		t.Errorf("staff %+v", staff)
	}
}
