package projections_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// book is a log of one partition in memory, with the folder that reads it.
type book struct {
	t       testing.TB
	records []eventstore.Record
	store   *memview.Store
	outlet  *outbox
	fold    *projections.Fold
	folder  *projections.Folder
	at      projections.Checkpoint
	// trusted takes records without a look at the policy.
	trusted bool
}

// outbox keeps what was published.
type outbox struct{ outputs []projections.Output }

func (o *outbox) Publish(_ context.Context, outputs []projections.Output) error {
	o.outputs = append(o.outputs, slices.Clone(outputs)...)
	return nil
}

func newBook(t testing.TB, fold *projections.Fold) *book {
	t.Helper()
	b := &book{t: t, store: memview.New(fold, 1), outlet: new(outbox), fold: fold}
	b.claim()
	return b
}

// claim replaces the folder by a new one, as a restart does.
func (b *book) claim() {
	b.t.Helper()
	b.folder = projections.NewFolder(b.fold, b.store, projections.FolderOptions{
		PartitionOf: inPartitionZero, Outlet: b.outlet, Records: b, Trusted: b.trusted,
	})
	var err error
	if b.at, err = b.folder.Claim(b.t.Context(), 0); err != nil {
		b.t.Fatal(err)
	}
}

// Read implements the reading of queued records.
func (b *book) Read(_ context.Context, _ int, offsets []int64) ([]eventstore.Record, error) {
	records := make([]eventstore.Record, len(offsets))
	for i, o := range offsets {
		records[i] = b.records[o]
	}
	return records, nil
}

// write appends an event that is recorded when it occurs.
func (b *book) write(subject, typ, id string, at domain.Instant, data string) {
	ev := domain.Event{
		ID: id, Source: "test", Type: typ, Subject: subject, Time: at, ExpectedVersion: domain.NoExpectation, Data: []byte(data),
	}
	b.records = append(b.records, eventstore.Record{
		Key: []byte(subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers(),
		Offset: int64(len(b.records)), RecordedAt: at.Time().Truncate(time.Millisecond),
	})
}

func (b *book) purchase(subject, id string, at domain.Instant) {
	b.write(subject, "purchase.recorded", id, at, `{"amount":{"minor":100,"currency":"CNY"}}`)
}

// control appends one of the engine's own records.
func (b *book) control(typ string, at domain.Instant, data string) {
	b.write(domain.ControlSubject, typ, fmt.Sprint("control-", len(b.records)), at, data)
}

func (b *book) tick(at domain.Instant) {
	b.control("clock.ticked", at, fmt.Sprintf(`{"at":%q}`, at))
}

func (b *book) publish(at domain.Instant, document string) {
	b.control("policy.published", at, fmt.Sprintf(`{"version":%q,"document":%q}`, version(b.t, document), document))
}

func version(t testing.TB, document string) string {
	t.Helper()
	p, err := domain.ParsePolicy([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return p.Version
}

// catchUp folds what was written since.
func (b *book) catchUp() {
	b.t.Helper()
	// As those of a fetch are, the bytes are overwritten once they are folded.
	borrowed := slices.Clone(b.records[b.at.Next:])
	for i := range borrowed {
		borrowed[i].Key, borrowed[i].Value = bytes.Clone(borrowed[i].Key), bytes.Clone(borrowed[i].Value)
	}
	var err error
	if b.at, err = b.folder.Fold(b.t.Context(), b.at, borrowed); err != nil {
		b.t.Fatal(err)
	}
	for i := range borrowed {
		for _, text := range [][]byte{borrowed[i].Key, borrowed[i].Value} {
			for j := range text {
				text[j] = '#'
			}
		}
	}
}

func (b *book) customer(id string) *projections.CustomerView {
	b.t.Helper()
	v, err := b.store.Customer(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// parked returns the customers that are parked.
func (b *book) parked() []projections.Parked {
	b.t.Helper()
	page, err := b.store.Parked(b.t.Context(), projections.ParkedFilter{})
	if err != nil {
		b.t.Fatal(err)
	}
	return page.Items
}

// published returns the outputs in one line each: those on the given topics, or all.
func (o *outbox) published(topics ...projections.OutputTopic) string {
	var lines strings.Builder
	for _, p := range o.outputs {
		if topics != nil && !slices.Contains(topics, p.Topic) {
			continue
		}
		fmt.Fprintf(&lines, "%s %d %s at %s by %q under %s from %d %v\n", p.Customer, p.Sequence, p.Type, p.At, p.Cause, p.Policy, p.Position.Offset, p.Evidence)
	}
	return lines.String()
}

// day is the given day of 2026 at midnight.
func day(n int) domain.Instant {
	return domain.InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) + domain.Instant(n)*domain.Day
}
