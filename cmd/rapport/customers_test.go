package main

import (
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

func TestCustomersShowsALineForEachAndTheCursorApart(t *testing.T) {
	t.Parallel()
	server := answer(t, &projections.CustomerPage{
		Items: []projections.CustomerItem{
			{
				ID: "c-1", Version: 14, Name: "李伟", OrgUnit: "brand/north/d-1", Owners: []string{"e-1", "e-2"},
				Stage: domain.StageMaturity, Since: instant(t, "2026-02-03T23:30:00Z"), Purchases: 12,
				Sums:           []projections.CurrencyView{{Currency: "CNY", PurchasedMinor: 129900, ReturnedMinor: 9900}, {Currency: "JPY", PurchasedMinor: 500}},
				LastPurchaseAt: instant(t, "2026-06-01T08:00:00Z"), LastContactAt: instant(t, "2026-06-02T08:00:00Z"),
				LastEventAt: instant(t, "2026-06-02T08:00:00Z"), OpenMatters: 2,
			},
			{
				ID: "customer-without-anything", Version: 1, Owners: []string{}, Stage: domain.StageProspect,
				Since: instant(t, "2026-06-02T08:00:00Z"), Sums: []projections.CurrencyView{}, LastEventAt: instant(t, "2026-06-02T08:00:00Z"),
			},
		},
		Next: "bmV4dA", AsOf: instant(t, "2026-06-30T00:00:00Z"), Positions: eventstore.Positions{15},
	})
	got := execute(t, "customers", "--url", server.url)
	if want := "more: --cursor bmV4dA\n"; got.code != exitDone || got.stderr != want {
		t.Errorf("the run shows %+v, want %q on standard error", got, want)
	}
	golden(t, "customers", got.stdout)
}

func TestCustomersAsCommaSeparatedValuesHaveNothingInEmptyCells(t *testing.T) {
	t.Parallel()
	server := answer(t, &projections.CustomerPage{Items: []projections.CustomerItem{{
		ID: "c-1", Name: "Berger, Ada", Stage: domain.StageProspect, Since: instant(t, "2026-06-02T08:00:00Z"), Owners: []string{"e-1", "e-2"},
	}}})
	const want = "ID,NAME,STAGE,SINCE,WARNING,CLASS,PURCHASES,NET,LAST PURCHASE,LAST CONTACT,OPEN,OWNERS,ORG UNIT\n" +
		"c-1,\"Berger, Ada\",prospect,2026-06-02,,,0,,,,0,\"e-1, e-2\",\n"
	if got := execute(t, "customers", "--csv", "--url", server.url); got.stdout != want || got.stderr != "" {
		t.Errorf("the run shows %+v, want %q", got, want)
	}
}

func TestCustomersWithoutAMatchShowsTheHeaderAlone(t *testing.T) {
	t.Parallel()
	server := answer(t, &projections.CustomerPage{Items: []projections.CustomerItem{}})
	got := execute(t, "customers", "--text", "nobody", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "customers_none", got.stdout)
}
