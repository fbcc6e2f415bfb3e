package statistics_test

import (
	"testing"

	"github.com/rapport-crm/rapport/domain/statistics"
)

// 13,954 answers of customers of a chain of garden centres (BenaventC/NPSgame, CC0).
func TestTheGardenCentresHaveTheirPublishedFigures(t *testing.T) {
	t.Parallel()
	rows := botanic(t)
	nps, satisfaction, intention := column(t, rows, "nps"), column(t, rows, "satisfaction"), column(t, rows, "intention")
	ten := newScale(t, 0, 10)
	recommend, satisfied := statistics.NewDistribution(ten), statistics.NewDistribution(ten)
	withSatisfaction, withIntention := statistics.NewPairs(ten, ten), statistics.NewPairs(ten, ten)
	for i, score := range nps {
		// A missing answer is −1, which is not on the scale.
		_ = recommend.Add(score, 1)
		_ = satisfied.Add(satisfaction[i], 1)
		_ = withSatisfaction.Add(score, satisfaction[i], 1)
		_ = withIntention.Add(score, intention[i], 1)
	}

	p, ok := recommend.Promotion()
	if want := (statistics.Promotion{Promoters: 8465, Passives: 3953, Detractors: 1194}); !ok || p != want || p.Count() != 13612 {
		t.Errorf("%d answers: %+v, want 13612: %+v", p.Count(), p, want)
	}
	score, _ := p.Score()
	se, _ := p.StandardError()
	if !near(score, 53.416, 3) || !near(se, 0.558, 3) {
		t.Errorf("net promoter score %v with standard error %v, want 53.416 and 0.558", score, se)
	}
	centre, interval, _ := p.Interval(0.95)
	if !near(centre, 53.404, 3) || !near(interval.Low, 52.310, 3) || !near(interval.High, 54.499, 3) {
		t.Errorf("adjusted Wald interval %v %v, want 53.404 [52.310, 54.499]", centre, interval)
	}
	mean, _ := satisfied.Moments().Mean()
	share, _ := satisfied.AtLeast(8).Value()
	if !near(mean, 8.3494, 4) || !near(share, 0.7779, 4) {
		t.Errorf("mean satisfaction %v and share of 8 or more %v, want 8.3494 and 0.7779", mean, share)
	}
	a, _ := withSatisfaction.Spearman()
	b, _ := withIntention.Spearman()
	if !near(a, 0.661, 3) || !near(b, 0.759, 3) {
		t.Errorf("rank correlations %v and %v, want 0.661 and 0.759", a, b)
	}
}
