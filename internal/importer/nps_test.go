package importer

import (
	"math"
	"os"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// The figures are those published with the data set.
func TestTheReportOnTheGardenCentresHasTheirPublishedFigures(t *testing.T) {
	t.Parallel()
	log := logtest.Embedded(t, 4)
	path := dataFile(t, "nps_botanic/nps_numeric.csv")
	result := importFile(t, log, path, FileOptions{Format: CSV, Mapping: testMapping(t, "nps.yaml")})
	if want := (Counts{Read: 13954, Appended: 13954}); result.Counts != want {
		t.Errorf("the import counts %+v, want %+v", result.Counts, want)
	}
	store := foldUnder(t, log, "testdata/nps_policy.yaml")
	report := satisfaction(t, store, projections.SatisfactionFilter{})
	if len(report.Rows) != 1 || len(report.Gaps) != 0 || report.LeftOut != 0 {
		t.Fatalf("rows %+v, gaps %+v, %d left out", report.Rows, report.Gaps, report.LeftOut)
	}
	row := report.Rows[0]
	if row.Questionnaire != "garden_centre" || row.Source != "internal" || row.Surveys != 13954 || row.CSAT != nil || row.CES != nil {
		t.Errorf("row %+v", row)
	}
	n := row.NPS
	if want := (statistics.Promotion{Promoters: 8465, Passives: 3953, Detractors: 1194}); n.Count != 13612 || *n.Groups != want {
		t.Errorf("%d answers %+v, want 13612 %+v", n.Count, *n.Groups, want)
	}
	p := *n.Groups
	centre, _, _ := p.Interval(report.Confidence)
	for name, v := range map[string][2]float64{
		"net promoter score": {*n.Score, 53.416}, "standard error": {*n.StandardError, 0.558}, "centre": {centre, 53.404},
		"low end": {n.Interval.Low, 52.310}, "high end": {n.Interval.High, 54.499},
	} {
		if math.Abs(v[0]-v[1]) > 0.0005 {
			t.Errorf("%s %v, want %v", name, v[0], v[1])
		}
	}
	item := satisfaction(t, store, projections.SatisfactionFilter{Item: "satisfaction"}).Rows[0]
	if math.Abs(*item.Scores.Mean-8.3494) > 0.00005 || item.NPS != nil {
		t.Errorf("mean satisfaction %v, want 8.3494", *item.Scores.Mean)
	}
	if math.Abs(*row.Index.Value-8.3494) > 0.00005 || row.Index.Weights != "satisfaction" {
		t.Errorf("index %+v, want that of the satisfaction alone", row.Index)
	}
}

// foldUnder folds the whole log into memory under the policy of a file.
func foldUnder(t testing.TB, log *eventstore.Log, path string) *memview.Store {
	t.Helper()
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := domain.ParsePolicy(document)
	if err != nil {
		t.Fatal(err)
	}
	fold := projections.NewFold(policy)
	store := memview.New(fold, log.Partitions())
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := projections.NewRunner(log, store, fold, projections.RunnerOptions{}).RunUntil(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	s, err := store.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Verdicts["quarantined"] != 0 || s.Satisfaction.Answers != s.Events {
		t.Fatalf("summary %+v", s)
	}
	return store
}

func satisfaction(t testing.TB, store *memview.Store, filter projections.SatisfactionFilter) *projections.SatisfactionReport {
	t.Helper()
	view, err := store.Cells(t.Context(), filter.Cells())
	if err != nil {
		t.Fatal(err)
	}
	return projections.NewSatisfactionReport(view, &filter)
}
