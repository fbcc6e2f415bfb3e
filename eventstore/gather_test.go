package eventstore

import (
	"sync"
	"testing"
	"time"
)

// Callers may come back at the very moment at which a lane gives up waiting for them.
func TestALaneThatWaitedIsReadyToWaitAgain(t *testing.T) {
	t.Parallel()
	l := &lane{log: &Log{}, enough: make(chan struct{}, 1), running: true}
	for range 200 {
		l.queue = nil
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() {
				if err := l.enqueue(t.Context(), &pending{}); err != nil {
					t.Error(err)
				}
			})
		}
		l.gather(3, 20*time.Microsecond)
		callers.Wait()
		if l.wanted != 0 || len(l.enough) != 0 || len(l.queue) != 3 {
			t.Fatalf("it wants %d callers with %d signals, %d are waiting", l.wanted, len(l.enough), len(l.queue))
		}
	}
}

func TestASingleCallerWaitsForNobody(t *testing.T) {
	t.Parallel()
	// Waiting would set the number anew.
	l := &lane{log: &Log{}, wanted: 7}
	l.gather(1, time.Microsecond)
	if l.wanted != 7 {
		t.Error("the lane waited")
	}
}
