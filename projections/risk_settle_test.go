package projections_test

import (
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

func TestASettlementAtTheSameInstantCountsInAnyOrderOfRecording(t *testing.T) {
	t.Parallel()
	events := [2][2]string{{"customer.owner_released", `{"employee":"a"}`}, {"customer.owner_assigned", `{"employee":"b"}`}}
	var told [2]string
	for n, order := range [2][2]int{{0, 1}, {1, 0}} {
		l := newLife(t, "")
		l.event(monday, "purchase.recorded", smallPurchase)
		for _, i := range order {
			l.event(monday+domain.Day, events[i][0], events[i][1])
		}
		told[n] = fmt.Sprint(l.fold.ScoreAt(l.c, monday+30*domain.Day).Points)
	}
	if told[0] != told[1] {
		t.Errorf("the scores are %s and %s", told[0], told[1])
	}
}

func TestTermsThatHaveExpiredFade(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	l.event(monday, "terms.granted", fmt.Sprintf(`{"terms_id":"T","expires_at":%q}`, monday+30*domain.Day))
	points := func(day domain.Instant) (p domain.Centipoints) {
		l.event(monday+day*domain.Day, "purchase.recorded", smallPurchase)
		for _, x := range l.fold.ScoreAt(l.c, l.c.Now).Contributions {
			if x.Factor == "services" {
				p = x.Points
			}
		}
		return p
	}
	// 10 points from the time at which they are near; 120 days after their end 5 are left.
	if near, half := points(29), points(150); near != 10*domain.Point || half != 5*domain.Point {
		t.Errorf("expiring terms count %v points, 120 days after their end %v", near.Float(), half.Float())
	}
}

func TestAfterALossADismissedWarningStandsInTheWayOfNoOther(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	l.event(monday, "purchase.recorded", smallPurchase)
	worry := func(at domain.Instant) {
		for _, typ := range []string{"competitor.purchased", "need.changed", "price.objected"} {
			l.event(at, typ, `{}`)
		}
	}
	worry(monday + domain.Day)
	id := l.c.Cases(projections.CaseWarning)[0].ID
	l.event(monday+2*domain.Day, "warning.dismissed", fmt.Sprintf(`{"warning_id":%q,"reason":"x"}`, id))
	l.event(monday+3*domain.Day, "customer.lost", `{"nature":"temporary"}`)
	l.event(monday+4*domain.Day, "customer.returned", `{}`)
	worry(monday + 5*domain.Day)
	if again := l.c.Cases(projections.CaseWarning)[0]; again.ID == id || again.Ended != 0 {
		t.Errorf("the warning is %+v", again)
	}
}
