package main

import (
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/valuation"
	"github.com/rapport-crm/rapport/projections"
)

func exampleValueLine(customer string, minor int64) projections.ValueLine {
	return projections.ValueLine{
		Customer: customer, OrgUnit: "brand/north", Stage: domain.StageDecline, Currency: "CNY", ValueMinor: minor, Share: new(0.625),
		Cumulative: new(0.625), Class: "A", ProfitMinor: minor / 2, RFM: "154", IntervalRFM: "354", RecencyDays: 300.5,
		Scores: valuation.Scores{Recency: 1, Interval: 3, Frequency: 5, Amount: 4}, LastYear: projections.YearView{Occasions: 7}, KeyAccount: true,
		Lifetime: []projections.LifetimeMethod{
			{Method: projections.LifetimeMigration, Reason: "no model of migration is in force"},
			{Method: projections.LifetimeEvents, NarrowMinor: new(int64(120000)), BroadMinor: new(int64(500000))},
			{Method: projections.LifetimeModel, NarrowMinor: new(int64(-5)), BroadMinor: new(int64(4))},
		},
	}
}

func exampleValue(t *testing.T) *projections.ValueReport {
	t.Helper()
	return &projections.ValueReport{
		AsOf: instant(t, "2026-06-30T00:00:00Z"), PolicyVersion: "default-1", Measure: domain.MeasureRevenue, Customers: 12, Buyers: 9, Loyal: 4,
		Referrals: projections.ReferralCount{Referrals: 3, Referrers: 2, Rate: new(2.0 / 9), Named: 2, LargestTree: 2},
		Currencies: []projections.CurrencyValue{{
			Currency: "CNY", Buyers: 9, PurchasedMinor: 1_000_000, ReturnedMinor: 200_000, RevenueMinor: 800_000, CostMinor: 100_000, ProfitMinor: 700_000,
			Ranked: 8, TotalMinor: 800_000, Gini: new(0.7151), Herfindahl: new(0.4),
			Classes: []projections.ValueClassRow{
				{Class: "A", Share: 0.8, Customers: 1, CustomersShare: new(0.125), ValueMinor: 640_000, ValueShare: new(0.8), LeastMinor: new(int64(640_000)), InForce: 2},
				{Class: "B", Share: 1, Customers: 7, CustomersShare: new(0.875), ValueMinor: 160_000, ValueShare: new(0.2), LeastMinor: new(int64(1)), InForce: 7},
			},
			Top:         []projections.TopShare{{Customers: 0.2, Share: new(0.8)}, {Customers: 0.01, Share: new(0.8)}},
			KeyAccounts: projections.KeyAccountShare{Candidates: 1, ValueMinor: 640_000, Share: new(0.8)},
			Migration: projections.MigrationReport{PeriodDays: 90, States: []projections.MigrationState{
				{State: 1, Trial: customerbase.Trial{Customers: 20, Buyers: 6}, Chance: new(0.3), ValueMinor: new(5232.0)},
				{State: 2, Trial: customerbase.Trial{Customers: 10}, Chance: new(0.0), ValueMinor: new(-182.4), Stop: true},
			}},
		}},
		RFM: []projections.RFMCount{
			{Reading: "recency", First: 5, Frequency: 1, Amount: 2, Customers: 3}, {Reading: "recency", First: 5, Frequency: 1, Amount: 3, Customers: 2},
			{Reading: "interval", First: 1, Frequency: 4, Amount: 1, Customers: 4},
		},
		Compared: []projections.ValueComparison{{Group: "valuable_but_falling", Currency: "CNY", Customers: 1, Examples: []projections.ValueLine{exampleValueLine("c-1", 640_000)}}},
		Changes:  []projections.ClassChange{{To: "B", Count: 9}, {From: "B", To: "A", Count: 2}},
	}
}

func TestValueIsPrinted(t *testing.T) {
	t.Parallel()
	prints(t, "value", exampleValue(t), "value")
	prints(t, "value_csv", exampleValue(t), "value", "--csv")
	prints(t, "value_empty", &projections.ValueReport{AsOf: instant(t, "2026-06-30T00:00:00Z")}, "value")
	prints(t, "value_customers", &projections.ValuePage{Items: []projections.ValueLine{exampleValueLine("c-1", 640_000), exampleValueLine("c-2", 300)}}, "value", "customers")
	prints(t, "value_forecasts", casesDocument[projections.ForecastDetail]{Items: []caseRow[projections.ForecastDetail]{{
		Customer: "c-1", ID: "F-1", Topic: "purchase", Holder: "li", Status: projections.CaseEnded, Detail: projections.ForecastDetail{
			ExpectedAt: instant(t, "2026-02-05T00:00:00Z"), Revenue: &domain.Money{Minor: 12000, Currency: "CNY"}, ActualEvent: "p-1",
			ActualAt: instant(t, "2026-02-10T00:00:00Z"), ActualRevenue: &domain.Money{Minor: 9000, Currency: "CNY"},
		},
	}}}, "value", "forecasts")
	prints(t, "value_forecasters", &projections.ForecasterReport{Forecasters: []projections.ForecasterRow{{
		Forecaster: "li", Kind: "purchase", Currency: "CNY", Forecasts: 3, Open: 1, Fulfilled: 1, Missed: 1, HitRate: new(0.5),
		Revenue:      projections.ForecastError{ForecastMinor: 1500, ActualMinor: 800, BiasMinor: new(-350.0), MAEMinor: new(350.0), WAPE: new(0.875)},
		MeanDaysLate: new(1.0), MeanDaysOff: new(1.0),
	}}}, "value", "forecasters")
}
