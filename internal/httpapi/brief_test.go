package httpapi

import (
	"context"
	"testing"

	"github.com/rapport-crm/rapport/internal/replay"
)

type oneTimeline struct {
	history
	asked int
}

func (h *oneTimeline) Timeline(_ context.Context, _ string, req replay.TimelineRequest) (*replay.TimelinePage, error) {
	h.asked = req.Limit
	return &replay.TimelinePage{}, nil
}

func TestABriefReadsNoMoreOfATimelineThanItShows(t *testing.T) {
	t.Parallel()
	h := new(oneTimeline)
	a := &api{Options: Options{History: h}}
	if _, err := a.lastContacts(t.Context(), "c", 5); err != nil || h.asked > 5 {
		t.Errorf("for 5 contacts the timeline collects %d events, %v", h.asked, err)
	}
}
