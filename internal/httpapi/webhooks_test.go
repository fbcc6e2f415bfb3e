package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/internal/notify"
)

// hooked is a server with webhooks whose deliveries are in a store of the test's own.
type hooked struct {
	*server
	store *notify.Memory
}

// hook runs a server with webhooks that may lead to loopback. No outputs come.
func hook(t *testing.T, o notify.Options) *hooked {
	t.Helper()
	h := &hooked{store: notify.NewMemory()}
	h.server = setup(t, func(options *httpapi.Options) { options.Webhooks = deliverer(h.store, o) })
	return h
}

func deliverer(store notify.Store, o notify.Options) *notify.Deliverer {
	o.AllowHTTP, o.AllowPrivate = true, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return notify.NewDeliverer(store, func() (message.Subscriber, error) {
		return gochannel.NewGoChannel(gochannel.Config{}, watermill.NopLogger{}), nil
	}, o)
}

// webhook is what the tests look at in a webhook.
type webhook struct {
	ID, URL, Description, State, Disabled, Secret string
	OrgUnit                                       string `json:"org_unit"`
	MinLevel                                      string `json:"min_level"`
	MaxAge                                        string `json:"max_age"`
	Digest                                        string
	OldNews                                       bool `json:"old_news"`
	Ordered                                       bool
	Types                                         []string
	Pending                                       int
	Secrets                                       []struct {
		ExpiresAt *time.Time `json:"expires_at"`
	}
}

const patch = "application/merge-patch+json"

// send sends a JSON body.
func (h *hooked) send(method, path, media, body string) *reply {
	h.t.Helper()
	return h.do(method, path, strings.NewReader(body), "Content-Type", media)
}

// add adds a webhook.
func (h *hooked) add(body string) (w webhook) {
	h.t.Helper()
	h.send("POST", "/v1/webhooks", asJSON, body).wants(http.StatusCreated).into(&w)
	return w
}

func TestAWebhookIsMadeChangedAndRemoved(t *testing.T) {
	t.Parallel()
	h := hook(t, notify.Options{})
	r := h.send("POST", "/v1/webhooks", asJSON, `{"url":"https://example.com/hook","types":["churn.*"],"min_level":"high","max_age":"90m","ordered":true,"digest":"08:00"}`)
	var made, got webhook
	r.wants(http.StatusCreated).into(&made)
	path := "/v1/webhooks/" + made.ID
	if r.header.Get("Location") != path || !strings.HasPrefix(made.Secret, "whsec_") || made.State != "in_use" || made.MaxAge != "1h30m" || made.Digest != "08:00" {
		t.Errorf("the new webhook is %+v at %s", made, r.header.Get("Location"))
	}
	read := h.get(path).wants(http.StatusOK)
	read.into(&got)
	if strings.Contains(string(read.body), made.Secret) || len(got.Secrets) != 1 || got.URL != made.URL || !got.Ordered || got.MinLevel != "high" {
		t.Errorf("read again it is %s", read.body)
	}
	got = webhook{}
	h.send("PATCH", path, patch, `{"types":null,"min_level":null,"max_age":null,"digest":null,"old_news":true,"description":"the dealer"}`).wants(http.StatusOK).into(&got)
	if len(got.Types) != 0 || got.MinLevel != "" || got.MaxAge != "72h" || got.Digest != "" || !got.OldNews || got.Description != "the dealer" || got.URL != made.URL || !got.Ordered {
		t.Errorf("changed it is %+v", got)
	}
	var rotated webhook
	h.send("POST", path+"/secret/rotate", asJSON, `{"overlap":"1h"}`).wants(http.StatusOK).into(&rotated)
	if !strings.HasPrefix(rotated.Secret, "whsec_") || rotated.Secret == made.Secret || len(rotated.Secrets) != 2 || rotated.Secrets[1].ExpiresAt == nil {
		t.Errorf("after the rotation it is %+v", rotated)
	}
	h.send("POST", path+"/secret/rotate", asJSON, `{}`).wants(http.StatusOK)
	h.send("POST", path+"/secret/rotate", asJSON, `{"overlap":"0s"}`).wants(http.StatusOK).into(&rotated)
	if len(rotated.Secrets) != 1 {
		t.Errorf("after a rotation without overlap there are %d secrets", len(rotated.Secrets))
	}
	h.do("POST", path+"/disable", nil).wants(http.StatusOK).into(&got)
	if got.State != "disabled" || got.Disabled != notify.DisabledByHand {
		t.Errorf("disabled it is %+v", got)
	}
	var enabled webhook
	h.do("POST", path+"/enable", nil).wants(http.StatusOK).into(&enabled)
	if enabled.State != "in_use" || enabled.Disabled != "" {
		t.Errorf("enabled it is %+v", enabled)
	}
	other := h.add(`{"url":"https://example.com/other"}`)
	var all struct{ Items []webhook }
	h.get("/v1/webhooks").wants(http.StatusOK).into(&all)
	if len(all.Items) != 2 || all.Items[0].ID != made.ID || all.Items[1].ID != other.ID {
		t.Errorf("the webhooks are %+v", all.Items)
	}
	h.do("DELETE", path, nil).wants(http.StatusNoContent)
	h.get(path).problem(http.StatusNotFound, "not-found")
	h.do("DELETE", path, nil).problem(http.StatusNotFound, "not-found")
}

func TestAFaultyWebhookIsAnsweredWithEveryPlaceAndRule(t *testing.T) {
	t.Parallel()
	h := hook(t, notify.Options{MaxSubscriptions: 1})
	made := h.add(`{"url":"https://example.com"}`)
	for body, want := range map[string][]string{
		`{}`: {"/body/url required"},
		`{"url":"ftp://example.com","types":["a*b"],"min_level":"huge"}`:            {"/body/url format", "/body/types/0 format", "/body/min_level oneof"},
		`{"url":7,"types":"x","ordered":"yes","max_age":"long","secret":"whsec_x"}`: {"/body/ordered type", "/body/secret unknown", "/body/types type", "/body/url type", "/body/max_age format"},
		`{"url":"https://10.1.2.3/","max_age":"-1h"}`:                               {"/body/url reserved", "/body/max_age max"},
		`{"url":"https://example.com","digest":"8:00"}`:                             {"/body/digest format"},
		`{"url":"https://example.com","digest":"24:00"}`:                            {"/body/digest format"},
		`[]`: {"/body type"},
	} {
		p := h.send("POST", "/v1/webhooks", asJSON, body).problem(http.StatusUnprocessableEntity, "invalid-request")
		if got := rulesOf(p); !slices.Equal(got, want) {
			t.Errorf("%s: the rules broken are %v, want %v", body, got, want)
		}
	}
	path := "/v1/webhooks/" + made.ID
	if got := rulesOf(h.send("PATCH", path, patch, `{"url":null,"types":["nothing.such"]}`).problem(422, "invalid-request")); !slices.Equal(got, []string{"/body/url required", "/body/types/0 oneof"}) {
		t.Errorf("the rules broken by a change are %v", got)
	}
	if got := rulesOf(h.send("POST", path+"/secret/rotate", asJSON, `{"overlap":"-1h"}`).problem(422, "invalid-request")); !slices.Equal(got, []string{"/body/overlap format"}) {
		t.Errorf("the rules broken by a rotation are %v", got)
	}
	if got := rulesOf(h.do("DELETE", path+"?actor=me", nil).problem(422, "invalid-request")); !slices.Equal(got, []string{"/query/actor unknown"}) {
		t.Errorf("the rules broken by a parameter are %v", got)
	}
	h.send("POST", "/v1/webhooks", asJSON, `{`).problem(http.StatusBadRequest, "malformed-body")
	h.send("PATCH", path, "text/plain", `{}`).problem(http.StatusUnsupportedMediaType, "unsupported-media-type")
	h.send("PATCH", "/v1/webhooks/none", patch, `{}`).problem(http.StatusNotFound, "not-found")
	h.send("POST", "/v1/webhooks", asJSON, `{"url":"https://example.com"}`).problem(http.StatusConflict, "too-many-webhooks")
}

// rulesOf returns the places and rules of a problem.
func rulesOf(p httpapi.Problem) []string {
	var list []string
	for _, fault := range p.Errors {
		list = append(list, fault.Pointer+" "+fault.Rule)
	}
	return list
}

func TestAPingIsSignedForTheOfficialLibraryAndStandsInTheJournal(t *testing.T) {
	t.Parallel()
	h := hook(t, notify.Options{})
	var secret atomic.Pointer[string]
	verified := make(chan error, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			verified <- err
			return
		}
		library, err := standardwebhooks.NewWebhook(*secret.Load())
		if err != nil {
			verified <- err
			return
		}
		verified <- library.Verify(body, r.Header)
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	}))
	t.Cleanup(receiver.Close)
	made := h.add(`{"url":"` + receiver.URL + `"}`)
	secret.Store(&made.Secret)
	var ping struct {
		ID, Status, Reason, Type string
		Last                     struct {
			Status         int
			Error, Excerpt string
		} `json:"last_attempt"`
	}
	h.do("POST", "/v1/webhooks/"+made.ID+"/ping", nil).wants(http.StatusOK).into(&ping)
	if err := <-verified; err != nil {
		t.Errorf("the official library: %v", err)
	}
	if ping.Status != "dead" || ping.Reason != notify.ReasonPing || ping.Last.Status != http.StatusTeapot || ping.Last.Excerpt != "short and stout" {
		t.Errorf("the ping is %+v", ping)
	}
	var detail struct {
		Body string
		Log  []json.RawMessage
	}
	h.get("/v1/deliveries/" + ping.ID).wants(http.StatusOK).into(&detail)
	if !strings.Contains(detail.Body, notify.TypePing) || len(detail.Log) != 1 {
		t.Errorf("the journal has %+v", detail)
	}
}

// file puts deliveries into the store: for each id one of its own customer, in a state.
func (h *hooked) file(webhook string, status notify.Status, ids ...string) {
	h.t.Helper()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, id := range ids {
		d := notify.Delivery{ID: id, Subscription: webhook, Event: "ev-" + id, Type: "lifecycle.started", Customer: "c-" + id, Body: []byte("{}"), Status: status, CreatedAt: at}
		if status == notify.Pending {
			d.NextAttempt = at
		} else {
			d.FinishedAt = at
		}
		if _, err := h.store.Add(h.t.Context(), []notify.Delivery{d}); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestTheJournalIsFilteredPagedAndSentAgain(t *testing.T) {
	t.Parallel()
	h := hook(t, notify.Options{})
	made := h.add(`{"url":"https://example.com"}`)
	h.file(made.ID, notify.Dead, "1", "2", "3")
	h.file(made.ID, notify.Delivered, "4")
	h.file(made.ID, notify.Pending, "5")
	type page struct {
		Items []struct{ ID, Webhook, Status string }
		Next  string
	}
	for query, want := range map[string][]string{
		"": {"5", "4", "3", "2", "1"}, "?status=dead": {"3", "2", "1"}, "?customer=c-2": {"2"}, "?type=churn.warning_raised": nil,
		"?webhook=" + made.ID + "&status=pending": {"5"}, "?webhook=other": nil,
	} {
		var got page
		h.get("/v1/deliveries" + query).wants(http.StatusOK).into(&got)
		var ids []string
		for _, d := range got.Items {
			ids = append(ids, d.ID)
		}
		if !slices.Equal(ids, want) || got.Next != "" {
			t.Errorf("%s: the deliveries are %v, want %v", query, ids, want)
		}
	}
	var seen []string
	for cursor := ""; ; {
		var got page
		h.get("/v1/deliveries?limit=2" + cursor).wants(http.StatusOK).into(&got)
		for _, d := range got.Items {
			seen = append(seen, d.ID)
		}
		if got.Next == "" {
			break
		}
		cursor = "&cursor=" + got.Next
	}
	if want := []string{"5", "4", "3", "2", "1"}; !slices.Equal(seen, want) {
		t.Errorf("the pages have %v, want %v", seen, want)
	}
	if got := rulesOf(h.get("/v1/deliveries?cursor=-").problem(422, "invalid-request")); !slices.Equal(got, []string{"/query/cursor format"}) {
		t.Errorf("the rules broken are %v", got)
	}
	h.do("POST", "/v1/deliveries/5/redeliver", nil).problem(http.StatusConflict, "still-pending")
	h.do("POST", "/v1/deliveries/9/redeliver", nil).problem(http.StatusNotFound, "not-found")
	h.do("POST", "/v1/deliveries/4/redeliver", nil).wants(http.StatusAccepted)
	var again struct{ Redelivered int }
	h.do("POST", "/v1/webhooks/"+made.ID+"/redeliver", nil).wants(http.StatusOK).into(&again)
	var now webhook
	h.get("/v1/webhooks/" + made.ID).wants(http.StatusOK).into(&now)
	if again.Redelivered != 3 || now.Pending != 5 {
		t.Errorf("%d dead ones are sent again, %d wait; want 3 and 5", again.Redelivered, now.Pending)
	}
}

func TestAnswersAboutWebhooksAreAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	h := hook(t, notify.Options{MaxSubscriptions: 2})
	router := contract(t, h.server)
	made := h.add(`{"url":"https://example.com","types":["lifecycle.started"],"org_unit":"north"}`)
	gone := h.add(`{"url":"http://127.0.0.1:1/"}`)
	h.file(made.ID, notify.Dead, "1", "2")
	path := "/v1/webhooks/" + made.ID
	for _, request := range []struct{ method, target, media, body string }{
		{"GET", "/v1/webhooks", "", ""},
		{"GET", path, "", ""},
		{"POST", "/v1/webhooks", asJSON, `{"url":"https://example.com"}`},
		{"POST", "/v1/webhooks", asJSON, `{}`},
		{"POST", "/v1/webhooks", "text/plain", `{}`},
		{"PATCH", path, patch, `{"ordered":true}`},
		{"POST", path + "/secret/rotate", asJSON, `{}`},
		{"POST", path + "/disable", "", ""},
		{"GET", path, "", ""},
		{"POST", path + "/enable", "", ""},
		{"POST", "/v1/webhooks/" + gone.ID + "/ping", "", ""},
		{"POST", path + "/redeliver", "", ""},
		{"GET", "/v1/deliveries?limit=1", "", ""},
		{"GET", "/v1/deliveries?status=lost", "", ""},
		{"GET", "/v1/deliveries/1", "", ""},
		{"GET", "/v1/deliveries/9", "", ""},
		{"POST", "/v1/deliveries/1/redeliver", "", ""},
		{"DELETE", "/v1/webhooks/" + gone.ID, "", ""},
		{"POST", "/v1/webhooks", asJSON, `{"url":"https://example.com"}`},
	} {
		r := h.do(request.method, request.target, strings.NewReader(request.body), "Content-Type", request.media)
		checkAnswer(t, router, request.method, request.target, r)
		if r.status >= 500 {
			t.Errorf("%s %s: status %d: %s", request.method, request.target, r.status, r.body)
		}
	}
}

// absent is a store that does not answer.
type absent struct{ *notify.Memory }

func (absent) Subscriptions(context.Context) ([]notify.Subscription, error) {
	return nil, fmt.Errorf("the store is away")
}

func TestAServerIsReadyThoughWebhooksAreNot(t *testing.T) {
	t.Parallel()
	s := setup(t, func(o *httpapi.Options) { o.Webhooks = deliverer(absent{notify.NewMemory()}, notify.Options{}) })
	s.get("/readyz").wants(http.StatusOK)
	s.get("/v1/webhooks").problem(http.StatusInternalServerError, "internal")
}
