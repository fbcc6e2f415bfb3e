package broker

import (
	"testing"
	"time"
)

func TestAClockThatIsSetBackDoesNotRefuseProducersThatGoOn(t *testing.T) {
	t.Parallel()
	var s stamps
	now := time.Now()
	before := s.limit(now)
	if before != now.Add(maxAhead).UnixMilli() {
		t.Errorf("limit is %d at %d", before, now.UnixMilli())
	}
	if after := s.limit(now.Add(-time.Hour)); after != before {
		t.Errorf("limit is %d, was %d before the clock was set back", after, before)
	}
	if later := s.limit(now.Add(time.Hour)); later-before != time.Hour.Milliseconds() {
		t.Errorf("limit is %d an hour after %d", later, before)
	}
}
