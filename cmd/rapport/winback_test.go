package main

import (
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

func cny(minor int64) []projections.CurrencyAmount {
	return []projections.CurrencyAmount{{Currency: "CNY", Minor: minor}}
}

func TestListsOfLossesArePrintedAsTablesAndAsCommaSeparatedValues(t *testing.T) {
	t.Parallel()
	list := casesDocument[projections.LossDetail]{Items: []caseRow[projections.LossDetail]{
		{
			Customer: "c-2", ID: "e-2", OrgUnit: "brand/north/d-1", Topic: "service_quality", Holder: "anna", Opened: instant(t, "2026-06-01T08:00:00Z"),
			Due: instant(t, "2026-09-04T08:00:00Z"), Status: projections.CaseOpen, Detail: projections.LossDetail{
				Worth: cny(120000), Decision: "recover", Outcome: projections.WinBackRunning,
				WinBack: &projections.WinBackView{Contacts: 2, Cost: cny(5000)},
			},
		},
		{
			Customer: "c-1", ID: "e-1", Opened: instant(t, "2026-02-01T08:00:00Z"), Ended: instant(t, "2026-03-01T08:00:00Z"), Status: projections.CaseEnded,
			Detail: projections.LossDetail{Inferred: true, Worth: append(cny(100), projections.CurrencyAmount{Currency: "EUR", Minor: 5}), Outcome: projections.WinBackNone},
		},
	}}
	prints(t, "winback", list, "winback")
	prints(t, "winback_csv", list, "winback", "--csv")
	proposed := projections.WinBackProposals{Total: 1, Items: []projections.WinBackProposal{{
		Customer: "c-2", LossID: "e-2", OrgUnit: "brand/north/d-1", AgeDays: 29, Band: 4,
		Detail: projections.LossDetail{Cause: "competitor", Worth: cny(400000), Product: "saloon", Outcome: projections.WinBackNone},
	}}}
	prints(t, "winback_proposed", proposed, "winback", "proposed")
	prints(t, "winback_mass", casesDocument[projections.MassLossDetail]{Items: []caseRow[projections.MassLossDetail]{{
		Customer: "org:brand/north", ID: "m-1", OrgUnit: "brand/north", Opened: instant(t, "2026-06-20T08:00:00Z"),
		Detail: projections.MassLossDetail{Month: "2026-06", Cause: "product_quality", Product: "saloon", Losses: 5},
	}}}, "winback", "mass")
}

func TestReportsOnLossesArePrintedAsTables(t *testing.T) {
	t.Parallel()
	figures := projections.WinBackFigures{
		Cases: 9, Running: 1, Succeeded: 3, Failed: 4, Moot: 1, Contacted: 8, Offers: 6, Accepted: 3, Success: sharing(3, 7),
		Delay: projections.DurationFigure{Count: 8, Median: new(float64(7200))},
		Money: []projections.WinBackMoney{{
			Currency: "CNY", Cost: 50000, Revenue: 250000, Benefit: 75000, BenefitToCost: new(1.5), CostPerSuccess: new(16666.6),
		}},
	}
	group := func(name string) []projections.WinBackGroup {
		return []projections.WinBackGroup{{Name: name, WinBackFigures: figures}, {Name: "", WinBackFigures: projections.WinBackFigures{Cases: 2}}}
	}
	prints(t, "winback_report", projections.WinBackReport{
		AsOf: instant(t, "2026-06-30T00:00:00Z"), WinBackFigures: figures, Causes: group("competitor"), Terms: group("voucher"), Owners: group("anna"),
		Cohorts: group("2026-05"), Delays: group("under 1 day"), Steps: group("contacted"), OrgUnits: group("brand/north"), Margin: 0.3,
		Economy: []projections.WinBackEconomy{{
			Currency: "CNY", PerWonBack: new(16666.6), PerNew: new(float64(20000)), NewCustomers: new(int64(40)), WonBack: 3, WonBackToANew: new(0.83333),
		}},
		PolicyVersion: "p-1",
	}, "winback", "report")
	losses := projections.LossFigures{Losses: 12, Inferred: 4, Returned: 3, Recover: 5, LetGo: 2, Undecided: 4}
	groups := []projections.LossGroup{{Name: "competitor", LossFigures: losses}}
	prints(t, "winback_losses", projections.LossReport{
		AsOf: instant(t, "2026-06-30T00:00:00Z"), LossFigures: losses, ReturnedShare: sharing(3, 12), Causes: groups, Sides: groups, Natures: groups,
		Products: groups, Competitors: groups, OrgUnits: groups,
		Months: []projections.LossMonth{{Month: 2026*12 + 4, Losses: 12, Reported: 8, Inferred: 4, Active: new(int64(300)), Rate: new(0.04)}},
		Matrix: []projections.LossMatrixRow{{Cause: "competitor", Side: string(domain.SideCustomer), Currency: "CNY", Bands: []projections.LossMatrixCell{
			{Losses: 7, Worth: 7000}, {From: new(int64(10000)), Losses: 5, Worth: 90000},
		}}},
		Ages:          []projections.LossAge{{UnderDays: new(int64(7)), Losses: 1, Worth: cny(700)}, {Losses: 3, Worth: cny(4000)}},
		LeftAlone:     []projections.LossCount{{Name: "let_go", Losses: 2}},
		PolicyVersion: "p-1",
	}, "winback", "losses")
}
