package projections_test

import (
	"math"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

func TestTheViewOfTheRiskSaysWhatWouldChangeIt(t *testing.T) {
	t.Parallel()
	l := lived(t, "", 110, bought(0), happening{0, "price.objected", `{}`}, happening{0, "praise.received", `{}`}, bought(30))
	at := dayOf(110)
	v := l.fold.RiskView(l.c, at)
	sum := 0.0
	for _, p := range v.Contributions {
		sum += p.Points
		if want := *v.Score - p.Points; math.Abs(p.Without-want) > 1e-9 {
			t.Errorf("without %s the score is %v, want %v", p.Factor, p.Without, want)
		}
	}
	if math.Abs(sum-*v.Score) > 1e-9 || *v.Score < 10 {
		t.Errorf("the parts sum to %v, the score is %v", sum, *v.Score)
	}
	before := l.c.AppendState(nil)
	l.event(at, "purchase.recorded", `{"amount":{"minor":100,"currency":"CNY"}}`)
	if score, _ := l.fold.Score(l.c, at); score != domain.PointsOf(*v.AfterPurchase) {
		t.Errorf("after a purchase the score is %v, the view said %v", score.Float(), *v.AfterPurchase)
	}
	if err := l.c.LoadState(before); err != nil {
		t.Fatal(err)
	}
	l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, v.Next.At-1, out) })
	if l.c.Lifecycle.Risk != v.Level {
		t.Errorf("the level is %s before %s", l.c.Lifecycle.Risk, v.Next.At)
	}
	l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, v.Next.At, out) })
	if l.c.Lifecycle.Risk != v.Next.Level || v.Next.Level == v.Level {
		t.Errorf("the level is %s at %s, the view said %s", l.c.Lifecycle.Risk, v.Next.At, v.Next.Level)
	}
}

func TestWithoutTheLimitedPartTheScoreIsLimitedAnew(t *testing.T) {
	t.Parallel()
	l := lived(t, "", 300, bought(0), filed(0), happening{299, "competitor.purchased", `{}`})
	for _, p := range l.fold.RiskView(l.c, dayOf(200)).Contributions {
		switch p.Factor {
		case projections.FactorLimit:
			if p.Points >= 0 || p.Without != 100 {
				t.Errorf("the limit takes %v and leaves %v", p.Points, p.Without)
			}
		case domain.MeasureSilence:
			if p.Without >= 100 {
				t.Errorf("without silence the score is %v", p.Without)
			}
		}
	}
}

func TestThereIsNoScoreForWhoeverIsLostAndNoRiskWithoutARelationship(t *testing.T) {
	t.Parallel()
	prospect := lived(t, "", 1, happening{0, "inquiry.received", `{"inquiry_id":"I"}`}, happening{0, "price.objected", `{}`})
	if v := prospect.fold.RiskView(prospect.c, dayOf(1)); v != nil {
		t.Errorf("a prospect has the risk %+v", v)
	}
	lost := lived(t, "", 1, bought(0), happening{1, "customer.lost", `{"nature":"permanent"}`})
	if v := lost.fold.RiskView(lost.c, dayOf(1)); v == nil || v.Score != nil || v.Level != domain.RiskLow {
		t.Errorf("a lost customer has the risk %+v", v)
	}
}
