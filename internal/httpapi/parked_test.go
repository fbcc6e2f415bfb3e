package httpapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// parked is what the tests look at in the list of parked streams.
type parked struct {
	Items []struct {
		Customer, Position, Error string
		Queue                     int
		Parked                    time.Time `json:"parked_at"`
	}
}

func TestAParkedStreamIsShownAndRedriven(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.broken.Store(true)
	const id = "north/5"
	s.post(one, purchase(id), "Prefer", "wait=30").wants(http.StatusCreated)
	bad := s.post(one, purchase(id, "actor", `"`+breaker+`"`)).wants(http.StatusAccepted).header.Get("Rapport-Position")
	last := s.post(one, purchase(id)).wants(http.StatusAccepted).header.Get("Rapport-Position")

	var list parked
	s.get("/v1/parked?after=" + last).wants(http.StatusOK).into(&list)
	if len(list.Items) != 1 || list.Items[0].Customer != id || list.Items[0].Position != bad || list.Items[0].Queue != 2 ||
		!strings.Contains(list.Items[0].Error, "no rule for this") || list.Items[0].Parked.IsZero() {
		t.Fatalf("parked: %+v", list)
	}
	var view struct {
		Parked  bool
		Version int
	}
	path := url.PathEscape(id)
	if s.get("/v1/customers/" + path).into(&view); !view.Parked || view.Version != 1 {
		t.Errorf("the customer is %+v", view)
	}

	redrive := func(headers ...string) (*reply, *bool) {
		r := s.order("/v1/parked/"+path+"/redrive?actor=employee:e1", "", "", headers...)
		var answer struct{ Parked *bool }
		r.into(&answer)
		return r, answer.Parked
	}
	if r, still := redrive("Prefer", "wait=30"); r.status != http.StatusOK || still == nil || !*still {
		t.Errorf("before the fix: %d %s", r.status, r.body)
	}
	s.broken.Store(false)
	if r, still := redrive("Prefer", "wait=30"); r.status != http.StatusOK || still == nil || *still {
		t.Errorf("after the fix: %d %s", r.status, r.body)
	}
	s.get("/v1/parked").into(&list)
	if s.get("/v1/customers/" + path).into(&view); len(list.Items) != 0 || view.Parked || view.Version != 3 {
		t.Errorf("parked: %+v, the customer is %+v", list, view)
	}
	s.order("/v1/parked/"+path+"/redrive", "", "").problem(http.StatusNotFound, "not-found")
}

func TestParkedStreamsAreListedInPages(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.broken.Store(true)
	for _, id := range []string{"c1", "c2", "c3"} {
		last := s.post(one, purchase(id, "actor", `"`+breaker+`"`)).wants(http.StatusAccepted).header.Get("Rapport-Position")
		s.get("/v1/parked?after=" + last).wants(http.StatusOK)
	}
	var seen []string
	for cursor := ""; ; {
		var page struct {
			parked
			Next string
		}
		s.get("/v1/parked?limit=2&cursor=" + cursor).wants(http.StatusOK).into(&page)
		for _, k := range page.Items {
			seen = append(seen, k.Customer)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if slices.Sort(seen); !slices.Equal(seen, []string{"c1", "c2", "c3"}) {
		t.Errorf("the pages show %q", seen)
	}
	s.get("/v1/parked?limit=0").problem(http.StatusUnprocessableEntity, "invalid-request")
	s.get("/v1/parked?cursor=x").problem(http.StatusUnprocessableEntity, "invalid-request")
}

func TestARedriveOfAStreamIsNotWaitedForUnlessAskedTo(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.broken.Store(true)
	last := s.post(one, purchase("c1", "actor", `"`+breaker+`"`)).wants(http.StatusAccepted).header.Get("Rapport-Position")
	s.get("/v1/parked?after=" + last).wants(http.StatusOK)
	r := s.order("/v1/parked/c1/redrive", "", "").wants(http.StatusAccepted)
	if strings.Contains(string(r.body), "parked") || r.header.Get("Rapport-Position") == "" {
		t.Errorf("the answer is %s", r.body)
	}
}
