package engine_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/engine"
)

func TestOnHolidaysOfThePolicyDeliveriesWaitUntilTheQuietHoursEndOrAreLifted(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	// Enough for a test that runs over midnight. The days after are working days whatever the weekday.
	today := domain.DateOf(domain.InstantOf(time.Now()), zone)
	policy, err := domain.ParsePolicy(fmt.Appendf(nil, "version: holiday-1\ntime_zone: Asia/Shanghai\ncalendar:\n  days: [mon, tue, wed, thu, fri, sat, sun]\n  holidays: [%s, %s]\n", today, today+1))
	if err != nil {
		t.Fatal(err)
	}
	taken := new(seen)
	s := serveHTTP(t, engine.Config{Log: engine.LogConfig{NoSync: true, Data: t.TempDir()}, Policy: policy, Webhooks: impatient()})
	id, _ := s.subscribe(taken.receiver(t).URL)
	path, patch := "/v1/webhooks/"+id, "application/merge-patch+json"
	s.ask(http.StatusOK, "PATCH", path, patch, `{"quiet_hours":{"non_working":true}}`)

	s.purchase("c-1", time.Now())
	opens := (today + 2).Start(zone).Time()
	var got []delivery
	until(t, "the delivery", func() bool { got = s.deliveries(id); return len(got) == 1 })
	if got[0].HeldUntil == nil || !got[0].HeldUntil.Equal(opens) || got[0].Attempts > 0 {
		t.Errorf("the delivery is %+v, want it held until %s", got[0], opens)
	}
	want := `rapport_webhook_endpoint{state="quiet",webhook="` + id + `"} 1`
	if metrics := string(s.ask(http.StatusOK, "GET", "/metrics", "", "")); !strings.Contains(metrics, want) {
		t.Errorf("the metrics lack %s", want)
	}

	s.ask(http.StatusOK, "PATCH", path, patch, `{"quiet_hours":null}`)
	until(t, "the delivery after the quiet hours", func() bool { got = s.deliveries(id); return got[0].Status == "delivered" })
	if got[0].HeldUntil != nil || got[0].Attempts != 1 {
		t.Errorf("the delivery is %+v, want one request", got[0])
	}
}
