package domain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
)

func policyOf(t testing.TB, doc string) *domain.Policy {
	t.Helper()
	p, err := domain.ParsePolicy([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// meanings says what an event of a type means to the deadlines, for example "-complaint +complaint_follow_up".
func meanings(p *domain.Policy, eventType string) string {
	var words []string
	for _, t := range p.DeadlinesOn(eventType) {
		sign := "-"
		if t.Starts {
			sign = "+"
		}
		words = append(words, sign+t.Deadline)
	}
	return strings.Join(words, " ")
}

func TestTheDefaultDeadlinesAreThoseOfTheRules(t *testing.T) {
	t.Parallel()
	p := domain.DefaultPolicy()
	for eventType, want := range map[string]string{
		"inquiry.received":        "+inquiry",
		"inquiry.answered":        "-inquiry",
		"complaint.filed":         "+complaint",
		"complaint.resolved":      "-complaint +complaint_follow_up",
		"complaint.reopened":      "+complaint -complaint_follow_up",
		"follow_up.attempted":     "-complaint_follow_up",
		"follow_up.completed":     "-complaint_follow_up -handover_follow_up -recovery",
		"delivery.handed_over":    "+handover_follow_up",
		domain.LowScore:           "+recovery",
		"promise.made":            "+promise",
		"rectification.rejected":  "+rectification",
		"rectification.completed": "-rectification",
		"reservation.requested":   "+reservation",
		"reservation.missed":      "-reservation",
		"terms.granted":           "-terms +terms",
		"contact.scheduled":       "+contact",
		"contact.made":            "-contact",
		"purchase.recorded":       "",
		"something.else":          "",
	} {
		if got := meanings(p, eventType); got != want {
			t.Errorf("%s means %q, want %q", eventType, got, want)
		}
	}
	inquiry, complaint := p.Deadlines["inquiry"], p.Deadlines["complaint"]
	if inquiry.Within != 10*time.Minute || inquiry.Time != domain.DeadlineElapsed || inquiry.Near != 0.8 {
		t.Errorf("inquiries: %+v", inquiry)
	}
	if complaint.Within != 4*time.Hour || complaint.Time != domain.DeadlineWorking {
		t.Errorf("complaints: %+v", complaint)
	}
	if p.Deadlines["complaint_follow_up"].Within != 7*24*time.Hour {
		t.Errorf("follow-ups after complaints: %+v", p.Deadlines["complaint_follow_up"])
	}
}

func TestADocumentChangesTheDeadlinesThatItNames(t *testing.T) {
	t.Parallel()
	p := policyOf(t, `deadlines:
  inquiry: {within: 1h}
  terms: {off: true}
  promise: {due: "", within: 48h}
  drive: {start: {"drive.booked kind=long": booking, drive.booked: ""}, stop: {drive.done: booking}, within: 24h}`)
	if r := p.Deadlines["inquiry"]; r.Within != time.Hour || r.Stop["inquiry.answered"] != "inquiry_id" {
		t.Errorf("inquiries: %+v", r)
	}
	if got := meanings(p, "terms.granted"); got != "" {
		t.Errorf("terms that are left out have the meaning %q", got)
	}
	if r := p.Deadlines["drive"]; r.Near != 0.8 || r.Time != domain.DeadlineElapsed {
		t.Errorf("a new kind without near and time has %+v", r)
	}
	triggers := p.DeadlinesOn("drive.booked")
	long := &domain.Event{ID: "e1", Type: "drive.booked", Data: []byte(`{"kind":"long","booking":"b7"}`)}
	if len(triggers) != 2 || !triggers[0].Matches(long, nil) || triggers[0].ID(long, nil) != "b7" || triggers[1].ID(long, nil) != "" {
		t.Errorf("the condition with more words is not the first: %+v", triggers)
	}
}

func TestABadDeadlineNamesTheFieldAndItsRule(t *testing.T) {
	t.Parallel()
	begun := func(rest string) string { return "{start: {x.begun: id}, stop: {x.done: id}, " + rest + "}" }
	for rule, fields := range map[string][]string{
		begun("near: 0.8"):                                                       {"deadlines.x.within must be given"},
		begun("within: 1h, due: until"):                                          {"deadlines.x.due must be \"\""},
		begun("within: -1h"):                                                     {"deadlines.x.within must be more than 0"},
		begun("within: 87601h"):                                                  {"deadlines.x.within must be more than 0 and at most 87600h"},
		begun("within: 1ns"):                                                     {"deadlines.x.within"},
		begun("within: soon"):                                                    {"deadlines.x.within must be a length of time"},
		begun("within: 1h, near: 0"):                                             {"deadlines.x.near must be more than 0"},
		begun("within: 1h, near: 1.001"):                                         {"deadlines.x.near"},
		begun("within: 1h, near: 0.0001"):                                        {"deadlines.x.near"},
		begun("within: 1h, time: lunar"):                                         {"deadlines.x.time must be one of elapsed, working"},
		begun("within: 1h, of: y"):                                               {"deadlines.x.of is not a name of the policy"},
		"{within: 1h}":                                                           {"deadlines.x.start must name a type"},
		"{start: {promise.made: promise}, within: 1h}":                           {"deadlines.x.start.promise.made must be a text"},
		"{start: {promise.made: due_at}, within: 1h}":                            {"deadlines.x.start.promise.made must be a text"},
		"{start: {promise.made: promise_id}, due: text}":                         {"deadlines.x.due must be a time"},
		"{start: {promise.made: promise_id}, due: until}":                        {"deadlines.x.due must be a time"},
		"{start: {purchase.recorded: ''}, within: 1h, employee: seller}":         {"deadlines.x.employee must be a text"},
		"{start: {clock.ticked: ''}, within: 1h}":                                {"deadlines.x.start.clock.ticked must be under a type of event that is no control record"},
		"{start: {'': ''}, within: 1h}":                                          {"must be under a type of event, which"},
		"{start: {x.begun kind: ''}, within: 1h}":                                {"must be under a type of event, which"},
		"{start: {x.begun =a: ''}, within: 1h}":                                  {"must be under a type of event, which"},
		"{start: {contact.made direction=up: ''}, within: 1h}":                   {"must have conditions on members"},
		"{start: {contact.made way=out: ''}, within: 1h}":                        {"must have conditions on members"},
		"{start: {inquiry.answered clear=maybe: ''}, within: 1h}":                {"must have conditions on members"},
		"{start: {satisfaction.low_score: id}, within: 1h}":                      {"must be \"\", and has no conditions"},
		"{start: {satisfaction.low_score: ''}, due: until}":                      {"deadlines.x.due must be \"\" for a deadline"},
		"{start: {x.begun: ''}, stop: {satisfaction.low_score: ''}, within: 1h}": {"only starts deadlines"},
		"5": {"deadlines.x must be a mapping"},
	} {
		_, err := domain.ParsePolicy([]byte("deadlines:\n  x: " + rule))
		if err == nil {
			t.Errorf("%s was taken", rule)
			continue
		}
		for _, f := range fields {
			if !strings.Contains(err.Error(), f) {
				t.Errorf("%s: %v does not say %s", rule, err, f)
			}
		}
	}
	for _, name := range []string{"a/b", "''", strings.Repeat("x", 65), `"a\u0007"`} {
		_, err := domain.ParsePolicy([]byte("deadlines:\n  " + name + ": {start: {x.begun: id}, within: 1h}"))
		if err == nil || !strings.Contains(err.Error(), "must have a name of 1 to 64 characters") {
			t.Errorf("the name %s: %v", name, err)
		}
	}
}

func TestADeadlineThatIsOffMayBeUnfinished(t *testing.T) {
	t.Parallel()
	policyOf(t, "deadlines: {x: {off: true}, promise: {off: true, within: 1h}}")
}

func TestMembersAreReadFromDataOfEitherForm(t *testing.T) {
	t.Parallel()
	p := policyOf(t, `deadlines:
  known: {start: {"inquiry.answered clear=true employee=li": inquiry_id}, within: 1h, employee: employee}
  dated: {start: {contact.scheduled: ""}, due: due_at}
  other: {start: {"x.begun on=true n=7": id}, due: until, employee: who}`)
	decoder := domain.NewDecoder()
	for _, c := range []struct {
		typ, data string
		want      string
	}{
		{"inquiry.answered", `{"inquiry_id":"i1","clear":true,"employee":"li"}`, `known id "i1" employee "li": 2026-03-02T01:00:00Z`},
		{"inquiry.answered", `{"inquiry_id":"i1","clear":false,"employee":"li"}`, ""},
		{"inquiry.answered", `{"inquiry_id":"i1","employee":"li"}`, ""},
		{"contact.scheduled", `{"due_at":"2026-03-05T00:00:00Z"}`, `dated id "" employee "": 2026-03-05T00:00:00Z`},
		{"x.begun", `{"on":true,"n":7,"id":"a","until":"2026-03-05T08:00:00+08:00","who":3}`, `other id "a" employee "3": 2026-03-05T00:00:00Z`},
		{"x.begun", `{"on":true,"n":7,"id":"a","until":"soon"}`, `other id "a" employee "": no end`},
		{"x.begun", `{"on":true,"n":7,"until":"9999-01-01T00:00:00Z"}`, `other id "" employee "": no end`},
		{"x.begun", `{"on":true,"n":7,"id":["a"],"until":"2026-03-05T00:00:00Z","who":"a\u0007"}`, `other id "" employee "": 2026-03-05T00:00:00Z`},
		{"x.begun", `{"on":"true","n":"7","id":"a","id":"b","until":"2026-03-05T00:00:00Z"}`, `other id "a" employee "": 2026-03-05T00:00:00Z`},
		{"x.begun", `{"on":true,"n":7.0}`, ""},
		{"x.begun", `{}`, ""},
		{"x.begun", ``, ""},
	} {
		ev := &domain.Event{ID: "e1", Type: c.typ, Data: []byte(c.data), Time: domain.InstantOf(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))}
		var data any
		if typ, known := domain.Lookup(c.typ); known {
			var err error
			if data, err = decoder.Decode(typ, ev.Data); err != nil {
				t.Fatal(err)
			}
		}
		var got string
		for _, x := range p.DeadlinesOn(c.typ) {
			if _, usual := domain.DefaultPolicy().Deadlines[x.Deadline]; usual || !x.Matches(ev, data) {
				continue
			}
			end := "no end"
			if _, due, ok := x.Span(ev, data, p.Calendar()); ok {
				end = due.String()
			}
			got = fmt.Sprintf("%s id %q employee %q: %s", x.Deadline, x.ID(ev, data), x.Employee(ev, data), end)
		}
		if got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.typ, c.data, got, c.want)
		}
	}
}

// A time is near when its share has passed, be it elapsed or working time, and ends by the calendar.
func TestADeadlineIsNearAfterItsShareOfTheTimeThatCounts(t *testing.T) {
	t.Parallel()
	calendar := domain.DefaultPolicy().Calendar()
	rapid.Check(t, func(t *rapid.T) {
		start := domain.InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) + domain.Instant(rapid.Int64Range(0, int64(400*domain.Day)).Draw(t, "start"))
		r := domain.DeadlineRule{
			Time: rapid.SampledFrom([]domain.DeadlineTime{domain.DeadlineElapsed, domain.DeadlineWorking}).Draw(t, "time"),
			Near: float64(rapid.IntRange(1, 1000).Draw(t, "near")) / 1000,
		}
		var due domain.Instant
		if rapid.Bool().Draw(t, "due") {
			r.Due = "due_at"
			due = start + domain.Instant(rapid.Int64Range(-int64(domain.Day), int64(170*365*domain.Day)).Draw(t, "length"))
		} else {
			r.Within = time.Duration(rapid.Int64Range(1000, int64(87600*time.Hour)).Draw(t, "within"))
		}
		passed := func(until domain.Instant) domain.Instant {
			if r.Time == domain.DeadlineWorking {
				return calendar.Between(start, until)
			}
			return until - start
		}
		near, end := r.Span(start, due, calendar)
		if r.Due != "" && end != due || r.Due == "" && passed(end) != domain.Instant(r.Within.Microseconds()) {
			t.Fatalf("from %s it ends at %s", start, end)
		}
		if end <= start {
			if near != end {
				t.Fatalf("it ended at %s and is near at %s", end, near)
			}
			return
		}
		whole, part := passed(end), passed(near)
		share := r.Near * float64(whole)
		if near < start || near > end || float64(part) > share+1 || float64(part) < share-2 && near < end {
			t.Fatalf("from %s to %s it is near at %s: %d of %d", start, end, near, part, whole)
		}
	})
}

func FuzzDeadlineConditions(f *testing.F) {
	for _, text := range []string{"contact.made", "contact.made direction=out", "x.begun a=1 b=true", "x =", "  ", "x a==b", "é.ü ß=\u0000"} {
		f.Add(text, "id")
	}
	f.Fuzz(func(t *testing.T, text, member string) {
		rule := domain.DeadlineRule{
			Start: map[string]string{text: member}, Stop: map[string]string{}, Within: time.Hour, Time: domain.DeadlineElapsed, Near: 0.5,
		}
		p := domain.DefaultPolicy()
		p.Deadlines["x"] = rule
		back, err := domain.ParsePolicy(p.Document())
		if err != nil {
			return
		}
		typ := strings.Fields(text)[0]
		ev := &domain.Event{ID: "e1", Type: typ, Data: []byte(`{"id":"a","a":"1","b":true}`)}
		var found bool
		for _, trigger := range back.DeadlinesOn(typ) {
			if trigger.Deadline != "x" {
				continue
			}
			found = true
			if len(strings.Fields(text)) == 1 && !trigger.Matches(ev, nil) {
				t.Errorf("%q has no conditions and does not match", text)
			}
			if id := trigger.ID(ev, nil); id != "" && id != "a" && id != "1" && id != "true" {
				t.Errorf("%q names %q", text, id)
			}
		}
		if !found {
			t.Errorf("%q was taken and means nothing to %s", text, typ)
		}
	})
}

// BenchmarkAnEventWithoutDeadlines is what every event pays.
func BenchmarkAnEventWithoutDeadlines(b *testing.B) {
	p := domain.DefaultPolicy()
	typ := string([]byte("purchase.recorded"))
	for b.Loop() {
		if len(p.DeadlinesOn(typ)) != 0 {
			b.Fatal("purchases start or stop a deadline")
		}
	}
}

func BenchmarkAnEventThatStartsAComplaint(b *testing.B) {
	p := domain.DefaultPolicy()
	filed, _ := domain.Lookup("complaint.filed")
	data, err := domain.NewDecoder().Decode(filed, []byte(`{"complaint_id":"k1"}`))
	if err != nil {
		b.Fatal(err)
	}
	ev := &domain.Event{ID: "e1", Type: "complaint.filed", Time: domain.InstantOf(time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC))}
	b.ReportAllocs()
	for b.Loop() {
		x := &p.DeadlinesOn(ev.Type)[0]
		if _, _, ok := x.Span(ev, data, p.Calendar()); !ok || x.ID(ev, data) != "k1" {
			b.Fatal("the complaint starts nothing")
		}
	}
}
