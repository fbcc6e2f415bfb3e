package main

import (
	"encoding/json"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/replay"
)

func TestTimelineShowsALineForEachEvent(t *testing.T) {
	t.Parallel()
	server := answer(t, &replay.TimelinePage{
		Items: []replay.TimelineItem{
			{
				Version: 2, ID: "ev-2", Source: "/dms", Type: "purchase.recorded", OccurredAt: instant(t, "2026-02-01T00:00:00Z"),
				RecordedAt: instant(t, "2026-02-01T00:00:01.5Z"), Position: eventstore.Position{Partition: 3, Offset: 1204},
				Actor: "e-1", Channel: "showroom", Data: json.RawMessage(`{"amount":{"minor":129900,"currency":"CNY"}}`),
			},
			{
				Version: 1, ID: "ev-1", Source: "/dms", Type: "note.added", OccurredAt: instant(t, "2026-01-01T00:00:00Z"),
				RecordedAt: instant(t, "2026-01-01T00:00:01Z"), Position: eventstore.Position{Partition: 3, Offset: 7},
				Data: json.RawMessage(`null`),
			},
		},
		Next: "dDE", Positions: eventstore.Positions{0, 0, 0, 1205},
	})
	got := execute(t, "timeline", "c-1", "--url", server.url)
	if want := "more: --cursor dDE\n"; got.code != exitDone || got.stderr != want {
		t.Errorf("the run shows %+v, want %q on standard error", got, want)
	}
	golden(t, "timeline", got.stdout)
}
