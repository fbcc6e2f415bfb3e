package httpapi_test

import (
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/notify"
)

// quietWebhook is what the tests look at in a webhook with quiet hours.
type quietWebhook struct {
	ID, State string
	Quiet     *notify.QuietHours `json:"quiet_hours"`
	Until     *time.Time         `json:"quiet_until"`
}

func TestQuietHoursAreSetChangedByPartsAndLifted(t *testing.T) {
	t.Parallel()
	// Nobody works today or tomorrow, whatever the zone.
	today := domain.DateOf(domain.InstantOf(time.Now()), time.UTC)
	h := hook(t, notify.Options{DayOff: func(d domain.Date) bool { return d >= today-1 && d <= today+2 }})
	router := contract(t, h.server)
	var made quietWebhook
	body := `{"url":"https://example.com","quiet_hours":{"from":"20:00","to":"08:00","days":["mon","sun"],"time_zone":"Asia/Shanghai","except":["critical"],"non_working":true}}`
	r := h.send("POST", "/v1/webhooks", asJSON, body).wants(http.StatusCreated)
	r.into(&made)
	checkAnswer(t, router, "POST", "/v1/webhooks", r)
	want := &notify.QuietHours{From: "20:00", To: "08:00", Days: []string{"mon", "sun"}, NonWorking: true, TimeZone: "Asia/Shanghai", Except: []string{"critical"}}
	if !reflect.DeepEqual(made.Quiet, want) || made.State != "quiet" || made.Until == nil || made.Until.Before(time.Now()) {
		t.Errorf("the new webhook is %+v with %+v", made, made.Quiet)
	}
	path := "/v1/webhooks/" + made.ID
	h.file(made.ID, notify.Pending, "1")
	var held struct {
		HeldUntil *time.Time `json:"held_until"`
	}
	r = h.get("/v1/deliveries/1").wants(http.StatusOK)
	r.into(&held)
	checkAnswer(t, router, "GET", "/v1/deliveries/1", r)
	if held.HeldUntil == nil || !held.HeldUntil.Equal(*made.Until) {
		t.Errorf("the delivery is held until %v, want %s", held.HeldUntil, made.Until)
	}

	var got quietWebhook
	h.send("PATCH", path, patch, `{"quiet_hours":{"to":"07:30","days":null,"except":["high","critical"],"non_working":false}}`).wants(http.StatusOK).into(&got)
	want = &notify.QuietHours{From: "20:00", To: "07:30", TimeZone: "Asia/Shanghai", Except: []string{"high", "critical"}}
	if !reflect.DeepEqual(got.Quiet, want) {
		t.Errorf("changed by parts the quiet hours are %+v, want %+v", got.Quiet, want)
	}
	got = quietWebhook{}
	h.send("PATCH", path, patch, `{"quiet_hours":null}`).wants(http.StatusOK).into(&got)
	if got.Quiet != nil || got.State != "in_use" || got.Until != nil {
		t.Errorf("lifted they are %+v, the webhook is %s", got.Quiet, got.State)
	}
}

func TestFaultyQuietHoursAreAnsweredWithEveryPlaceAndRule(t *testing.T) {
	t.Parallel()
	h := hook(t, notify.Options{DayOff: func(d domain.Date) bool { return d.Weekday() == "sun" }})
	for quiet, want := range map[string][]string{
		`{}`:                                  {"/from required"},
		`{"days":["mon"],"non_working":true}`: {"/from required"},
		`{"from":"8:00","to":"25:00"}`:        {"/from format", "/to format"},
		`{"from":"24:00","to":"08:00"}`:       {"/from format"},
		`{"from":"08:00","to":"08:00"}`:       {"/to unique"},
		`{"from":"20:00"}`:                    {"/to format"},
		`{"from":"20:00","to":"08:00","days":["mon","Sun","mon"],"except":["huge","high","high"],"time_zone":"Mars"}`: {
			"/days/1 oneof", "/days/2 unique", "/except/0 oneof", "/except/2 unique", "/time_zone format",
		},
		`{"from":"20:00","to":"08:00","time_zone":"Local"}`:                                             {"/time_zone format"},
		`{"from":20,"to":"08:00","days":"mon","weeks":1}`:                                               {"/days type", "/from type", "/weeks unknown"},
		`{"from":"00:00","to":"24:00"}`:                                                                 {" max"},
		`{"from":"00:00","to":"24:00","days":["mon","tue","wed","thu","fri","sat"],"non_working":true}`: {" max"},
		`"20:00-08:00"`: {" type"},
	} {
		p := h.send("POST", "/v1/webhooks", asJSON, `{"url":"https://example.com","quiet_hours":`+quiet+`}`).problem(http.StatusUnprocessableEntity, "invalid-request")
		for i := range want {
			want[i] = "/body/quiet_hours" + want[i]
		}
		if got := rulesOf(p); !slices.Equal(got, want) {
			t.Errorf("%s: the rules broken are %v, want %v", quiet, got, want)
		}
	}
	p := h.send("POST", "/v1/webhooks", asJSON, `{"url":"https://example.com","ordered":true,"quiet_hours":{"from":"20:00","to":"08:00","except":["high"]}}`).
		problem(http.StatusUnprocessableEntity, "invalid-request")
	if got := rulesOf(p); !slices.Equal(got, []string{"/body/quiet_hours/except exactly_one"}) {
		t.Errorf("the rules broken by an ordered webhook are %v", got)
	}
	h.add(`{"url":"https://example.com","quiet_hours":{"from":"00:00","to":"24:00","days":["mon","tue","wed","thu","fri"],"non_working":true}}`)
}
