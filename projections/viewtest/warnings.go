package viewtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// decisions are what people decide about the warnings of customers: one customer for each, after the given days of silence.
var decisions = []struct {
	day       int
	typ, data string
}{
	{120, "note.added", `{}`},
	{120, "warning.acknowledged", `{"warning_id":%q,"note":"calls"}`},
	{120, "warning.assigned", `{"warning_id":%q,"employee":"e1"}`},
	{121, "warning.assigned", `{"warning_id":%q}`},
	{120, "warning.snoozed", `{"warning_id":%q,"until":"2024-05-05T00:00:00Z","reason":"later"}`},
	{120, "warning.snoozed", `{"warning_id":%q,"until":"2024-06-15T00:00:00Z","reason":"later"}`},
	{120, "warning.dismissed", `{"warning_id":%q,"reason":"groundless"}`},
	{121, "purchase.recorded", `{"amount":{"minor":1,"currency":"CNY"}}`},
	{152, "warning.acknowledged", `{"warning_id":%q}`},
}

// testWarnings lets customers fall silent on one day, people decide about their warnings in different ways, and looks at the
// inbox as time goes on. Their warnings are high after 136 days; nobody answering is told a working day later.
func testWarnings(t *testing.T, open NewStore) {
	fold := DefaultFold()
	for day, unanswered := range map[int][]int{
		119: {0, 1, 2, 3, 4, 5, 6, 7, 8},
		122: {0, 3, 8},
		126: {0, 3, 4, 8},
		140: {0, 3, 4, 5, 6, 8}, // worse: the snoozed one is shown again, and another one follows the dismissed one
		153: {0, 3, 4, 5, 6},
	} {
		for batch, ticks := range map[int]bool{1: false, 7: true} {
			g := decided(day, ticks)
			store, records := open(t, fold, 1), g.Partition(1)
			Fold(t, store, fold, records, batch)
			Equal(t, store, reference(t, fold, records), g.subjects)
			checkInbox(t, store, g, unanswered, fmt.Sprintf("after %d days, with ticks %t", day, ticks))
		}
	}
}

// decided returns the history up to a day of the silence. The last event is of a customer who bought on it.
func decided(until int, ticks bool) *generator {
	g := newGenerator(len(decisions)+1, func(int) int { return 2 })
	start := g.at
	var bought []domain.Event
	for i := range decisions {
		bought = append(bought, g.event(i, "purchase.recorded", g.subjects[i], `{"amount":{"minor":1,"currency":"CNY"}}`))
		g.append(bought[i])
	}
	n := len(decisions)
	for day := 1; day <= until; day++ {
		g.at = start.Add(time.Duration(day) * 24 * time.Hour)
		for i, d := range decisions {
			if d.day != day {
				continue
			}
			data := d.data
			if strings.HasPrefix(d.typ, "warning.") {
				data = fmt.Sprintf(data, domain.DerivedID("warning", g.subjects[i], bought[i].ID, "1"))
			}
			n++
			g.append(g.event(n, d.typ, g.subjects[i], data))
		}
		if n++; ticks && day%3 == 0 {
			g.tick(n, g.at)
		}
	}
	g.append(g.event(n+1, "purchase.recorded", g.subjects[len(decisions)], `{"amount":{"minor":1,"currency":"CNY"}}`))
	return g
}

// checkInbox compares whose warnings wait for an answer.
func checkInbox(t *testing.T, store projections.Store, g *generator, want []int, when string) {
	t.Helper()
	page, err := store.Cases(t.Context(), projections.CaseFilter{Kind: projections.CaseWarning, Unanswered: true, Limit: projections.AllCases})
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for i := range page.Items {
		got = append(got, slices.Index(g.subjects, page.Items[i].Customer))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s the warnings of %d wait for an answer, want %d", when, got, want)
	}
}
