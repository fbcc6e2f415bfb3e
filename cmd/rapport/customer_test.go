package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// exampleCustomer is a customer with something in every part.
func exampleCustomer(t *testing.T) *projections.CustomerView {
	t.Helper()
	at := func(s string) domain.Instant { return instant(t, s) }
	gap, silence := int64(31), 28.75
	return &projections.CustomerView{
		ID: "c-1", Version: 14, AsOf: at("2026-06-30T00:00:00Z"), Position: eventstore.Position{Partition: 3, Offset: 1204},
		Positions: eventstore.Positions{1, 2, 3, 1205},
		Lifecycle: projections.LifecycleView{
			Stage: domain.StageGrowth, Since: at("2026-06-01T06:00:00Z"), StartedAt: at("2024-01-05T01:02:03.000004Z"),
			Reason: projections.ReasonPurchase, WonBack: true, Evidence: []string{"ev-12", "ev-13"}, Path: "cared_for",
			RelationshipLevel: 3,
			Override: &projections.Override{
				Stage: domain.StageGrowth, Until: at("2026-12-31T00:00:00Z"), Reason: "key account", Event: "ev-14",
			},
			Moves: []projections.Move{
				{Seq: 1, At: at("2024-01-05T01:02:03.000004Z"), To: domain.StageProspect, Reason: projections.ReasonStarted, Evidence: []string{"ev-1"}, Policy: "default-1"},
				{Seq: 2, At: at("2024-02-01T00:00:00Z"), From: domain.StageProspect, To: domain.StageGrowth, Reason: projections.ReasonFirstPurchase, Dwell: int64(27 * domain.Day), Evidence: []string{"ev-2"}, Policy: "default-1"},
				{Seq: 3, At: at("2025-06-01T00:00:00Z"), From: domain.StageGrowth, To: domain.StageTermination, Reason: projections.ReasonSilence, Inferred: true, Evidence: []string{"ev-2"}, Policy: "default-1"},
				{Seq: 4, At: at("2026-06-01T06:00:00Z"), From: domain.StageTermination, To: domain.StageGrowth, Reason: projections.ReasonPurchase, WonBack: true, Evidence: []string{"ev-12", "ev-13"}, Policy: "default-1"},
			},
			Outlook: []projections.Move{
				{Seq: 5, At: at("2026-10-01T00:00:00.000001Z"), From: domain.StageGrowth, To: domain.StageDecline, Reason: projections.ReasonSilence, Evidence: []string{"ev-13"}, Policy: "default-1"},
			},
		},
		Profile: projections.ProfileView{
			PartyType: "person", Purpose: "consumer", Name: "李伟 \x1b[31m(Wei)", OrgUnit: "brand/north/d-1", Owners: []string{"e-1"},
			Attributes: []projections.AttributeView{
				{Name: "birthday", Value: json.RawMessage(`"1980-05-01"`), Knowledge: "stated", At: at("2024-01-05T00:00:00Z")},
				{Name: "household", Value: json.RawMessage(`{"size":3}`), Knowledge: "predicted", At: at("2024-01-06T00:00:00Z")},
			},
			Identifiers:      []projections.IdentifierView{{Scheme: "vin", Value: "LSV000"}},
			Consents:         []projections.ConsentView{{Purpose: "marketing", Given: false, At: at("2024-03-01T00:00:00Z")}},
			Absorbed:         []string{"c-9"},
			ErasureRequested: at("2026-06-29T00:00:00Z"),
			Ownerships: []projections.Ownership{
				{Employee: "e-7", Role: "sales", From: at("2024-01-05T00:00:00Z"), To: at("2025-12-31T00:00:00Z"), Reason: "left_company"},
				{Employee: "e-1", Role: "sales", From: at("2026-01-02T00:00:00Z")},
			},
		},
		Trade: projections.TradeView{
			Purchases: 3, Returns: 1, Quantity: 4, Occasions: 2,
			Sums:            []projections.CurrencyView{{Currency: "CNY", PurchasedMinor: 19800050, ReturnedMinor: 50}, {Currency: "JPY", PurchasedMinor: 0, ReturnedMinor: 98000}},
			FirstPurchaseAt: at("2024-02-01T00:00:00Z"), LastPurchaseAt: at("2026-06-01T06:00:00Z"),
			UsualGapDays: 50.333, LastGapDays: &gap, SilenceDays: &silence, Contracts: 1, Subscriptions: []string{"s-1", "s-2"},
			Renewals: 1, Referrals: 2, Costs: []projections.CostView{{Kind: "win_back", Currency: "CNY", Minor: 12345}},
		},
		Contacts: projections.ContactsView{
			Inbound: 2, Outbound: 5, Attempts: 1, LastInboundAt: at("2026-06-10T00:00:00Z"), LastOutboundAt: at("2026-06-11T00:00:00Z"),
			Last: &projections.Contact{
				At: at("2026-06-11T00:00:00Z"), Direction: "out", Channel: "phone", Employee: "e-1", Category: "follow_up",
				Content: "all well\nwill call again", Event: "ev-14",
			},
			Lease:        &projections.Lease{Employee: "e-2", Until: at("2026-06-30T01:00:00Z")},
			Gap:          &projections.ContactGap{Employee: "e-1", Until: at("2026-06-30T02:00:00Z")},
			Reachability: projections.Reachability{Reachable: new(false), FailedAttempts: 3}, Collisions: 2,
		},
		Deadlines: []projections.DeadlineView{
			{Kind: "complaint", ID: "k-1", StartedAt: at("2026-06-12T00:00:00Z"), DueAt: at("2026-06-12T04:00:00Z"), Employee: "e-1", Status: projections.CaseOverdue},
		},
		Losses: []projections.LossView{{
			ID: "e-7", LostAt: instant(t, "2026-03-01T08:00:00Z"), ReturnedAt: instant(t, "2026-04-01T08:00:00Z"), Since: cny(70000),
			LossDetail: projections.LossDetail{Cause: "competitor", Worth: cny(120000), Decision: "recover", Outcome: projections.WinBackSucceeded},
		}},
		Complaints: []projections.ComplaintView{{
			ID: "k-1", Holder: "e-1", OpenedAt: at("2026-06-12T00:00:00Z"), Status: projections.CaseOverdue,
			Detail: projections.ComplaintDetail{
				Status: projections.StepHandedOver, ComplaintFiling: projections.ComplaintFiling{Subject: "price"}, Valid: new(true), Reopened: 1,
			},
		}},
		Satisfaction: []projections.SurveyView{
			{Questionnaire: "nps", Source: "external", Mode: "cati", At: at("2026-05-01T00:00:00Z"), Answers: []projections.ItemAnswer{{Item: "NPS", Score: new(4)}}, Low: []string{"NPS"}},
			{Questionnaire: "service", Source: "internal", Mode: "phone", At: at("2026-06-02T00:00:00Z"), Index: new(7.25), Change: new(-1.5), Low: []string{"V05", "V17"}},
		},
		Matters:      []projections.Matter{{Kind: projections.MatterComplaint, ID: "k-1", Opened: at("2026-06-12T00:00:00Z"), Event: "ev-10"}},
		FirstEventAt: at("2024-01-05T01:02:03.000004Z"), LastEventAt: at("2026-06-12T00:00:00Z"), LateEvents: 1, PolicyVersion: "default-1",
	}
}

func TestCustomerShowsEverythingKnownOfOne(t *testing.T) {
	t.Parallel()
	server := answer(t, exampleCustomer(t))
	got := execute(t, "customer", "c-1", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "customer", got.stdout)
}

func TestCustomerLeavesOutWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	at := instant(t, "2026-06-12T00:00:00Z")
	server := answer(t, &projections.CustomerView{
		ID: "c-2", Version: 1, AsOf: at, FirstEventAt: at, LastEventAt: at, PolicyVersion: "default-1",
		Lifecycle: projections.LifecycleView{
			Stage: domain.StageProspect, Since: at, StartedAt: at, Reason: projections.ReasonStarted, Evidence: []string{"ev-1"},
			Path: "stranger", RelationshipLevel: 1,
		},
		Trade: projections.TradeView{UsualGapDays: 60},
	})
	got := execute(t, "customer", "c-2", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "customer_new", got.stdout)
}

func TestACustomerOfThisProgramPrintsAsThatOfAServer(t *testing.T) {
	t.Parallel()
	for _, asJSON := range []bool{true, false} {
		args := []string{"customer", "c-1", "--url", answer(t, exampleCustomer(t)).url}
		if asJSON {
			args = append(args, "--json")
		}
		want := execute(t, args...).stdout
		var stdout bytes.Buffer
		a := &app{Stdout: &stdout, JSON: asJSON}
		if err := a.printCustomer(exampleCustomer(t)); err != nil {
			t.Fatal(err)
		}
		if stdout.String() != want {
			t.Errorf("with JSON %t it prints\n%s\nthat of a server\n%s", asJSON, stdout.String(), want)
		}
	}
}
