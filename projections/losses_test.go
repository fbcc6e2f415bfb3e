package projections_test

import (
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

func TestOfManyLossesTheLatestAreKeptAndAllAreCounted(t *testing.T) {
	t.Parallel()
	const losses, kept = 12, 8
	l := newLife(t, "")
	for i := range losses {
		at := monday + domain.Instant(i)*domain.Day
		l.event(at, "customer.lost", `{"nature":"temporary"}`)
		l.event(at+domain.Hour, "win_back.contact_made", fmt.Sprintf(`{"win_back_id":"w%d"}`, i))
		l.event(at+2*domain.Hour, "purchase.recorded", `{"amount":{"minor":100,"currency":"CNY"}}`)
	}
	var counted, cases int64
	for c, n := range l.rollups.Cells {
		switch c.Kind {
		case projections.CellLoss:
			counted += n[0]
		case projections.CellWinBack:
			cases += n[0]
		}
	}
	if list := l.c.Cases(projections.CaseLoss); len(list) != kept || counted != losses || cases != losses {
		t.Errorf("%d losses are listed, %d and %d cases counted, want %d of %d", len(list), counted, cases, kept, losses)
	}
}

func TestTheStateOfACustomerWhoIsNeverLeftInPeaceIsBounded(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	l.event(monday, "customer.lost", `{"nature":"temporary"}`)
	size := 0
	for i := range 2000 {
		l.event(monday+domain.Instant(i)*domain.Minute, "win_back.contact_made", `{}`)
		if i == 1000 {
			size = len(l.c.AppendState(nil))
		}
	}
	if grown := len(l.c.AppendState(nil)) - size; grown > 64 {
		t.Errorf("after a thousand more contacts the state is %d bytes longer", grown)
	}
	l.event(monday+2*domain.Day, "purchase.recorded", `{"amount":{"minor":100,"currency":"CNY"}}`)
	if x := l.c.Cases(projections.CaseLoss); len(x) != 1 || x[0].Ended == 0 {
		t.Errorf("the return is not taken in: %+v", x)
	}
}
