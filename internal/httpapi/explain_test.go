package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// threePurchases appends purchases of January, February and March and a complaint, and returns the position behind them.
func threePurchases(s *server) string {
	var events []string
	for month := 1; month <= 3; month++ {
		events = append(events, purchase("c1", "id", fmt.Sprintf(`"p%d"`, month), "time", fmt.Sprintf(`"2026-%02d-01T09:00:00Z"`, month)))
	}
	events = append(events, purchase("c1", "id", `"k1"`, "type", `"complaint.filed"`, "time", `"2026-03-02T01:00:00Z"`, "data", `{"complaint_id":"K"}`))
	return s.post(batch, "["+strings.Join(events, ",")+"]").wants(http.StatusOK).header.Get("Rapport-Position")
}

func TestAnExplanationNamesEveryEventBehindTheScore(t *testing.T) {
	t.Parallel()
	s := setup(t)
	after := threePurchases(s)
	type contribution struct {
		Factor   string
		Points   float64
		Evidence []string
	}
	var x struct {
		Risk struct {
			Score         float64
			Contributions []contribution
		}
		Events []struct{ ID, Type string }
	}
	s.get("/v1/customers/c1/explain?after=" + after).wants(http.StatusOK).into(&x)
	evidence := make(map[string]string)
	for _, c := range x.Risk.Contributions {
		evidence[c.Factor] = strings.Join(c.Evidence, " ")
	}
	if evidence["silence"] != "p1 p2 p3" || evidence["complaint"] != "k1" || len(x.Events) != 4 {
		t.Errorf("the evidence is %v, the events %v", evidence, x.Events)
	}
	var view struct{ Risk struct{ Score float64 } }
	s.get("/v1/customers/c1").wants(http.StatusOK).into(&view)
	if view.Risk.Score != x.Risk.Score {
		t.Errorf("the view has the score %v, the explanation %v", view.Risk.Score, x.Risk.Score)
	}
	var earlier struct {
		Risk   struct{ Contributions []contribution }
		Events []struct{ ID string }
	}
	s.get("/v1/customers/c1/explain?as_of=2026-02-15T00:00:00Z").wants(http.StatusOK).into(&earlier)
	if len(earlier.Events) != 2 {
		t.Errorf("in February there are the events %v", earlier.Events)
	}
}

func TestEveryQuestionHasAnAnswer(t *testing.T) {
	t.Parallel()
	s := setup(t)
	after := threePurchases(s)
	for what, member := range map[string]string{"risk": "risk", "stage": "stage", "satisfaction": "satisfaction", "value": "value"} {
		var answer map[string]any
		s.get("/v1/customers/c1/explain?what=" + what + "&after=" + after).wants(http.StatusOK).into(&answer)
		if answer["what"] != what || answer[member] == nil {
			t.Errorf("the answer about %s is %v", what, answer)
		}
	}
	s.get("/v1/customers/c1/explain?what=weather").problem(http.StatusUnprocessableEntity, "invalid-request")
	s.get("/v1/customers/nobody/explain").problem(http.StatusNotFound, "not-found")
	s.get("/v1/customers/nobody/history").problem(http.StatusNotFound, "not-found")
	s.get("/v1/customers/c1/history?cursor=x").problem(http.StatusUnprocessableEntity, "invalid-request")
}

// turn is what the tests look at in a history.
type turn struct {
	At        string
	Event     *struct{ ID string }
	Stage     string
	FromStage string `json:"from_stage"`
	Level     string
	FromLevel string `json:"from_level"`
	Score     *float64
}

// TestAHistoryTellsWhatEventsAndSilenceDid reads a history whole and in pages, in both orders. A second customer has moved now
// to the end of the year, by which silence has taken the first one through warnings to the loss.
func TestAHistoryTellsWhatEventsAndSilenceDid(t *testing.T) {
	t.Parallel()
	s := setup(t)
	threePurchases(s)
	after := s.post(one, purchase("c2", "time", `"2026-03-10T11:00:00Z"`)).wants(http.StatusAccepted).header.Get("Rapport-Position")
	read := func(query string) (turns []turn) {
		t.Helper()
		for cursor := ""; ; {
			var page struct {
				Items []turn
				Next  string
			}
			s.get("/v1/customers/c1/history?after=" + after + query + cursor).wants(http.StatusOK).into(&page)
			turns = append(turns, page.Items...)
			if page.Next == "" {
				return turns
			}
			cursor = "&cursor=" + page.Next
		}
	}
	whole := read("&order=asc&as_of=2027-03-01T00:00:00Z")
	var story []string
	for _, x := range whole {
		what := "silence"
		if x.Event != nil {
			what = x.Event.ID
		}
		story = append(story, strings.Join(strings.Fields(what+" "+x.FromStage+" "+x.Stage+" "+x.FromLevel+" "+x.Level), " "))
	}
	want := "p1 growth low; p2 growth low; p3 growth low; k1 growth low; silence growth maturity low; silence maturity low watch; " +
		"silence maturity watch high; silence maturity decline high; silence decline high critical; silence decline critical low"
	if got := strings.Join(story, "; "); got != want {
		t.Errorf("the history is\n%s, want\n%s", got, want)
	}
	for _, query := range []string{"&order=asc&limit=2", "&order=asc&limit=3", "&order=desc&limit=1", "&order=desc&limit=4"} {
		turns := read(query + "&as_of=2027-03-01T00:00:00Z")
		if strings.Contains(query, "desc") {
			for i, j := 0, len(turns)-1; i < j; i, j = i+1, j-1 {
				turns[i], turns[j] = turns[j], turns[i]
			}
		}
		if fmt.Sprint(len(turns), turns[0].At, turns[len(turns)-1].At) != fmt.Sprint(len(whole), whole[0].At, whole[len(whole)-1].At) {
			t.Errorf("with %s there are %d turns from %s to %s", query, len(turns), turns[0].At, turns[len(turns)-1].At)
		}
	}
	if now := read(""); len(now) != 4 || now[0].Score == nil {
		t.Errorf("by now there are %+v", now)
	}
}
