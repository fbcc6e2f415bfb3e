package replay

import (
	"errors"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/projections"
)

func TestAFoldThatPanicsEndsAReplayInPlaceAndParksTheCustomerInOneWithCopies(t *testing.T) {
	t.Parallel()
	log := logtest.Embedded(t, 1)
	ev := domain.Event{
		ID: "e1", Source: "test", Type: "note.added", Subject: "c", Data: []byte("{}"), Time: domain.InstantOf(domain.Date(18_000).Time()),
		ExpectedVersion: domain.NoExpectation,
	}
	if _, err := log.Append(t.Context(), []eventstore.Record{{Key: []byte("c"), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}}); err != nil {
		t.Fatal(err)
	}
	fold := projections.NewFold(domain.DefaultPolicy())
	fold.Before = func(*projections.Customer, *projections.Entry) { panic("the fold does not like notes") }
	ends := eventstore.Positions{1}
	if _, err := fill(t.Context(), log, fold, ends, projections.RunnerOptions{}, true); !errors.Is(err, projections.ErrTorn) {
		t.Errorf("in place it ends with %v, want ErrTorn", err)
	}
	store, err := fill(t.Context(), log, fold, ends, projections.RunnerOptions{}, false)
	if err != nil {
		t.Fatal(err)
	}
	page, err := store.Parked(t.Context(), projections.ParkedFilter{Stream: "c"})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("parked are %+v, %v", page, err)
	}
}
