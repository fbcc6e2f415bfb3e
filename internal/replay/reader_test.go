package replay_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// setup returns a log of n events of customer c, one a day, every seventh a purchase, and the views of it.
func setup(t *testing.T, n int) (*eventstore.Log, *memview.Store, *projections.Fold) {
	t.Helper()
	log := logtest.Embedded(t, 2)
	records := make([]eventstore.Record, n)
	for i := range records {
		ev := domain.Event{
			ID: fmt.Sprint("e", i+1), Source: "test", Type: "note.added", Subject: "c", Data: []byte("{}"),
			Time: domain.InstantOf(domain.Date(18_000 + i).Time()), ExpectedVersion: domain.NoExpectation,
		}
		if i%7 == 0 {
			ev.Type, ev.Data = "purchase.recorded", []byte(`{"amount":{"minor":1,"currency":"CNY"}}`)
		}
		records[i] = eventstore.Record{Key: []byte("c"), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
	}
	if _, err := log.Append(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	fold := projections.NewFold(domain.DefaultPolicy())
	store := memview.New(fold, 2)
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := projections.NewRunner(log, store, fold, projections.RunnerOptions{}).RunUntil(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	return log, store, fold
}

// versions pages through a timeline and returns the versions in the order shown.
func versions(t *testing.T, r *replay.Reader, req replay.TimelineRequest) []int64 {
	t.Helper()
	var all []int64
	for {
		page, err := r.Timeline(t.Context(), "c", req)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) > req.Limit {
			t.Fatalf("%d items on a page of %d", len(page.Items), req.Limit)
		}
		for _, item := range page.Items {
			if item.ID != fmt.Sprint("e", item.Version) {
				t.Errorf("version %d is event %s", item.Version, item.ID)
			}
			all = append(all, item.Version)
		}
		if page.Next == "" {
			return all
		}
		req.Cursor = page.Next
	}
}

func TestTheTimelineShowsEveryEventOnceInItsOrder(t *testing.T) {
	t.Parallel()
	const n = 1200
	log, store, fold := setup(t, n)
	r := replay.NewReader(log, store, func() *projections.Fold { return fold })
	for _, c := range []struct {
		types []string
		step  int
	}{{nil, 1}, {[]string{"purchase.recorded"}, 7}, {[]string{"order.placed"}, n + 1}} {
		var want []int64
		for v := 1; v <= n; v += c.step {
			if c.step <= n {
				want = append(want, int64(v))
			}
		}
		for _, limit := range []int{1, 49, 500} {
			if limit == 1 && c.step == 1 {
				continue
			}
			req := replay.TimelineRequest{Limit: limit, Types: c.types, Ascending: true}
			if got := versions(t, r, req); !slices.Equal(got, want) {
				t.Errorf("types %v, pages of %d: %d events, want %d", c.types, limit, len(got), len(want))
			}
			req.Ascending = false
			got := versions(t, r, req)
			slices.Reverse(got)
			if !slices.Equal(got, want) {
				t.Errorf("types %v, pages of %d from the end: %d events, want %d", c.types, limit, len(got), len(want))
			}
		}
	}
}

func TestACustomerAsOfIsTheSameByPostingListAndByReplay(t *testing.T) {
	t.Parallel()
	log, store, fold := setup(t, 300)
	r := replay.NewReader(log, store, func() *projections.Fold { return fold })
	for _, day := range []int{0, 1, 6, 7, 100, 299, 2000} {
		bound := projections.Bound{At: domain.InstantOf(domain.Date(18_000 + day).Time())}
		indexed, err := r.CustomerAt(t.Context(), "c", bound)
		if err != nil {
			t.Fatal(err)
		}
		scanned, err := replay.Customer(t.Context(), log, domain.DefaultPolicy(), "c", bound)
		if err != nil {
			t.Fatal(err)
		}
		if indexed.Version != int64(min(day+1, 300)) || indexed.Position.Offset != indexed.Version-1 {
			t.Errorf("day %d: version %d at %s", day, indexed.Version, indexed.Position)
		}
		if indexed.Lifecycle.Stage != scanned.Lifecycle.Stage || indexed.Version != scanned.Version || indexed.Position != scanned.Position {
			t.Errorf("day %d: %+v by posting list, %+v by replay", day, indexed, scanned)
		}
	}
	before := projections.Bound{At: domain.InstantOf(domain.Date(17_999).Time())}
	if _, err := r.CustomerAt(t.Context(), "c", before); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("before the first event: %v", err)
	}
}
