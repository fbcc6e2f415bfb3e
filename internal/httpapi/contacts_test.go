package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// met returns an outbound contact by an employee at an hour of the first of March.
func met(customer, employee string, hour int) string {
	return purchase(customer, "type", `"contact.made"`, "time", fmt.Sprintf(`"2026-03-01T%02d:00:00Z"`, hour),
		"data", fmt.Sprintf(`{"direction":"out","channel":"phone","employee":%q,"content":"call at %d"}`, employee, hour))
}

// permission is what the tests look at in the answer whether a customer may be contacted.
type permission struct {
	May     bool
	At      string
	NextAt  *string `json:"next_at"`
	Reasons []struct{ Code, Employee string }
}

func TestMayContactReflectsTheCallThatWasJustMade(t *testing.T) {
	t.Parallel()
	s := setup(t)
	after := s.post(one, met("c1", "e1", 9)).wants(http.StatusAccepted).header.Get("Rapport-Position")
	ask := func(query string) (p permission) {
		t.Helper()
		s.get("/v1/customers/c1/may-contact?after=" + after + query).wants(http.StatusOK).into(&p)
		return p
	}
	if p := ask("&employee=e1"); !p.May || p.At != "2026-03-01T09:00:00Z" || len(p.Reasons) != 0 {
		t.Errorf("who called may not call again: %+v", p)
	}
	p := ask("&employee=e2")
	if p.May || p.NextAt == nil || len(p.Reasons) != 1 || p.Reasons[0].Code != "collision_gap" || p.Reasons[0].Employee != "e1" {
		t.Fatalf("another employee: %+v", p)
	}
	if anybody := ask(""); anybody.May {
		t.Errorf("somebody: %+v", anybody)
	}
	if later := ask("&employee=e2&at=" + *p.NextAt); !later.May {
		t.Errorf("once the gap is over: %+v", later)
	}
	refused := s.get("/v1/customers/c1/may-contact?at=2026-03-01T08:59:59Z").problem(http.StatusUnprocessableEntity, "invalid-request")
	if refused.Errors[0].Pointer != "/query/at" || refused.Errors[0].Rule != "min" {
		t.Errorf("for a moment that is over: %+v", refused.Errors)
	}
	s.get("/v1/customers/nobody/may-contact").problem(http.StatusNotFound, "not-found")
}

func TestABriefShowsTheLastContactsFromTheLog(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var events []string
	for hour := range 12 {
		events = append(events, met("c1", "e1", hour), purchase("c1", "time", fmt.Sprintf(`"2026-03-01T%02d:30:00Z"`, hour)))
	}
	after := s.post(batch, "["+strings.Join(events, ",")+"]").wants(http.StatusOK).header.Get("Rapport-Position")
	for query, want := range map[string]string{
		"":             "call at 11, call at 10, call at 9, call at 8, call at 7",
		"&contacts=2":  "call at 11, call at 10",
		"&contacts=50": "call at 11, call at 10, call at 9, call at 8, call at 7, call at 6, call at 5, call at 4, call at 3, call at 2, call at 1, call at 0",
	} {
		var brief struct{ Contacts []struct{ Content string } }
		s.get("/v1/customers/c1/brief?after=" + after + query).wants(http.StatusOK).into(&brief)
		var got []string
		for _, c := range brief.Contacts {
			got = append(got, c.Content)
		}
		if list := strings.Join(got, ", "); list != want {
			t.Errorf("with %q the contacts are %s, want %s", query, list, want)
		}
	}
	s.get("/v1/customers/nobody/brief").problem(http.StatusNotFound, "not-found")
}
