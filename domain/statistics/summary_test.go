package statistics_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain/statistics"
)

func TestFewAnswersShowTheirNumberOnly(t *testing.T) {
	t.Parallel()
	four, five := distributionOf(t, 1, 0, 0, 0, 1, 3), distributionOf(t, 1, 0, 0, 0, 1, 4)
	var r statistics.Reporting
	if f := r.Mean(four); !f.Suppressed || f.Count != 4 || f.Mean != nil || f.Median != nil || f.Interval != nil || f.Counts != nil {
		t.Errorf("four answers: %+v", f)
	}
	if f := r.Mean(five); f.Suppressed || f.Mean == nil || *f.Mean != 4.8 || f.Interval.High != 5 || len(f.Counts) != 5 {
		t.Errorf("five answers: %+v", f)
	}
	if f := (statistics.Reporting{Least: 1}).Mean(four); f.Suppressed || *f.Mean != 4.75 || *f.Median != 5 {
		t.Errorf("four answers, all shown: %+v", f)
	}
	if f := r.Share(four.Top(2)); !f.Suppressed || f.Value != nil || f.Interval != nil {
		t.Errorf("share of four: %+v", f)
	}
	if f := r.Share(five.Top(2)); *f.Value != 1 || f.Interval.High != 1 {
		t.Errorf("share of five: %+v", f)
	}
	if f := r.Promotion(statistics.Promotion{Promoters: 4}); !f.Suppressed || f.Score != nil || f.Groups != nil {
		t.Errorf("promoters of four: %+v", f)
	}
	if f := r.Promotion(statistics.Promotion{Promoters: 4, Detractors: 1}); *f.Score != 60 || f.Groups.Promoters != 4 || f.Interval == nil {
		t.Errorf("promoters of five: %+v", f)
	}
}

func TestNothingIsNullAndNotSuppressed(t *testing.T) {
	t.Parallel()
	var r statistics.Reporting
	for _, v := range []struct {
		figure any
		want   string
	}{
		{
			r.Mean(statistics.NewDistribution(newScale(t, 1, 10))),
			`{"n":0,"suppressed":false,"mean":null,"standard_deviation":null,"median":null,"interval":null,"counts":null}`,
		},
		{r.Share(statistics.Share{}), `{"n":0,"suppressed":false,"value":null,"interval":null}`},
		{
			r.Promotion(statistics.Promotion{}),
			`{"n":0,"suppressed":false,"groups":null,"score":null,"standard_error":null,"interval":null}`,
		},
	} {
		if got, err := json.Marshal(v.figure); err != nil || string(got) != v.want {
			t.Errorf("%s, error %v, want %s", got, err, v.want)
		}
	}
}

func TestALevelThatIsNoneLeavesTheIntervalOut(t *testing.T) {
	t.Parallel()
	r := statistics.Reporting{Level: 95, Least: 1}
	d := distributionOf(t, 1, 1, 2, 3)
	if m, s := r.Mean(d), r.Share(d.Top(1)); m.Interval != nil || m.Mean == nil || s.Interval != nil || s.Value == nil {
		t.Errorf("mean %+v, share %+v", m, s)
	}
}

func ExampleReporting_Share() {
	scale, err := statistics.NewScale(1, 5)
	if err != nil {
		panic(err)
	}
	d := statistics.NewDistribution(scale)
	for _, score := range []int{5, 4, 5, 2, 5, 4, 3, 5, 4, 5} {
		if err := d.Add(score, 1); err != nil {
			panic(err)
		}
	}
	csat := statistics.Reporting{}.Share(d.Top(2))
	fmt.Printf("%d answers, %.0f %% satisfied, between %.1f and %.1f\n",
		csat.Count, 100**csat.Value, 100*csat.Interval.Low, 100*csat.Interval.High)
	// Output: 10 answers, 80 % satisfied, between 49.0 and 94.3
}
