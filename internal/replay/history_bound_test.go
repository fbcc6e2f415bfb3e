package replay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
)

func TestAHistoryAsOfADayTellsNothingOfWhatCameLater(t *testing.T) {
	t.Parallel()
	start := domain.InstantOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	history := func(days ...int) string {
		var events []domain.Event
		for i, d := range days {
			events = append(events, domain.Event{
				ID: fmt.Sprint("p", i), Source: "t", Type: "purchase.recorded", Subject: "c", Time: start + domain.Instant(d)*domain.Day,
				ExpectedVersion: domain.NoExpectation, Data: []byte(`{"amount":{"minor":100,"currency":"CNY"},"quantity":1}`),
			})
		}
		log := newShelf(t, domain.DefaultPolicy(), events)
		reader := replay.NewReader(log, log.store, func() *projections.Fold { return log.fold })
		var told strings.Builder
		for cursor, more := "", true; more; more = cursor != "" {
			page, err := reader.History(t.Context(), "c", replay.HistoryRequest{
				Bound: projections.Bound{At: start + 200*domain.Day}, Ascending: true, Limit: 1, Cursor: cursor,
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range page.Items {
				fmt.Fprintln(&told, x.At, x.Event, x.Stage, x.Level, x.Lost)
			}
			cursor = page.Next
		}
		return told.String()
	}
	want := history(0)
	if strings.Count(want, "\n") < 4 {
		t.Fatalf("silence alone tells\n%s", want)
	}
	if got := history(0, 300, 310, 320); got != want {
		t.Errorf("with later events it tells\n%swithout them\n%s", got, want)
	}
}
