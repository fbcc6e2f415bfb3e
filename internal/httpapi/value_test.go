package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/projections"
)

// valueAgreesWithItsList adds up the list of customers by value and compares it with the report.
func valueAgreesWithItsList(s *server) {
	for _, query := range []string{"", "?org_unit=calder/south", "?measure=profit"} {
		var report projections.ValueReport
		s.get("/v1/value" + query).into(&report)
		want := make(map[string]int64)
		for _, currency := range report.Currencies {
			for _, class := range currency.Classes {
				want[currency.Currency+" "+class.Class] = class.Customers
			}
		}
		got := make(map[string]int64)
		var total, next int64
		cursor := ""
		for page := true; page; page = cursor != "" {
			var list projections.ValuePage
			path := withParameter("/v1/value/customers"+query, "limit", "100")
			if cursor != "" {
				path = withParameter(path, "cursor", cursor)
			}
			s.get(path).into(&list)
			for _, line := range list.Items {
				if next > 0 && line.ValueMinor > next {
					s.t.Errorf("%q: %d comes after %d", query, line.ValueMinor, next)
				}
				if next = line.ValueMinor; line.ValueMinor > 0 {
					total += line.ValueMinor
					got[line.Currency+" "+line.Class]++
				}
			}
			cursor = list.Next
		}
		for class, n := range want {
			if got[class] != n {
				s.t.Errorf("%q: class %s holds %d customers in the report and %d in the list", query, class, n, got[class])
			}
		}
		if len(report.Currencies) != 1 || report.Currencies[0].TotalMinor != total || total == 0 {
			s.t.Errorf("%q: the list adds up to %d, the report says %+v", query, total, report.Currencies)
		}
	}
}

func TestForecastsAreListedAndJudged(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var events []string
	happen := func(id, typ, at, data string) {
		events = append(events, fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"test","type":%q,"subject":"c1","time":%q,"data":%s}`, id, typ, at, data))
	}
	const made = "2025-01-01T00:00:00Z"
	happen("f1", "customer_event.forecast", made, `{"forecast_id":"F1","kind":"purchase","forecaster":"li","expected_at":"2025-01-10T00:00:00Z","revenue":{"minor":1000,"currency":"CNY"}}`)
	happen("f2", "customer_event.forecast", made, `{"forecast_id":"F2","kind":"purchase","forecaster":"li","expected_at":"2025-02-20T00:00:00Z","revenue":{"minor":500,"currency":"CNY"}}`)
	happen("f3", "customer_event.forecast", made, `{"forecast_id":"F3","kind":"purchase","forecaster":"li","expected_at":"2026-06-01T00:00:00Z"}`)
	happen("p1", "purchase.recorded", "2025-01-11T00:00:00Z", `{"amount":{"minor":800,"currency":"CNY"}}`)
	happen("n1", "note.added", "2025-05-01T00:00:00Z", `{}`)
	position := s.post(batch, "["+strings.Join(events, ",")+"]").wants(http.StatusOK).header.Get("Rapport-Position")
	var list struct {
		Items []struct {
			ID     string
			Status projections.CaseStatus
			Detail projections.ForecastDetail
		}
	}
	s.get("/v1/value/forecasts?sort=due_at&after=" + position).wants(http.StatusOK).into(&list)
	if len(list.Items) != 3 || list.Items[0].Detail.ActualEvent != "p1" || list.Items[1].Status != projections.CaseOverdue {
		t.Errorf("the forecasts are %+v", list.Items)
	}
	var report projections.ForecasterReport
	s.get("/v1/value/forecasters").wants(http.StatusOK).into(&report)
	if len(report.Forecasters) != 2 {
		t.Fatalf("the report is %+v", report)
	}
	row := report.Forecasters[1]
	if row.Currency != "CNY" || row.Fulfilled != 1 || row.Missed != 1 || *row.Revenue.BiasMinor != -350 || *row.Revenue.MAEMinor != 350 || *row.Revenue.WAPE != 0.875 {
		t.Errorf("the forecasts are judged as %+v", row)
	}
}
