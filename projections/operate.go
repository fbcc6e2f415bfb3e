package projections

import (
	"cmp"
	"slices"

	"github.com/rapport-crm/rapport/eventstore"
)

// Outcome returns what the entry says became of the record.
func (q *Quarantine) Outcome() Outcome {
	o := Outcome{Known: true, Verdict: q.Verdict, Version: q.Version, Problems: q.Problems}
	if q.Verdict == eventstore.Conflict && len(q.Problems) > 0 {
		o.Reason = eventstore.VersionMismatch
		if q.Problems[0].Rule == ruleIDReused {
			o.Reason = eventstore.IDReused
		}
	}
	return o
}

// OutcomeAt returns what became of a record of the customer that was folded and neither set aside nor queued: it was
// accepted, or it repeats one that was.
func (c *Customer) OutcomeAt(offset int64) Outcome {
	if !c.Stream.Has(offset) {
		return Outcome{Known: true, Verdict: eventstore.Duplicate, Version: c.Stream.VersionBefore(offset)}
	}
	return Outcome{Known: true, Verdict: eventstore.Accepted, Version: c.Stream.VersionBefore(offset + 1)}
}

// Sort orders the list, the policy that was published last first: by instant, and of one instant, as in a log whose clock
// stands, by their places.
func (l PolicyList) Sort() {
	slices.SortStableFunc(l, func(a, b PolicyView) int {
		partition := a.Positions[0].Partition
		return cmp.Or(cmp.Compare(b.PublishedAt, a.PublishedAt), cmp.Compare(b.lastIn(partition), a.lastIn(partition)))
	})
}

// lastIn returns the last place of the policy in a partition, -1 when it is not there yet.
func (v *PolicyView) lastIn(partition int) int64 {
	last := int64(-1)
	for _, at := range v.Positions {
		if at.Partition == partition {
			last = max(last, at.Offset)
		}
	}
	return last
}

// PolicyList collects published policies over the partitions.
type PolicyList []PolicyView

// Add enters a policy that holds in a partition. The same policy published at the same instant is one entry.
func (l *PolicyList) Add(partition int, p PublishedPolicy) {
	at := eventstore.Position{Partition: partition, Offset: p.Offset}
	for i := range *l {
		if v := &(*l)[i]; v.PublishedAt == p.At && v.Version == p.Version && v.Document == p.Document {
			v.Positions = append(v.Positions, at)
			return
		}
	}
	*l = append(*l, PolicyView{Version: p.Version, PublishedAt: p.At, Document: p.Document, Positions: []eventstore.Position{at}})
}
