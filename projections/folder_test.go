package projections_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// envelope is a record as another producer might write it.
func envelope(key, value string) eventstore.Record {
	return eventstore.Record{
		Key: []byte(key), Value: []byte(value), Headers: wire.Headers(),
		RecordedAt: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
	}
}

const paid = `"data":{"amount":{"minor":1,"currency":"CNY"}}`

// event writes a structured event of customer c with the given members after the usual ones.
func event(id, typ, rest string) string {
	return fmt.Sprintf(`{"specversion":"1.0","source":"test","subject":"c","time":"2026-01-01T00:00:00Z","id":%q,"type":%q,%s}`, id, typ, rest)
}

func TestABadRecordIsSetAsideWithItsReasonAndHarmsNoOther(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for name, c := range map[string]struct {
		record  eventstore.Record
		verdict eventstore.Verdict
		pointer string
		rule    string
	}{
		"not JSON":              {envelope("c", `{"specversion`), eventstore.Quarantined, "", "syntax"},
		"nothing at all":        {envelope("c", ``), eventstore.Quarantined, "", "syntax"},
		"NUL bytes":             {envelope("c", "\x00\x00"), eventstore.Quarantined, "", "syntax"},
		"no id":                 {envelope("c", `{"specversion":"1.0","source":"t","type":"note.added","subject":"c"}`), eventstore.Quarantined, "/id", "required"},
		"wrong type of member":  {envelope("c", event("x", "purchase.recorded", `"data":{"amount":"a lot"}`)), eventstore.Quarantined, "/data/amount", "type"},
		"negative amount":       {envelope("c", event("x", "purchase.recorded", `"data":{"amount":{"minor":-1,"currency":"CNY"}}`)), eventstore.Quarantined, "/data/amount/minor", "min"},
		"negative score":        {envelope("c", event("x", "survey.answered", `"data":{"questionnaire":"nps","source":"internal","answers":[{"item":"nps","score":-1}]}`)), eventstore.Quarantined, "/data/answers/0/score", "min"},
		"missing data":          {envelope("c", event("x", "purchase.recorded", `"data":{}`)), eventstore.Quarantined, "/data/amount", "required"},
		"ten years ahead":       {envelope("c", `{"specversion":"1.0","source":"t","id":"x","type":"note.added","subject":"c","time":"2036-01-01T00:00:00Z","data":{}}`), eventstore.Quarantined, "/time", "future"},
		"65 KiB of data":        {envelope("c", event("x", "note.added", `"data":{"text":"`+strings.Repeat("a", 65<<10)+`"}`)), eventstore.Quarantined, "/data", "length"},
		"nested too deep":       {envelope("c", event("x", "thing.done", `"data":{"a":`+deep+`}`)), eventstore.Quarantined, "", "depth"},
		"NUL in a text":         {envelope("c", event("x", "customer.registered", `"data":{"party_type":"person","name":"a\u0000b"}`)), eventstore.Quarantined, "/data/name", "nul"},
		"no key":                {envelope("", event("x", "purchase.recorded", paid)), eventstore.Quarantined, "/subject", "key"},
		"key of another":        {envelope("d", event("x", "purchase.recorded", paid)), eventstore.Quarantined, "/subject", "mismatch"},
		"wrong partition":       {envelope("elsewhere", strings.Replace(event("x", "purchase.recorded", paid), `"c"`, `"elsewhere"`, 1)), eventstore.Quarantined, "/subject", "partition"},
		"control record":        {envelope("c", event("x", "clock.ticked", `"data":{"at":"2026-01-01T00:00:00Z"}`)), eventstore.Quarantined, "/subject", "format"},
		"id with other content": {envelope("c", event("good-1", "purchase.returned", paid)), eventstore.Conflict, "/id", "id_reused"},
		"version not met":       {envelope("c", event("x", "purchase.recorded", `"expectedversion":"7",`+paid)), eventstore.Conflict, "/expectedversion", "version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := []eventstore.Record{
				envelope("c", event("good-1", "purchase.recorded", paid)), c.record, envelope("c", event("good-2", "thing.done", `"data":{}`)),
			}
			for i := range records {
				records[i].Offset = int64(i)
			}
			store := foldOwned(t, records)
			s := summary(t, store)
			if s.Events != 2 || s.Verdicts[c.verdict.String()] != 1 {
				t.Errorf("verdicts %v", s.Verdicts)
			}
			page, err := store.Quarantined(t.Context(), projections.QuarantineFilter{})
			if err != nil || len(page.Items) != 1 {
				t.Fatalf("set aside: %+v, %v", page, err)
			}
			q := page.Items[0]
			if q.Offset != 1 || q.Verdict != c.verdict || len(q.Problems) != 1 || q.Problems[0].Rule != c.rule || q.Problems[0].Pointer != c.pointer {
				t.Errorf("set aside %+v, want %s %s", q, c.pointer, c.rule)
			}
			if strings.Contains(fmt.Sprint(q.Problems), "a lot") {
				t.Errorf("the entry shows the value: %+v", q)
			}
		})
	}
}

// foldOwned folds records where the key "elsewhere" belongs to another partition.
func foldOwned(t *testing.T, records []eventstore.Record) *memview.Store {
	t.Helper()
	store := memview.New(defaultFold, 1)
	owner := func(key []byte) int {
		if bytes.Equal(key, []byte("elsewhere")) {
			return 1
		}
		return 0
	}
	folder := projections.NewFolder(defaultFold, store, projections.FolderOptions{PartitionOf: owner})
	at, err := folder.Claim(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Fold(t.Context(), at, records); err != nil {
		t.Fatal(err)
	}
	return store
}

func TestAnEventOfAnUnknownTypeIsKept(t *testing.T) {
	t.Parallel()
	r := envelope("c", event("x", "showroom.opened", `"data":{"anything":[1,2]}`))
	store := foldOwned(t, []eventstore.Record{r})
	stream, err := store.Stream(t.Context(), "c")
	if err != nil || len(stream.Offsets) != 1 {
		t.Errorf("stream %+v, %v", stream, err)
	}
	if s := summary(t, store); s.Events != 1 || s.Customers != 1 || s.Stages["prospect"] != 1 {
		t.Errorf("%+v", s)
	}
}

func TestStreamsOfEmployeesAndUnitsAreNoCustomers(t *testing.T) {
	t.Parallel()
	r := envelope("employee:e-7", strings.Replace(event("x", "employee.left", `"data":{}`), `"c"`, `"employee:e-7"`, 1))
	store := foldOwned(t, []eventstore.Record{r})
	if s := summary(t, store); s.Events != 1 || s.Customers != 0 || s.Verdicts["quarantined"] != 0 {
		t.Errorf("%+v", s)
	}
	if _, err := store.Customer(t.Context(), "employee:e-7"); err == nil {
		t.Error("an employee is shown as a customer")
	}
	if page, err := store.Customers(t.Context(), projections.CustomerFilter{}); err != nil || len(page.Items) != 0 {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestAFolderRefusesRecordsThatDoNotFollowTheCheckpoint(t *testing.T) {
	t.Parallel()
	r := envelope("c", event("x", "thing.done", `"data":{}`))
	r.Offset = 5
	store := memview.New(defaultFold, 1)
	folder := projections.NewFolder(defaultFold, store, projections.FolderOptions{PartitionOf: inPartitionZero})
	at, err := folder.Claim(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Fold(t.Context(), at, []eventstore.Record{r}); err == nil {
		t.Error("a gap was folded over")
	}
}

func TestAnswersThatDoNotFitTheirQuestionnaireAreSetAsideWithEveryPlace(t *testing.T) {
	t.Parallel()
	answers := func(questionnaire, list string) eventstore.Record {
		return envelope("c", event("x", "survey.answered", fmt.Sprintf(`"data":{"questionnaire":%q,"source":"internal","answers":[%s]}`, questionnaire, list)))
	}
	for name, c := range map[string]struct {
		record eventstore.Record
		want   []string
	}{
		"unknown questionnaire": {answers("guess", `{"item":"NPS","score":9}`), []string{"/data/questionnaire oneof"}},
		"all faults at once": {
			answers("service", `{"item":"V01","score":9},{"item":"S17","yes":true},{"item":"V01","score":8},{"item":"V02","score":0},{"item":"V03","text":"good"}`),
			[]string{"/data/answers/1/item oneof", "/data/answers/2/item unique", "/data/answers/3/score min", "/data/answers/4/score required"},
		},
		"beyond the scale": {answers("csat", `{"item":"CSAT","score":6}`), []string{"/data/answers/0/score max"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := foldOwned(t, []eventstore.Record{c.record})
			page, err := store.Quarantined(t.Context(), projections.QuarantineFilter{})
			if err != nil || len(page.Items) != 1 || page.Items[0].Verdict != eventstore.Quarantined {
				t.Fatalf("set aside: %+v, %v", page, err)
			}
			var got []string
			for _, p := range page.Items[0].Problems {
				got = append(got, p.Pointer+" "+p.Rule)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("problems %v, want %v", got, c.want)
			}
			if cells, err := store.Cells(t.Context(), projections.CellFilter{Kinds: surveyCells}); err != nil || len(cells.Cells) > 0 {
				t.Errorf("counted %+v, %v", cells, err)
			}
		})
	}
}
