package notify

import (
	"context"
	"log/slog"
	"slices"
	"sync"
)

// settler writes down what came of requests, those that came to an end while it was writing together: a store takes many
// with the work of one.
type settler struct {
	store   Queue
	options Options
	// settled is called after the store knows of some.
	settled func()

	mu sync.Mutex
	// waiting are those that the store does not know of yet.
	waiting []outcome
	// writing says that a goroutine writes, and writers counts it.
	writing bool
	writers sync.WaitGroup
	// open is how many the store does not know of yet, those that are being written among them.
	open int
}

// outcome is a delivery after a request.
type outcome struct {
	delivery Delivery
	// cut says that the end of the program cut the request off: it did not come to an end.
	cut bool
}

// add takes an outcome and returns at once. When the store does not take it, the lease ends and the request is made again
// with the same id.
func (s *settler) add(o outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, o)
	s.open++
	if !s.writing {
		s.writing = true
		s.writers.Go(s.write)
	}
}

// unsettled returns how many outcomes the store does not know of yet.
func (s *settler) unsettled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// wait returns once the store knows of everything that was added.
func (s *settler) wait() { s.writers.Wait() }

// write writes until nothing waits.
func (s *settler) write() {
	for {
		s.mu.Lock()
		batch := s.waiting
		s.waiting = nil
		s.writing = len(batch) > 0
		s.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		s.settle(batch)
		s.mu.Lock()
		s.open -= len(batch)
		s.mu.Unlock()
		s.settled()
	}
}

func (s *settler) settle(batch []outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), storeGrace/2)
	defer cancel()
	deliveries := make([]Delivery, len(batch))
	for i := range batch {
		deliveries[i] = batch[i].delivery
	}
	lost, err := s.store.Settle(ctx, deliveries)
	if err != nil {
		s.options.Logger.LogAttrs(ctx, slog.LevelWarn, "outcomes of webhook requests were not kept",
			slog.Int("deliveries", len(batch)), slog.Any("error", err))
		return
	}
	for i := range batch {
		switch {
		case slices.Contains(lost, deliveries[i].ID):
			s.options.Logger.LogAttrs(ctx, slog.LevelWarn, "outcome of a webhook request was not kept, somebody else has the delivery",
				slog.String("delivery", deliveries[i].ID))
		case !batch[i].cut:
			s.options.Attempted(deliveries[i])
		}
	}
}
