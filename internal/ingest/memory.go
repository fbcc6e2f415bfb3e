package ingest

import (
	"math/bits"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

// maxMemory is how many ids a session remembers before it forgets them all. The log recognises what it forgets.
const maxMemory = 1 << 16

// memory knows the valid events of a call or session by the fingerprint of subject and id.
type memory map[uint64]sighting

// sighting is the first event with its id.
type sighting struct {
	content  uint64
	expected int64
	status   Status
	position eventstore.Position
	// result is where the fate of the event will be known, for an event of the same call.
	result *Result
}

// copied is an event that equals an earlier one, whose fate it shares.
type copied struct {
	of sighting
	to *Result
}

func (c copied) settle() {
	status, position := c.of.status, c.of.position
	if first := c.of.result; first != nil {
		status, position = first.Status, first.Position
		c.to.Problems = first.Problems
	}
	if status == Accepted {
		status = Duplicate
	}
	c.to.Status, c.to.Position = status, position
}

// keyOf returns the fingerprint of subject and id. Ids are unique within a stream only.
func keyOf(ev *domain.Event) uint64 {
	return bits.RotateLeft64(xxhash.Sum64String(ev.Subject), 1) ^ wire.IDKey(ev.ID)
}

// settle replaces the results of a call, which belong to its caller, by what they say. What did not reach the log is
// forgotten, so that it can come again.
func (m memory) settle(spans []span, events []domain.Event, results []Result) {
	for _, s := range spans {
		key, r := keyOf(&events[s.event]), &results[s.event]
		if r.Status != Accepted {
			delete(m, key)
			continue
		}
		first := m[key]
		first.status, first.position, first.result = r.Status, r.Position, nil
		m[key] = first
	}
}

func (m memory) shrink() {
	if len(m) > maxMemory {
		clear(m)
	}
}
