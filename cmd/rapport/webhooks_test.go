package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const (
	oneWebhook = `{"id":"w-1","url":"https://example.com/hook","types":["churn.*"],"org_unit":"north","min_level":"high","ordered":false,"max_age":"72h",
		"old_news":false,"created_at":"2026-03-01T09:30:00Z","quiet_hours":{"from":"20:00","to":"08:00","days":["mon","tue"],"non_working":true,"time_zone":"Asia/Shanghai","except":["critical"]},
		"quiet_until":"2026-03-03T00:00:00Z","state":"disabled","disabled":"gone","disabled_at":"2026-03-02T09:30:00Z","pending":3,
		"oldest_pending_at":"2026-03-01T10:00:00Z","secrets":[{"created_at":"2026-03-01T09:30:00Z"}]}`
	newWebhook  = `{"id":"w-2","url":"https://example.com/\u001b[2J","types":[],"max_age":"1h30m","old_news":true,"state":"in_use","created_at":"2026-03-01T09:30:00Z","secret":"whsec_eHg="}`
	oneDelivery = `{"id":"d-1","webhook":"w-1","event":"ev-1","type":"lifecycle.terminated","customer":"c-1","status":"dead","reason":"exhausted",
		"created_at":"2026-03-01T09:30:00Z","finished_at":"2026-03-03T09:30:00Z","attempts":9,
		"last_attempt":{"at":"2026-03-03T09:29:59Z","duration_ms":812,"status":502,"error":"answered 502","excerpt":"bad \u001b[2Jgateway"}`
)

func TestWebhooksAreShownWithHowTheyFare(t *testing.T) {
	t.Parallel()
	server := orders(t, map[string]reply{
		"GET /v1/webhooks":     {200, `{"items":[` + oneWebhook + `,` + newWebhook + `]}`},
		"GET /v1/webhooks/w-1": {200, oneWebhook},
	})
	for name, args := range map[string][]string{"webhooks": {"webhooks"}, "webhooks_show": {"webhooks", "show", "w-1"}} {
		got := execute(t, append(args, "--url", server.url)...)
		if got.code != exitDone || got.stderr != "" || strings.Contains(got.stdout, "\x1b") {
			t.Errorf("the run shows %+v", got)
		}
		golden(t, name, got.stdout)
	}
}

func TestAWebhookIsAddedAndChangedWithWhatIsGivenOnly(t *testing.T) {
	t.Parallel()
	server := orders(t, map[string]reply{
		"POST /v1/webhooks":                   {201, newWebhook},
		"PATCH /v1/webhooks/w-2":              {200, newWebhook},
		"POST /v1/webhooks/w-2/secret/rotate": {200, newWebhook},
	})
	got := execute(t, "webhooks", "add", "https://example.com", "--type", "churn.*,lifecycle.started", "--max-age", "90m", "--ordered", "--url", server.url)
	if got.code != exitDone || got.stderr != "" || strings.Contains(got.stdout, "\x1b") {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "webhooks_add", got.stdout)
	for _, args := range [][]string{
		{"edit", "w-2", "--endpoint", "https://example.org", "--org-unit=", "--no-ordered", "--old-news", "--min-level", "watch", "--description", "x"},
		{"edit", "w-2", "--quiet-hours", "22:00-06:30", "--quiet-days", "all", "--no-quiet-non-working", "--quiet-time-zone=", "--quiet-except", "high,critical"},
		{"edit", "w-2", "--quiet-hours="},
		{"rotate", "w-2", "--overlap", "0s"},
	} {
		if got := execute(t, append(append([]string{"webhooks"}, args...), "--json", "--url", server.url)...); got.code != exitDone || !json.Valid([]byte(got.stdout)) {
			t.Errorf("%q: the run shows %+v", args, got)
		}
	}
	server.wants(
		t, `/v1/webhooks|||application/json|{"max_age":"1h30m0s","ordered":true,"types":["churn.*","lifecycle.started"],"url":"https://example.com"}`,
		`PATCH /v1/webhooks/w-2|||application/merge-patch+json|{"description":"x","min_level":"watch","old_news":true,"ordered":false,"org_unit":"","url":"https://example.org"}`,
		`PATCH /v1/webhooks/w-2|||application/merge-patch+json|{"quiet_hours":{"days":[],"except":["high","critical"],"from":"22:00","non_working":false,"time_zone":"","to":"06:30"}}`,
		`PATCH /v1/webhooks/w-2|||application/merge-patch+json|{"quiet_hours":null}`,
		`/v1/webhooks/w-2/secret/rotate|||application/json|{"overlap":"0s"}`,
	)
}

func TestWhatIsDoneAboutWebhooksIsToldForEach(t *testing.T) {
	t.Parallel()
	server := orders(t, map[string]reply{
		"DELETE /v1/webhooks/w-1":       {204, ""},
		"DELETE /v1/webhooks/w-9":       {404, `{"title":"There is no such thing"}`},
		"POST /v1/webhooks/w-1/enable":  {200, oneWebhook},
		"POST /v1/webhooks/w-1/disable": {200, oneWebhook},
	})
	got := execute(t, "webhooks", "remove", "w-9", "w-1", "--url", server.url)
	if got.code != exitNotFound || !strings.Contains(got.stderr, "w-9: There is no such thing") {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "webhooks_remove", got.stdout)
	for verb, want := range map[string]string{"enable": "enabled", "disable": "disabled"} {
		got := execute(t, "webhooks", verb, "w-1", "--json", "--url", server.url)
		if got.code != exitDone || got.stdout != `{"results":[{"id":"w-1","outcome":"`+want+`"}]}`+"\n" {
			t.Errorf("%s: the run shows %+v", verb, got)
		}
	}
}

func TestAPingThatIsNotTakenIsExitCodeOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		document string
		code     int
	}{{oneDelivery + `}`, exitFailed}, {`{"id":"d-2","status":"delivered","last_attempt":{"status":204}}`, exitDone}} {
		server := orders(t, map[string]reply{"POST /v1/webhooks/w-1/ping": {200, c.document}})
		if got := execute(t, "webhooks", "ping", "w-1", "--url", server.url); got.code != c.code || !strings.Contains(got.stdout, "d-") {
			t.Errorf("the run shows %+v, want code %d", got, c.code)
		}
	}
}

func TestDeliveriesAreShownAndSentAgain(t *testing.T) {
	t.Parallel()
	server := orders(t, map[string]reply{
		"GET /v1/deliveries":                {200, `{"items":[` + oneDelivery + `},{"id":"d-2","webhook":"w-1","level":"high","status":"pending","held_until":"2026-03-03T00:00:00Z","created_at":"2026-03-01T09:30:00Z"}],"next":"7f"}`},
		"GET /v1/deliveries/d-1":            {200, oneDelivery + `,"log":[{"at":"2026-03-01T09:30:00Z","duration_ms":15000,"error":"no complete answer in time"},{"at":"2026-03-03T09:29:59Z","duration_ms":812,"status":502,"error":"answered 502","excerpt":"bad gateway"}],"body":"{\"id\":\"ev-1\"}"}`},
		"POST /v1/deliveries/d-1/redeliver": {202, oneDelivery + `}`},
		"POST /v1/deliveries/d-2/redeliver": {409, `{"title":"The delivery has not ended"}`},
		"POST /v1/webhooks/w-1/redeliver":   {200, `{"redelivered":3}`},
	})
	got := execute(t, "deliveries", "--url", server.url)
	if got.code != exitDone || got.stderr != "more: --cursor 7f\n" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "deliveries", got.stdout)
	got = execute(t, "deliveries", "show", "d-1", "--url", server.url)
	if got.code != exitDone || got.stderr != "" {
		t.Errorf("the run shows %+v", got)
	}
	golden(t, "deliveries_show", got.stdout)
	if got := execute(t, "deliveries", "redeliver", "d-2", "d-1", "--url", server.url); got.code != exitConflict || got.stdout != "1 deliveries are sent again\n" {
		t.Errorf("the run shows %+v", got)
	}
	if got := execute(t, "deliveries", "redeliver", "--dead", "w-1", "--json", "--url", server.url); got.code != exitDone || got.stdout != `{"redelivered":3}`+"\n" {
		t.Errorf("the run shows %+v", got)
	}
}
