package importer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
)

// attempts is how often records are appended, without one of them being acknowledged, while their outcome is unknown.
// The pauses between the attempts add up to some 13 s.
const attempts = 8

// firstPause is the pause after the first attempt. Each further one is twice as long.
const firstPause = 100 * time.Millisecond

// send appends the records of one partition, round by round, until the queue is closed or another partition has
// failed. A partition has one append in flight, so records whose outcome is unknown can be appended again without
// changing places with later ones.
func (x *run) send(stop context.Context, partition int) error {
	for r := range x.queues[partition] {
		if stop.Err() != nil {
			return nil // the failure is the error of another partition
		}
		last, err := x.append(stop, r.parts[partition].build())
		if err != nil {
			return fmt.Errorf("partition %d: %w", partition, err)
		}
		if err := x.settle(r, last); err != nil {
			return err
		}
	}
	return nil
}

// append appends records and returns the position of the last one. Rows that were read are appended even when the
// import is interrupted; only the repetition of what failed is given up then.
func (x *run) append(stop context.Context, records []eventstore.Record) (eventstore.Position, error) {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		results, err := x.log.Append(context.WithoutCancel(stop), records)
		if err == nil {
			return results[len(results)-1].Position, nil
		}
		// What was acknowledged before the first failure stays; the rest was not sent or may be in the log.
		failed := 0
		for failed < len(results) && results[failed].Err == nil {
			failed++
		}
		if failed > 0 && failed < len(records) {
			records, attempt, pause = records[failed:], 1, firstPause
		}
		if !errors.Is(err, eventstore.ErrUnknownOutcome) || attempt == attempts {
			return eventstore.Position{}, err
		}
		select {
		case <-time.After(pause):
		case <-x.interrupted:
			return eventstore.Position{}, err
		case <-stop.Done():
			return eventstore.Position{}, err
		}
		pause *= 2
	}
}

// settle notes that the records of one partition of a round are in the log. When that completes the oldest rounds,
// they count as durable, and the state says so.
func (x *run) settle(r *round, last eventstore.Position) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	r.open--
	x.positions[last.Partition] = max(x.positions[last.Partition], last.Offset+1)
	return x.retire()
}

// retire counts the oldest rounds as durable, as far as they are in the log, and gives them back to be filled again.
// The caller holds the lock.
func (x *run) retire() error {
	retired := 0
	for retired < len(x.inFlight) && x.inFlight[retired].open == 0 {
		x.durable = x.inFlight[retired].counts
		x.free <- x.inFlight[retired]
		retired++
	}
	if retired == 0 {
		return nil
	}
	x.inFlight = append(x.inFlight[:0], x.inFlight[retired:]...)
	if x.opts.Progress != nil {
		x.opts.Progress(Progress{Counts: x.durable, Offset: x.file.Offset(), Size: x.file.Size()})
	}
	if x.opts.State == "" {
		return nil
	}
	s := state{File: x.file.Path(), Fingerprint: x.fingerprint, Counts: x.durable, Positions: x.positions}
	return s.save(x.opts.State)
}
