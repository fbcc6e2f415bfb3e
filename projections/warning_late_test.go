package projections_test

import (
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// TestAPurchaseOfLongAgoThatIsRecordedLateIsNoAnswerToAWarning compares it with a purchase of today: both make the score low,
// and only the second ends the warning at once.
func TestAPurchaseOfLongAgoThatIsRecordedLateIsNoAnswerToAWarning(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		at         domain.Instant
		open, then int
	}{
		"long ago": {-300 * domain.Day, 1, 0},
		"today":    {125 * domain.Day, 0, 0},
	} {
		l := newLife(t, "")
		l.event(monday, "purchase.recorded", smallPurchase)
		l.silence(monday + 125*domain.Day)
		if n := l.openWarnings(); n != 1 {
			t.Fatalf("%d warnings are open", n)
		}
		l.event(monday+x.at, "purchase.recorded", smallPurchase)
		if n := l.openWarnings(); n != x.open {
			t.Errorf("%s: %d warnings are open, want %d", name, n, x.open)
		}
		l.silence(monday + 127*domain.Day)
		if n := l.openWarnings(); n != x.then {
			t.Errorf("%s: after the dwell time %d warnings are open, want %d", name, n, x.then)
		}
	}
}

func (l *life) silence(until domain.Instant) {
	l.t.Helper()
	l.work("silence", func(out *projections.Effects) { l.fold.Advance(l.c, until, out) })
}

func (l *life) openWarnings() (n int) {
	for _, w := range l.c.Cases(projections.CaseWarning) {
		if w.Ended == 0 {
			n++
		}
	}
	return n
}
