package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// source is the CloudEvents source of the engine's own records.
const source = "rapport"

// log is what a writer needs of the event log.
type log interface {
	AppendTo(ctx context.Context, partition int, records []eventstore.Record) ([]eventstore.Appended, error)
	Append(ctx context.Context, records []eventstore.Record) ([]eventstore.Appended, error)
	Read(ctx context.Context, partition int, offsets []int64) ([]eventstore.Record, error)
	Partitions() int
}

// views is what a writer needs of the views.
type views interface {
	Quarantined(ctx context.Context, filter projections.QuarantineFilter) (*projections.QuarantinePage, error)
	Parked(ctx context.Context, filter projections.ParkedFilter) (*projections.ParkedPage, error)
	Partitions(ctx context.Context) ([]projections.PartitionView, error)
	Policies(ctx context.Context) ([]projections.PolicyView, error)
}

// The reasons why a decision cannot be recorded.
var (
	// ErrNotFound means that there is no such quarantined record, or no such parked stream.
	ErrNotFound = errors.New("not found")
	// ErrResolved means that the quarantined record was redriven or discarded before.
	ErrResolved = errors.New("already resolved")
	// ErrConflicting means that another policy was published with the same version.
	ErrConflicting = errors.New("the version is in use for another policy")
	// ErrUnavailable means that the log did not acknowledge everything. What was asked for may be in the log or not, or in
	// some partitions only; asking again completes it.
	ErrUnavailable = errors.New("log is unavailable, ask again")
)

// Writer appends control records. It is safe for concurrent use. A record that was appended twice, because the first
// acknowledgement was lost, changes nothing further.
type Writer struct {
	log   log
	views views
	now   func() time.Time
}

// NewWriter returns a writer. now is the wall clock.
func NewWriter(log log, views views, now func() time.Time) *Writer {
	return &Writer{log: log, views: views, now: now}
}

// Tick tells a partition that the clock reached an instant, and returns the place of the record that says so.
func (w *Writer) Tick(ctx context.Context, partition int, at domain.Instant) (eventstore.Position, error) {
	return w.append(ctx, partition, "clock.ticked", at, "", domain.ClockTicked{At: at})
}

// append writes one control record to a partition and returns its place.
func (w *Writer) append(ctx context.Context, partition int, typ string, at domain.Instant, actor string, data any) (eventstore.Position, error) {
	record, err := record(partition, typ, at, actor, data)
	if err != nil {
		return eventstore.Position{}, fmt.Errorf("append %s: %w", typ, err)
	}
	appended, err := w.log.AppendTo(ctx, partition, []eventstore.Record{record})
	if err != nil {
		return eventstore.Position{}, fmt.Errorf("append %s: %w", typ, unavailable(err))
	}
	return appended[0].Position, nil
}

// unavailable marks the error of an append as one after which asking again makes sense. A record that the log does not
// take at all is none of these.
func unavailable(err error) error {
	if errors.Is(err, eventstore.ErrEmptyKey) || errors.Is(err, eventstore.ErrTooLarge) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// record returns a control record, after a check against the rules of its type.
func record(partition int, typ string, at domain.Instant, actor string, data any) (eventstore.Record, error) {
	body, err := json.Marshal(data)
	if err != nil {
		return eventstore.Record{}, err
	}
	return seal(domain.DerivedID(typ, strconv.Itoa(partition), at.String(), string(body)), typ, at, actor, body)
}

// seal returns a control record with an id.
func seal(id, typ string, at domain.Instant, actor string, body []byte) (eventstore.Record, error) {
	ev := domain.Event{
		ID:     id,
		Source: source, Type: typ, Subject: domain.ControlSubject, Time: at, Actor: actor,
		ExpectedVersion: domain.NoExpectation, Data: body,
	}
	if _, _, err := domain.NewDecoder().DecodeEvent(&ev); err != nil {
		return eventstore.Record{}, err
	}
	return eventstore.Record{Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}, nil
}

// Published says where a policy takes effect.
type Published struct {
	Version   string                `json:"version"`
	At        domain.Instant        `json:"published_at"`
	Positions []eventstore.Position `json:"positions"`
}

// Publish puts a policy in force in every partition from here on. When some partitions have it and the others failed,
// which is ErrUnavailable, publishing it again completes it. The error is a *domain.PolicyError for a document that is
// not a policy, and ErrConflicting when the views know another policy with its version; two that are published at the
// same moment are both taken, and the later one is in force.
func (w *Writer) Publish(ctx context.Context, text []byte, actor string) (*Published, error) {
	policy, err := domain.ParseNewPolicy(text)
	if err != nil {
		return nil, fmt.Errorf("publish policy: %w", err)
	}
	if err := w.unused(ctx, policy); err != nil {
		return nil, fmt.Errorf("publish policy %q: %w", policy.Version, err)
	}
	partitions, err := w.views.Partitions(ctx)
	if err != nil {
		return nil, fmt.Errorf("publish policy: %w", err)
	}
	clock, _ := Clock(policy, newest(partitions), w.now())
	published := &Published{Version: policy.Version, At: clock}
	data := domain.PolicyPublished{Version: policy.Version, Document: string(policy.Document())}
	for p := range w.log.Partitions() {
		at, err := w.append(ctx, p, "policy.published", clock, actor, data)
		if err != nil {
			return nil, fmt.Errorf("publish policy %q in partition %d: %w", policy.Version, p, err)
		}
		published.Positions = append(published.Positions, at)
	}
	return published, nil
}

// unused returns nil unless another policy was published under the version.
func (w *Writer) unused(ctx context.Context, policy *domain.Policy) error {
	policies, err := w.views.Policies(ctx)
	if err != nil {
		return err
	}
	for i := range policies {
		if conflicting(&policies[i], policy) {
			return ErrConflicting
		}
	}
	return nil
}

// conflicting reports whether a published policy has the version of another one and other values. Its document may leave out
// values, because other programs write policies too. Models that were fitted since it was published do not matter.
func conflicting(published *projections.PolicyView, other *domain.Policy) bool {
	policy, err := domain.ParsePolicy([]byte(published.Document))
	if err != nil {
		return published.Version == other.Version
	}
	if policy.Version == other.Version {
		return policy.Digest() != other.Digest()
	}
	bare := policy.Published()
	if bare.Version != other.Version {
		return false
	}
	given := *other
	given.Models = nil
	return bare.Digest() != given.Digest()
}

// newest returns the newest instant that any partition has seen.
func newest(partitions []projections.PartitionView) domain.Instant {
	var at domain.Instant
	for i := range partitions {
		at = max(at, partitions[i].Newest)
	}
	return at
}

// Clock returns the time of the log: the wall clock, and true, or the newest instant in the log when the policy says so,
// or when the log is historic under it.
func Clock(policy *domain.Policy, newest domain.Instant, wall time.Time) (at domain.Instant, running bool) {
	now := domain.InstantOf(wall)
	if newest == 0 {
		return now, false
	}
	if policy.Clock != domain.ClockWall || now-newest > domain.Instant(policy.HistoricAfter.Microseconds()) {
		return newest, false
	}
	return now, true
}

// Redriven is a record that was appended anew, with the stream and the event id that its quarantine entry names.
type Redriven struct {
	Position      eventstore.Position
	Stream, Event string
	// Noted is the place of the note in the entry's partition that says so.
	Noted eventstore.Position
}

// Redrive appends the quarantined record at the position anew, unchanged, and returns the new record, on which the
// verdict is given anew. A record in the wrong partition goes to the right one. The error is ErrNotFound or ErrResolved
// when there is nothing to redrive. After ErrUnavailable the record may be in the log while its entry is open still:
// redriving it once more adds a duplicate, which changes nothing.
func (w *Writer) Redrive(ctx context.Context, at eventstore.Position, actor string) (*Redriven, error) {
	entry, err := w.open(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("redrive record %s: %w", at, err)
	}
	data := domain.QuarantineRedriven{Partition: int64(at.Partition), Offset: at.Offset, Position: at.String()}
	now := domain.InstantOf(w.now())
	// An actor that cannot be recorded is refused before anything is done in its name.
	if _, err := record(at.Partition, "quarantine.redriven", now, actor, data); err != nil {
		return nil, fmt.Errorf("redrive record %s: %w", at, err)
	}
	position, err := w.again(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("redrive record %s: %w", at, err)
	}
	data.Position = position.String()
	noted, err := w.append(ctx, at.Partition, "quarantine.redriven", now, actor, data)
	if err != nil {
		return nil, fmt.Errorf("redrive record %s: %w", at, err)
	}
	return &Redriven{Position: position, Stream: entry.Customer, Event: entry.Event, Noted: noted}, nil
}

// again appends the record at the position once more. The engine's own records go where they were.
func (w *Writer) again(ctx context.Context, at eventstore.Position) (eventstore.Position, error) {
	records, err := w.log.Read(ctx, at.Partition, []int64{at.Offset})
	if err != nil {
		return eventstore.Position{}, err
	}
	again := []eventstore.Record{{Key: records[0].Key, Value: records[0].Value, Headers: records[0].Headers}}
	var appended []eventstore.Appended
	if string(again[0].Key) == domain.ControlSubject {
		appended, err = w.log.AppendTo(ctx, at.Partition, again)
	} else {
		appended, err = w.log.Append(ctx, again)
	}
	if err != nil {
		return eventstore.Position{}, unavailable(err)
	}
	return appended[0].Position, nil
}

// Discard notes that the quarantined record at the position is to be left alone, and why. The error is ErrNotFound or
// ErrResolved when there is nothing to discard. It returns the place of the note.
func (w *Writer) Discard(ctx context.Context, at eventstore.Position, reason, actor string) (eventstore.Position, error) {
	if _, err := w.open(ctx, at); err != nil {
		return eventstore.Position{}, fmt.Errorf("discard record %s: %w", at, err)
	}
	data := domain.QuarantineDiscarded{Partition: int64(at.Partition), Offset: at.Offset, Reason: reason}
	return w.append(ctx, at.Partition, "quarantine.discarded", domain.InstantOf(w.now()), actor, data)
}

// open returns the quarantined record at the position when nothing was done about it.
func (w *Writer) open(ctx context.Context, at eventstore.Position) (*projections.Quarantine, error) {
	page, err := w.views.Quarantined(ctx, projections.QuarantineFilter{Position: &at})
	switch {
	case err != nil:
		return nil, err
	case len(page.Items) == 0:
		return nil, ErrNotFound
	case page.Items[0].Status != projections.StatusOpen:
		return nil, fmt.Errorf("%w: it was %s", ErrResolved, page.Items[0].Status)
	}
	return &page.Items[0], nil
}

// RedriveStream has the queue of a parked stream folded and returns the place of the record that says so: when the views
// have reached it, the stream is no longer parked, or the fold panicked again. The error is ErrNotFound when the stream is
// not parked.
func (w *Writer) RedriveStream(ctx context.Context, stream, actor string) (eventstore.Position, error) {
	if stream == "" {
		return eventstore.Position{}, fmt.Errorf("redrive stream: %w", ErrNotFound)
	}
	parked, err := w.views.Parked(ctx, projections.ParkedFilter{Stream: stream})
	if err != nil {
		return eventstore.Position{}, fmt.Errorf("redrive stream: %w", err)
	}
	if len(parked.Items) == 0 {
		return eventstore.Position{}, fmt.Errorf("redrive stream %q: %w", stream, ErrNotFound)
	}
	return w.append(ctx, parked.Items[0].Partition, "stream.redriven", domain.InstantOf(w.now()), actor, domain.StreamRedriven{Stream: stream})
}
