package projections

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

// record applies the verdict rule to one record, folds it when it is accepted, and returns its outcome, which is unknown
// when the bound leaves the record out or the record queues behind a parked customer.
func (x *Folder) record(b Batch, r *eventstore.Record) Outcome {
	recorded := domain.InstantOf(r.RecordedAt)
	x.changes.Recorded = max(x.changes.Recorded, recorded)
	if x.options.Bound.Known != 0 && recorded > x.options.Bound.Known {
		return Outcome{}
	}
	x.current, x.effects.position = "", r.Position()
	data, err := x.readSafely(r, recorded)
	if err != nil {
		return x.setAside(r, recorded, Outcome{Verdict: eventstore.Quarantined, Problems: problems(err)})
	}
	ev := &x.event
	c := b.Customer(ev.Subject)
	x.current = c.ID
	var outcome Outcome
	judge := func() { outcome = x.judge(c, r, data, recorded) }
	if c.Parked || x.parks(c, r) || !x.try(c, judge) && x.parks(c, r) {
		x.changed(c)
		x.changes.Queued = append(x.changes.Queued, Queued{Customer: c.ID, Offset: r.Offset})
		return Outcome{}
	}
	return outcome
}

// judge applies the verdict rule to a record that was read into x.event.
func (x *Folder) judge(c *Customer, r *eventstore.Record, data any, recorded domain.Instant) Outcome {
	ev := &x.event
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
	x.changed(c)
	if x.options.Bound.At != 0 && ev.Time > x.options.Bound.At {
		return outcome
	}
	x.effects.Rollups.Verdicts[verdict]++
	x.effects.Rollups.addType(x.typeName, 1)
	x.changes.Newest = max(x.changes.Newest, ev.Time)
	x.entry = Entry{Event: ev, Data: data}
	x.fold.Apply(c, &x.entry, &x.effects)
	return outcome
}

// parks parks the customer when the fold panicked on it at this record, or before it, and reports whether it is parked.
func (x *Folder) parks(c *Customer, r *eventstore.Record) bool {
	p := x.park[c.ID]
	if p == nil || r.Offset < p.offset {
		return false
	}
	c.Parked = true
	x.changes.Parked = append(x.changes.Parked, Parked{
		Partition: r.Partition, Customer: c.ID, Offset: r.Offset, At: domain.InstantOf(r.RecordedAt), Error: p.text,
	})
	return true
}

// readSafely reads a record; one on which reading itself panics is like one that is malformed.
func (x *Folder) readSafely(r *eventstore.Record, recorded domain.Instant) (data any, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("reading it panicked: %v", value)
		}
	}()
	return x.read(r, recorded)
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
	control := isControl(r)
	if !control && x.options.PartitionOf(r.Key) != r.Partition {
		return nil, &domain.Invalid{Problems: []domain.Problem{{Pointer: "/subject", Rule: "partition", Message: "the record is not in the partition of its key"}}}
	}
	typ, data, err := x.decoder.DecodeEvent(ev)
	switch {
	case err != nil:
		return nil, err
	case !x.options.Trusted && ev.Time > recorded+domain.Instant(x.fold.policy.MaxFuture.Microseconds()):
		return nil, &domain.Invalid{Problems: []domain.Problem{future(x.fold.policy)}}
	case control != (typ != nil && typ.Control):
		return nil, &domain.Invalid{Problems: []domain.Problem{{Pointer: "/type", Rule: "control", Message: "control records, and no others, have the key " + domain.ControlSubject}}}
	case typ == nil:
		x.typeName = unknownType
	default:
		x.typeName = typ.Name
	}
	if survey, ok := data.(*domain.SurveyAnswered); ok {
		if _, problems := x.fold.policy.ReadSurvey(survey); problems != nil {
			return nil, &domain.Invalid{Problems: problems}
		}
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
		Recorded: recorded, Verdict: outcome.Verdict, Problems: outcome.Problems, Version: outcome.Version, Status: StatusOpen,
	})
	outcome.Known = true
	return outcome
}

func conflict(reason eventstore.Reason, version int64) QuarantineProblem {
	if reason == eventstore.IDReused {
		return QuarantineProblem{Pointer: "/id", Rule: ruleIDReused, Message: "the id belongs to an accepted event with other content"}
	}
	return QuarantineProblem{Pointer: "/expectedversion", Rule: ruleVersion, Message: fmt.Sprintf("the stream is at version %d", version)}
}

// The rules that a record in conflict breaks.
const (
	ruleIDReused = "id_reused"
	ruleVersion  = "version"
)

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
func legible(s string) string { return legibleText(s, 256) }

func legibleText(s string, most int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return strings.Clone(s)
}
