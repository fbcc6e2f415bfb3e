package projections_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
)

// TestTheOutlookHasEveryMoveThatSilenceBrings compares the outlook, which leaves the risk out where it has no part in the
// stage, with what time makes of the customer.
func TestTheOutlookHasEveryMoveThatSilenceBrings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		levels := rapid.SampledFrom([]string{"low", "watch", "high", "critical"})
		document := strings.Replace(fmt.Sprintf(shortLives, 5, "10h", rapid.SampledFrom([]int{2, 4, 100}).Draw(rt, "loss")), "prior_weight: 1",
			fmt.Sprintf("prior_weight: 1, maturity_occasions: 2, maturity_tenure_days: 1, termination_days: 20, decline_gaps: %d, maturity_blocked_by: %s, decline_risk: %s",
				rapid.SampledFrom([]int{2, 5}).Draw(rt, "decline"), levels.Draw(rt, "blocked"), levels.Draw(rt, "decline risk")), 1)
		l := newLife(t, document)
		at := monday
		for range rapid.IntRange(1, 12).Draw(rt, "events") {
			e := rapid.SampledFrom(append(riskEvents, [2]string{"contract.signed", `{"contract_id":"c1"}`})).Draw(rt, "event")
			l.event(at, e[0], e[1])
			_, moves := l.fold.At(l.c, l.c.Now+50_000*domain.Day)
			if outlook := l.fold.Outlook(l.c); jsonOf(rt, outlook) != jsonOf(rt, moves) {
				rt.Fatalf("after %s the outlook is\n%s\nand time brings\n%s", e[0], jsonOf(rt, outlook), jsonOf(rt, moves))
			}
			at += domain.Instant(rapid.IntRange(0, 40*60).Draw(rt, "minutes")) * domain.Minute
		}
	})
}
