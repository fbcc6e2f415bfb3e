package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// models is what the tests look at in the list of models.
type models struct {
	Policy string `json:"policy_version"`
	Items  []struct {
		Role, Name string
		Parameters map[string]float64
		Since      *time.Time `json:"in_force_from"`
	}
}

func (s *server) models(position string) (m models) {
	s.t.Helper()
	s.get("/v1/models?after=" + position).wants(http.StatusOK).into(&m)
	return m
}

// TestTheModelsInForceAreListedWithTheInstantFromWhichOnTheyHold publishes policies that set models, as a recorded fit does.
func TestTheModelsInForceAreListedWithTheInstantFromWhichOnTheyHold(t *testing.T) {
	t.Parallel()
	s := setup(t)
	if m := s.models(""); m.Policy != "default-1" || m.Items == nil || len(m.Items) != 0 {
		t.Errorf("at first there are %+v", m)
	}
	publish := func(document string) (position string, at time.Time) {
		t.Helper()
		var published struct {
			At time.Time `json:"published_at"`
		}
		r := s.order("/v1/policies", asYAML, document, "Prefer", "wait=30").wants(http.StatusCreated)
		r.into(&published)
		return r.header.Get("Rapport-Position"), published.At
	}
	_, first := publish("version: a\nmodels: {purchase: {name: nbd, parameters: {r: 0.5, alpha: 12}}}\n")
	position, second := publish("version: b\nmodels: {purchase: {name: nbd, parameters: {r: 0.5, alpha: 12}}, spend: {name: gamma_gamma, parameters: {p: 6, q: 4, v: 15}}}\n")
	m := s.models(position)
	if m.Policy != "b" || len(m.Items) != 2 {
		t.Fatalf("there are %+v", m)
	}
	for i, want := range []struct {
		role, name string
		since      time.Time
	}{{"purchase", "nbd", first}, {"spend", "gamma_gamma", second}} {
		if x := m.Items[i]; x.Role != want.role || x.Name != want.name || x.Since == nil || !x.Since.Equal(want.since) || len(x.Parameters) < 2 {
			t.Errorf("%+v, want %+v", x, want)
		}
	}
	position, _ = publish("version: c\nlifecycle: {decline_gaps: 3}\n")
	if m := s.models(position); !strings.HasPrefix(m.Policy, "c+") || len(m.Items) != 2 || !m.Items[0].Since.Equal(first) {
		t.Errorf("after a policy that says nothing of models there are %+v", m)
	}
	position, _ = publish("version: d\nmodels: {}\n")
	if m := s.models(position); len(m.Items) != 0 {
		t.Errorf("after a policy that puts none in force there are %+v", m)
	}
}
