package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// survey returns an answered survey with one score.
func survey(score string) string {
	return purchase("c1", "type", `"survey.answered"`,
		"data", `{"questionnaire":"sales","source":"internal","answers":[{"item":"s1","score":`+score+`}]}`)
}

// refused are events that break one rule each.
var refused = []struct {
	name, event   string
	status        int
	pointer, rule string
}{
	{"an event that is not JSON", `{"specversion":`, 400, "", "syntax"},
	{"an event that is an array", `[]`, 422, "", "type"},
	{"an empty body", ` `, 400, "", "syntax"},
	{"an event without a subject", purchase("c1", "subject", ""), 422, "/subject", "required"},
	{"an event with an empty subject", purchase("", "id", `"x"`), 422, "/subject", "required"},
	{"an event without a time", purchase("c1", "time", ""), 422, "/time", "required"},
	{"a time that is a number", purchase("c1", "time", "1772357400"), 422, "/time", "type"},
	{"a time of another form", purchase("c1", "time", `"2026-03-01"`), 422, "/time", "format"},
	{"a date ten years ahead", purchase("c1", "time", `"2036-03-01T09:30:00Z"`), 422, "/time", "future"},
	{"a member with a capital letter", purchase("c1", "orgUnit", `"north"`), 422, "", "format"},
	{"an extension that is an object", purchase("c1", "color", `{}`), 422, "/color", "type"},
	{"another version of CloudEvents", purchase("c1", "specversion", `"0.3"`), 422, "/specversion", "unsupported"},
	{"data in base64", purchase("c1", "data", "", "data_base64", `"AA=="`), 422, "/data_base64", "unsupported"},
	{"a type of the engine's own", purchase("c1", "type", `"clock.ticked"`, "data", `{"at":"2026-03-01T00:00:00Z"}`), 422, "/type", "reserved"},
	{"a subject of another kind", purchase("org:brand"), 422, "/subject", "format"},
	{"a subject with a NUL", purchase("c1", "subject", `"c\u00001"`), 422, "/subject", "format"},
	{"a text with a NUL", purchase("c1", "data", `{"amount":{"minor":1,"currency":"CNY"},"product":"a\u0000b"}`), 422, "/data/product", "nul"},
	{"an amount that is a text", purchase("c1", "data", `{"amount":{"minor":"1","currency":"CNY"}}`), 422, "/data/amount/minor", "type"},
	{"a purchase without an amount", purchase("c1", "data", `{}`), 422, "/data/amount", "required"},
	{"a negative score", survey("-1"), 422, "/data/answers/0/score", "min"},
	{"data of 65 KiB", purchase("c1", "data", `{"amount":{"minor":1,"currency":"CNY"},"x":"`+strings.Repeat("x", 65<<10)+`"}`), 422, "/data", "length"},
}

func TestARefusedEventIsAnsweredWithTheFieldAndTheRule(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, test := range refused {
		slug := "invalid-event"
		if test.status == http.StatusBadRequest {
			slug = "malformed-body"
		}
		p := s.post(one, test.event).problem(test.status, slug)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != test.pointer || p.Errors[0].Rule != test.rule || p.Errors[0].Message == "" {
			t.Errorf("%s: errors are %+v, want %s %s", test.name, p.Errors, test.pointer, test.rule)
		}
	}
	if n := s.appended(); n != 0 {
		t.Errorf("the log has %d records of refused events", n)
	}
}

func TestARefusedEventDoesNotHarmTheRestOfABatch(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, test := range refused {
		if !json.Valid([]byte(test.event)) {
			continue
		}
		before := s.appended()
		r := s.post(batch, "["+purchase("c1")+","+test.event+","+purchase("c2")+"]").wants(http.StatusOK)
		var answer struct{ Results []outcome }
		r.into(&answer)
		checkMiddle(t, test.name, answer.Results, test.pointer, test.rule)
		if n := s.appended() - before; n != 2 {
			t.Errorf("%s: %d records were appended, want 2", test.name, n)
		}
	}
}

func TestARefusedEventDoesNotHarmTheRestOfAStream(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, test := range refused {
		if strings.TrimSpace(test.event) == "" {
			continue
		}
		before := s.appended()
		r := s.post(ndjson, purchase("c1")+"\n"+test.event+"\n"+purchase("c2")+"\n").wants(http.StatusOK)
		checkMiddle(t, test.name, r.outcomes(), test.pointer, test.rule)
		if n := s.appended() - before; n != 2 {
			t.Errorf("%s: %d records were appended, want 2", test.name, n)
		}
	}
}

// checkMiddle checks that of three results the second is invalid for the given reason and the others are accepted.
func checkMiddle(t *testing.T, name string, got []outcome, pointer, rule string) {
	t.Helper()
	if len(got) != 3 || got[0].Status != "accepted" || got[1].Status != "invalid" || got[2].Status != "accepted" {
		t.Errorf("%s: results are %+v", name, got)
		return
	}
	if e := got[1].Errors; len(e) != 1 || e[0].Pointer != pointer || e[0].Rule != rule {
		t.Errorf("%s: errors are %+v, want %s %s", name, e, pointer, rule)
	}
}

func TestAnAnswerNeverHoldsTheRejectedValue(t *testing.T) {
	t.Parallel()
	s := setup(t)
	const secret = "hunter2"
	for _, event := range []string{
		purchase("c1", "data", `{"amount":{"minor":"`+secret+`","currency":"CNY"}}`),
		purchase("c1", "data", `{"amount":{"minor":1,"currency":"`+secret+`"}}`),
		purchase("c1", "time", `"`+secret+`"`),
		purchase("org:" + secret),
		`{"` + secret + "A" + `":1}`,
		secret,
	} {
		for media, body := range map[string]string{one: event, batch: "[" + event + "]", ndjson: event} {
			if r := s.post(media, body); strings.Contains(string(r.body), secret) {
				t.Errorf("%s: the answer has the value: %s", media, r.body)
			}
		}
	}
	for _, query := range []string{"limit=" + secret, "stage=" + secret, "sort=" + secret, "cursor=" + secret, "after=" + secret} {
		if r := s.get("/v1/customers?" + query).wants(422); strings.Contains(string(r.body), secret) {
			t.Errorf("the answer has the value: %s", r.body)
		}
	}
}

func TestAnIDWithOtherContentInOneRequestIsInvalid(t *testing.T) {
	t.Parallel()
	s := setup(t)
	first := purchase("c1", "id", `"same"`)
	other := purchase("c1", "id", `"same"`, "data", `{"amount":{"minor":2,"currency":"CNY"}}`)
	again := purchase("c1", "id", `"same"`, "traceparent", `"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"`)
	stranger := purchase("c2", "id", `"same"`)
	check := func(media string, got []outcome) {
		t.Helper()
		if len(got) != 4 || got[0].Status != "accepted" || got[1].Status != "invalid" || got[2].Status != "duplicate" || got[3].Status != "accepted" {
			t.Fatalf("%s: results are %+v", media, got)
		}
		if e := got[1].Errors; len(e) != 1 || e[0].Rule != "id_reused" || e[0].Pointer != "/id" {
			t.Errorf("%s: errors are %+v", media, e)
		}
		if got[2].Position != got[0].Position {
			t.Errorf("%s: the duplicate is at %s, the first at %s", media, got[2].Position, got[0].Position)
		}
	}
	all := []string{first, other, again, stranger}
	var answer struct{ Results []outcome }
	s.post(batch, "["+strings.Join(all, ",")+"]").wants(http.StatusOK).into(&answer)
	check(batch, answer.Results)
	check(ndjson, s.post(ndjson, strings.Join(all, "\n")).wants(http.StatusOK).outcomes())
	if n := s.appended(); n != 4 {
		t.Errorf("the log has %d records, want 2 of each request", n)
	}
}

func TestALineAboveTheLimitIsRefusedAndTheRestUnharmed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	long := purchase("c1", "comment", fmt.Sprintf("%q", strings.Repeat("x", 1<<20)))
	for _, lines := range [][]string{{purchase("c1"), long, purchase("c2")}, {purchase("c1"), strings.Repeat("x", 5<<20), purchase("c2")}} {
		before := s.appended()
		r := s.post(ndjson, strings.Join(lines, "\n")).wants(http.StatusOK)
		checkMiddle(t, "long line", r.outcomes(), "", "length")
		if n := s.appended() - before; n != 2 {
			t.Errorf("%d records were appended, want 2", n)
		}
	}
	// One MB is below the limit of a line, and then the event itself is judged.
	r := s.post(ndjson, purchase("c1")+"\n"+purchase("c1", "data", fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", 1_000_000)))+"\n"+purchase("c2"))
	checkMiddle(t, "line of 1 MB", r.wants(http.StatusOK).outcomes(), "/data", "length")
}

func TestABodyAboveTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.post(one, strings.Repeat(" ", 256<<10+1)+purchase("c1")).problem(http.StatusRequestEntityTooLarge, "too-large")
	s.post(batch, "["+strings.Repeat("1,", 100_000)+"1]").problem(http.StatusRequestEntityTooLarge, "too-large")
	s.post(one, purchase("c1")+strings.Repeat(" ", 200<<10)).wants(http.StatusAccepted)
}
