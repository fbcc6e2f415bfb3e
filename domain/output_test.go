package domain

import (
	"slices"
	"strings"
	"testing"
)

func TestDerivedEventsHaveACatalogueOfTheirOwn(t *testing.T) {
	t.Parallel()
	var names []string
	for _, typ := range Outputs() {
		names = append(names, typ.Name)
		if found, ok := LookupOutput(typ.Name); !ok || found != typ {
			t.Errorf("LookupOutput does not find %s", typ.Name)
		}
		if _, ok := Lookup(typ.Name); ok {
			t.Errorf("%s is an event type too", typ.Name)
		}
		if !isTypeName(typ.Name) || typ.Version != 1 || !strings.HasPrefix(typ.Topic, "rapport.") || !strings.HasSuffix(typ.Description, ".") {
			t.Errorf("%s is described as %+v", typ.Name, typ)
		}
		for _, common := range []string{"at", "evidence", "policy_version", "position"} {
			if typ.plan.find(common, 0) < 0 {
				t.Errorf("%s does not tell %s", typ.Name, common)
			}
		}
	}
	if want := []string{
		"churn.loss_inferred", "churn.mass_loss", "churn.warning_cleared", "churn.warning_eased", "churn.warning_escalated",
		"churn.warning_raised", "churn.warning_unanswered", "churn.warning_withdrawn",
		"contact.collision", "contact.multiple_followers", "lifecycle.stage_changed", "lifecycle.started", "lifecycle.terminated",
		"satisfaction.dropped", "satisfaction.low_score", "satisfaction.recovered", "service.deadline_missed", "service.deadline_near",
		"value.class_changed",
	}; !slices.Equal(names, want) {
		t.Errorf("the types are %q, want %q", names, want)
	}
	if _, ok := LookupOutput("purchase.recorded"); ok {
		t.Error("an event type is a type of derived events too")
	}
}

func TestDerivedEventsAreCheckedAsEventsAre(t *testing.T) {
	t.Parallel()
	const rest = `"from":"growth","reason":"silence","dwell_us":1,"at":"2026-03-01T09:30:00Z","policy_version":"v","position":"3:1"`
	for data, want := range map[string][]string{
		`{` + rest + `}`: nil,
		`{` + rest + `,"evidence":[],"to":"termination"}`:                       nil,
		`{` + rest + `,"evidence":["a","a"],"evidence":["b"]}`:                  nil,
		`{` + rest + `,"evidence":null}`:                                        {"/data/evidence type"},
		`{` + rest + `,"evidence":"a"}`:                                         {"/data/evidence type"},
		`{` + rest + `,"evidence":["a",1,"","b\u0000","c\u0001"]}`:              {"/data/evidence/1 type", "/data/evidence/2 length", "/data/evidence/3 nul", "/data/evidence/4 format"},
		`{` + rest + `,"evidence":[""],"evidence":[]}`:                          nil,
		`{"dwell_us":-1,` + strings.Replace(rest, `"dwell_us":1,`, "", 1) + `}`: {"/data/dwell_us min"},
		`{}`: {"/data/from required", "/data/reason required", "/data/dwell_us required", "/data/at required", "/data/policy_version required", "/data/position required"},
	} {
		typ, _ := LookupOutput("lifecycle.terminated")
		_, err := NewDecoder().Decode(typ.Type, []byte(data))
		if got := problems(t, err); !slices.Equal(got, want) {
			t.Errorf("%s: problems are %q, want %q", data, got, want)
		}
	}
}

// Allocations are counted of the whole process, so this test is not parallel.
func TestADecoderUsesTheMemoryOfEvidenceAgain(t *testing.T) {
	typ, _ := LookupOutput("lifecycle.started")
	d, data := NewDecoder(), typ.Example()
	if n := testing.AllocsPerRun(100, func() {
		if v, err := d.Decode(typ.Type, data); err != nil || len(v.(*LifecycleStarted).Evidence) != 1 {
			t.Fatalf("decoded %+v, %v", v, err)
		}
	}); n != 0 {
		t.Errorf("decoding allocates %v times", n)
	}
}
