package projections_test

import (
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// breaking returns a fold that panics on the events whose ids are in the set.
func breaking(bad map[string]bool) *projections.Fold {
	fold := projections.NewFold(domain.DefaultPolicy())
	fold.Before = func(_ *projections.Customer, e *projections.Entry) {
		if bad[e.Event.ID] {
			panic("no rule for " + e.Event.ID)
		}
	}
	return fold
}

// unbroken folds the records of a book with a fold that never panics.
func (b *book) unbroken() *book {
	b.t.Helper()
	whole := newBook(b.t, projections.NewFold(domain.DefaultPolicy()))
	whole.records = b.records
	whole.catchUp()
	return whole
}

func TestARedriveThatPanicsAgainKeepsWhatItFoldedBefore(t *testing.T) {
	t.Parallel()
	bad := map[string]bool{"bad": true, "worse": true}
	b := newBook(t, breaking(bad))
	b.purchase("c", "p1", day(0))
	b.purchase("c", "bad", day(1))
	b.purchase("c", "p2", day(2))
	b.purchase("c", "worse", day(3))
	b.purchase("c", "p3", day(4))
	b.catchUp()
	bad["bad"] = false
	b.control("stream.redriven", day(5), `{"stream":"c"}`)
	b.catchUp()
	if parked := b.parked(); len(parked) != 1 || parked[0].Offset != 3 || parked[0].Queue != 2 || parked[0].At != day(3) {
		t.Fatalf("parked %+v", parked)
	}
	if v := b.customer("c"); v.Trade.Purchases != 3 || !v.Parked {
		t.Errorf("%d purchases, parked %t", v.Trade.Purchases, v.Parked)
	}
	bad["worse"] = false
	b.control("stream.redriven", day(6), `{"stream":"c"}`)
	b.catchUp()
	if got, want := summary(t, b.store).Digest, summary(t, b.unbroken().store).Digest; got != want || len(b.parked()) != 0 {
		t.Errorf("the digest is %s, that of a whole fold %s; parked %+v", got, want, b.parked())
	}
}

func TestPoliciesThatPassedAParkedCustomerByTakeEffectInTheirPlacesAmongTheRecords(t *testing.T) {
	t.Parallel()
	for _, waiting := range []int{1, 4999, 5000, 5001} {
		t.Run(fmt.Sprint(waiting), func(t *testing.T) {
			t.Parallel()
			bad := map[string]bool{"bad": true}
			b := newBook(t, breaking(bad))
			b.purchase("c", "p1", day(0))
			b.publish(day(0), "version: early\nlifecycle: {decline_gaps: 3}\n")
			b.purchase("c", "bad", day(1))
			for i := range waiting - 1 {
				b.write("c", "note.added", fmt.Sprint("n", i), day(2), `{}`)
			}
			b.publish(day(70), strict)
			b.publish(day(70), "version: last\n")
			b.purchase("c", "p2", day(71))
			b.catchUp()
			bad["bad"] = false
			b.control("stream.redriven", day(72), `{"stream":"c"}`)
			b.catchUp()
			if v := b.customer("c"); len(v.Lifecycle.Moves) != 4 || v.Lifecycle.Moves[2].At != day(70) || v.Lifecycle.Moves[2].Policy != "strict" {
				t.Errorf("the moves are %+v", v.Lifecycle.Moves)
			}
			if got, want := summary(t, b.store).Digest, summary(t, b.unbroken().store).Digest; got != want {
				t.Errorf("the digest is %s, that of a whole fold %s", got, want)
			}
		})
	}
}

func TestACustomerParkedByAPolicyIsLookedAtUnderItOnceTheFoldIsFixed(t *testing.T) {
	t.Parallel()
	fold := projections.NewFold(domain.DefaultPolicy())
	b := newBook(t, fold)
	b.trusted = true
	b.claim()
	b.purchase("c", "p1", day(0))
	b.catchUp()
	good := *fold
	*fold = projections.Fold{} // without a policy every timer panics
	b.publish(day(130), strict)
	b.catchUp()
	if parked := b.parked(); len(parked) != 1 || parked[0].Offset != 1 || parked[0].Queue != 0 {
		t.Fatalf("parked %+v", parked)
	}
	*fold = good
	b.control("stream.redriven", day(131), `{"stream":"c"}`)
	b.catchUp()
	if got, want := summary(t, b.store).Digest, summary(t, b.unbroken().store).Digest; got != want || len(b.parked()) != 0 {
		t.Errorf("the digest is %s, that of a whole fold %s; parked %+v", got, want, b.parked())
	}
}
