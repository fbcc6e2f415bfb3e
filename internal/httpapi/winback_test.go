package httpapi_test

import (
	"encoding/json"

	"github.com/rapport-crm/rapport/projections"
)

// lossesAgreeWithTheirList counts from the list of losses what the reports on them say.
func lossesAgreeWithTheirList(s *server) {
	for _, query := range []string{"", "?org_unit=calder/south"} {
		var report struct{ Losses, Inferred, Returned int64 }
		s.get("/v1/winback/losses" + query).into(&report)
		var winBack struct{ Cases, Succeeded int64 }
		s.get("/v1/winback/report" + query).into(&winBack)
		var proposed struct {
			Total     int64
			Items     []struct{ Customer string }
			LeftAlone []projections.LossCount `json:"left_alone"`
		}
		s.get(withParameter("/v1/winback/proposed"+query, "limit", "500")).into(&proposed)
		open, left := int64(0), int64(0)
		want := report
		want.Losses, want.Inferred, want.Returned = 0, 0, 0
		cases := winBack
		cases.Cases, cases.Succeeded = 0, 0
		for _, c := range s.cases("/v1/winback"+query, 500) {
			var d projections.LossDetail
			if err := json.Unmarshal(c.Detail, &d); err != nil {
				s.t.Fatal(err)
			}
			want.Losses++
			if d.Inferred {
				want.Inferred++
			}
			if c.Status == projections.CaseEnded {
				want.Returned++
			} else if d.WinBack == nil || d.WinBack.ClosedAt == 0 {
				open++
			}
			if d.WinBack != nil {
				cases.Cases++
			}
			if d.Outcome == projections.WinBackSucceeded {
				cases.Succeeded++
			}
		}
		for _, c := range proposed.LeftAlone {
			left += c.Losses
		}
		if report != want || winBack != cases || report.Losses == 0 || winBack.Succeeded == 0 {
			s.t.Errorf("%q: the reports are %+v and %+v, the list says %+v and %+v", query, report, winBack, want, cases)
		}
		if proposed.Total == 0 || proposed.Total != int64(len(proposed.Items)) || proposed.Total > open || left == 0 {
			s.t.Errorf("%q: %d are proposed of %d, and %d left alone", query, proposed.Total, open, left)
		}
	}
}
