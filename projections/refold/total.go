package refold

import (
	"cmp"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// Total is what the passes of a partition come to together, apart from the streams themselves. It is for one goroutine.
type Total struct {
	// Next is the offset before which all records were read, Last the fingerprint of the last of them, and Recorded when it
	// was recorded.
	Next     int64
	Last     uint64
	Recorded domain.Instant
	// Newest is the newest occurred_at that was accepted, or the newest tick.
	Newest domain.Instant
	// Streams counts the streams, and Quarantined the records that were set aside.
	Streams, Quarantined int64
	// Digest is that of the streams as their last records left them, with the cells.
	Digest  projections.Digest
	Rollups projections.Rollups
	// Parked are in order of customer, Queued and Policies in order of offset.
	Parked   []projections.Parked
	Queued   []projections.Queued
	Policies []projections.PublishedPolicy
	// Fold is the fold in force.
	Fold *projections.Fold
}

// Add adds a pass.
func (t *Total) Add(pass *Pass) error {
	t.Next, t.Last, t.Recorded = pass.End, pass.Last, pass.Recorded
	t.Newest = max(t.Newest, pass.Newest())
	var buf []byte
	for _, store := range pass.Stores() {
		c, err := store.Contents(0)
		if err != nil {
			return err
		}
		t.Streams += int64(c.Len())
		t.Quarantined += int64(len(c.Quarantine))
		t.Rollups.Add(c.Rollups)
		t.Digest = t.Digest.Add(projections.DigestOfCells(c.Rollups.Cells))
		for stream, moves := range c.Streams() {
			var d projections.Digest
			d, buf = stream.Digest(buf)
			t.Digest = t.Digest.Add(d)
			for i := range moves {
				t.Digest = t.Digest.Add(moves[i].Digest())
			}
		}
		t.Parked = append(t.Parked, c.Parked...)
		t.Queued = append(t.Queued, c.Queued...)
		// Every share has read the same policies.
		t.Policies, t.Fold = c.Policies, c.Fold
	}
	slices.SortFunc(t.Queued, func(a, b projections.Queued) int { return cmp.Compare(a.Offset, b.Offset) })
	slices.SortFunc(t.Parked, func(a, b projections.Parked) int { return cmp.Compare(a.Customer, b.Customer) })
	return nil
}
