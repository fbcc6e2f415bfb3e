package memview

import (
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/projections"
)

func TestAStreamIsFoundInThePlaceItWasGivenHoweverManyComeAfter(t *testing.T) {
	t.Parallel()
	s := newStreams()
	const n = 3000
	var places []*customer
	for i := range n {
		id := fmt.Sprintf("c-%d", i)
		if s.get(id) != nil {
			t.Fatalf("%s is there before it is added", id)
		}
		places = append(places, s.add(projections.NewCustomer(id)))
	}
	next := 0
	for c := range s.all() {
		if id := fmt.Sprintf("c-%d", next); c != places[next] || c.ID != id || s.get(id) != c {
			t.Fatalf("%s is not where it was put", id)
		}
		next++
	}
	if next != n || s.len() != n {
		t.Errorf("%d streams come out and %d are counted, %d were added", next, s.len(), n)
	}
}

func TestStreamsWithTheSameHashAreToldApartByTheirIDs(t *testing.T) {
	t.Parallel()
	s := newStreams()
	s.add(projections.NewCustomer("first"))
	second := s.add(projections.NewCustomer("second"))
	clear(s.slots)
	for place := range uint32(2) {
		s.enter(slot{hash: s.hash("second"), place: place + 1})
	}
	if s.get("second") != second {
		t.Error("a stream with the same hash is taken for it")
	}
}
