package projections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"strings"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

// Bound limits which events of the log a fold takes in. Zero fields do not limit.
type Bound struct {
	// At leaves out what occurred later: as_of.
	At domain.Instant
	// Known leaves out what was recorded later: known_at.
	Known domain.Instant
}

// Folder folds the records of one partition into a store, batch by batch. Not safe for concurrent use.
type Folder struct {
	fold    *Fold
	store   Store
	owner   func(key []byte) int
	bound   Bound
	trusted bool
	decoder *domain.Decoder
	event   domain.Event
	// typeName is the name under which the event is counted.
	typeName string
	entry    Entry
	effects  Effects
	changes  Changes
	batch    uint64
	// outcomes is told what became of the records, unless it is nil; folded are those of the batch.
	outcomes *Outcomes
	folded   []Outcome
}

// NewFolder returns a folder that stores into the given store. owner names the partition a key belongs to.
func NewFolder(fold *Fold, store Store, owner func(key []byte) int, bound Bound) *Folder {
	return &Folder{fold: fold, store: store, owner: owner, bound: bound, decoder: domain.NewDecoder()}
}

// Remember makes the folder tell outcomes what became of each record, after the batch of the record was committed.
func (x *Folder) Remember(outcomes *Outcomes) { x.outcomes = outcomes }

// Trust makes the folder take records as those of a posting list: each was in time when the partition was folded, which
// the timestamps of a part of it may not show.
func (x *Folder) Trust() { x.trusted = true }

// Fold applies consecutive records that begin at the checkpoint and commits them together. It returns the checkpoint
// after them.
func (x *Folder) Fold(ctx context.Context, at Checkpoint, records []eventstore.Record) (Checkpoint, error) {
	if len(records) == 0 {
		return at, nil
	}
	if records[0].Offset != at.Next {
		return at, fmt.Errorf("fold partition %d: record %d does not follow the checkpoint at %d", at.Partition, records[0].Offset, at.Next)
	}
	b, err := x.store.Begin(ctx, at, keys(records))
	if err != nil {
		return at, fmt.Errorf("fold partition %d: %w", at.Partition, err)
	}
	defer b.Rollback()
	x.begin(at)
	for i := range records {
		outcome := x.record(b, &records[i])
		if x.outcomes != nil {
			x.folded = append(x.folded, outcome)
		}
	}
	last := &records[len(records)-1]
	x.changes.Next = last.Offset + 1
	x.changes.Last = Fingerprint(last)
	next, err := b.Commit(ctx, &x.changes)
	if err != nil {
		return at, fmt.Errorf("fold partition %d: %w", at.Partition, err)
	}
	if x.outcomes != nil {
		x.outcomes.publish(at.Partition, at.Next, x.folded)
	}
	return next, nil
}

// Fingerprint tells a record from another one at the same offset of a topic that was made anew.
func Fingerprint(r *eventstore.Record) uint64 {
	return xxhash.Sum64(r.Key) ^ bits.RotateLeft64(xxhash.Sum64(r.Value), 1)
}

func (x *Folder) begin(at Checkpoint) {
	// The place in the log numbers the batches, so that a customer that a store keeps in memory bears no number that
	// another folder gives out again.
	x.batch = uint64(at.Next) + 1
	x.effects.Reset()
	clear(x.folded)
	x.folded = x.folded[:0]
	clear(x.changes.Changed)
	x.changes = Changes{
		Newest: at.Newest, Recorded: at.Recorded, Effects: &x.effects,
		Changed: x.changes.Changed[:0], Quarantined: x.changes.Quarantined[:0],
	}
}

// keys returns the keys of the records, borrowed.
func keys(records []eventstore.Record) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range records {
			if k := records[i].Key; len(k) > 0 && !yield(unsafe.String(&k[0], len(k))) {
				return
			}
		}
	}
}

// record applies the verdict rule to one record, folds it when it is accepted, and returns its outcome, which is unknown
// when the bound leaves the record out.
func (x *Folder) record(b Batch, r *eventstore.Record) Outcome {
	recorded := domain.InstantOf(r.RecordedAt)
	x.changes.Recorded = max(x.changes.Recorded, recorded)
	if x.bound.Known != 0 && recorded > x.bound.Known {
		return Outcome{}
	}
	data, err := x.read(r, recorded)
	if err != nil {
		return x.setAside(r, recorded, Outcome{Verdict: eventstore.Quarantined, Problems: problems(err)})
	}
	ev := &x.event
	c := b.Customer(ev.Subject)
	id, content := wire.IDKey(ev.ID), wire.Content(ev)
	verdict, reason := c.Stream.Judge(id, content, ev.ExpectedVersion)
	switch verdict {
	case eventstore.Accepted:
	case eventstore.Duplicate:
		x.effects.Rollups.Verdicts[verdict]++
		return Outcome{Known: true, Verdict: verdict, Version: c.Stream.Version()}
	default:
		version := c.Stream.Version()
		return x.setAside(r, recorded, Outcome{
			Verdict: verdict, Reason: reason, Version: version, Problems: []QuarantineProblem{conflict(reason, version)},
		})
	}
	c.Stream.Accept(id, content, r.Offset)
	outcome := Outcome{Known: true, Verdict: verdict, Version: c.Stream.Version()}
	if c.batch != x.batch {
		c.batch = x.batch
		x.changes.Changed = append(x.changes.Changed, c)
	}
	if x.bound.At != 0 && ev.Time > x.bound.At {
		return outcome
	}
	x.effects.Rollups.Verdicts[verdict]++
	x.effects.Rollups.addType(x.typeName, 1)
	x.changes.Newest = max(x.changes.Newest, ev.Time)
	x.entry = Entry{Event: ev, Data: data}
	x.fold.Apply(c, &x.entry, &x.effects)
	return outcome
}

// read decodes and checks a record into x.event and returns its data.
func (x *Folder) read(r *eventstore.Record, recorded domain.Instant) (any, error) {
	ev := &x.event
	if err := wire.Decode(ev, r.Key, r.Value, r.Headers); err != nil {
		return nil, err
	}
	if len(r.Key) == 0 {
		return nil, &domain.Invalid{Problems: []domain.Problem{{Pointer: "/subject", Rule: "key", Message: "the record has no key"}}}
	}
	if x.owner(r.Key) != r.Partition {
		return nil, &domain.Invalid{Problems: []domain.Problem{{Pointer: "/subject", Rule: "partition", Message: "the record is not in the partition of its key"}}}
	}
	typ, data, err := x.decoder.DecodeEvent(ev)
	switch {
	case err != nil:
		return nil, err
	case !x.trusted && ev.Time > recorded+domain.Instant(x.fold.policy.MaxFuture.Microseconds()):
		return nil, &domain.Invalid{Problems: []domain.Problem{future(x.fold.policy)}}
	case typ == nil:
		x.typeName = unknownType
	case typ.Control:
		return nil, &domain.Invalid{Problems: []domain.Problem{{Pointer: "/type", Rule: "control", Message: "control records are the engine's own"}}}
	default:
		x.typeName = typ.Name
	}
	return data, nil
}

// unknownType is the name under which events of types outside the catalogue are counted together.
const unknownType = "(unknown)"

func future(p *domain.Policy) domain.Problem {
	return domain.Problem{Pointer: "/time", Rule: "future", Message: fmt.Sprintf("lies more than %s after the time of recording", p.MaxFuture)}
}

// setAside keeps the position of a record that was not accepted, and what is wrong with it. It returns the outcome as a
// known one.
func (x *Folder) setAside(r *eventstore.Record, recorded domain.Instant, outcome Outcome) Outcome {
	x.effects.Rollups.Verdicts[outcome.Verdict]++
	ev := &x.event
	x.changes.Quarantined = append(x.changes.Quarantined, Quarantine{
		Partition: r.Partition, Offset: r.Offset, Customer: legible(string(r.Key)), Event: legible(ev.ID), Type: legible(ev.Type),
		Recorded: recorded, Verdict: outcome.Verdict, Problems: outcome.Problems,
	})
	outcome.Known = true
	return outcome
}

func conflict(reason eventstore.Reason, version int64) QuarantineProblem {
	if reason == eventstore.IDReused {
		return QuarantineProblem{Pointer: "/id", Rule: "id_reused", Message: "the id belongs to an accepted event with other content"}
	}
	return QuarantineProblem{Pointer: "/expectedversion", Rule: "version", Message: fmt.Sprintf("the stream is at version %d", version)}
}

// problems lists what is wrong with a record.
func problems(err error) []QuarantineProblem {
	var invalid *domain.Invalid
	if errors.As(err, &invalid) {
		list := make([]QuarantineProblem, len(invalid.Problems))
		for i, p := range invalid.Problems {
			list[i] = QuarantineProblem(p)
		}
		return list
	}
	var malformed *wire.Malformed
	if errors.As(err, &malformed) {
		return []QuarantineProblem{{Pointer: malformed.Pointer, Rule: malformed.Rule, Message: malformed.Message}}
	}
	return []QuarantineProblem{{Rule: "malformed", Message: err.Error()}}
}

// legible returns s in a form that can be stored and shown: valid UTF-8 without NUL, at most 256 bytes.
func legible(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
	if len(s) > 256 {
		s = strings.ToValidUTF8(s[:256], "")
	}
	return strings.Clone(s)
}
