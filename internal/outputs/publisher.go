// Package outputs puts what the fold found out onto the output topics, as CloudEvents that every replay makes the same:
// the id follows from the customer and the place in its sequence, so that a consumer knows a repetition by its id and
// what is old by its sequence. It also puts what each customer is now onto a compacted topic.
package outputs

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// source is the CloudEvents source of outputs.
const source = "rapport"

// outlet appends records to topics in order: eventstore.Outlet.
type outlet interface {
	Publish(ctx context.Context, topic string, records []eventstore.Record) error
}

// Options are the settings of a publisher. The zero value of each field is a documented default.
type Options struct {
	// Era returns the era of the views that the outputs come from; see Sequence. Default: it is 0.
	Era func() int
	// Origin names how the views are made: their first policy and the form of their states. It is written to every output.
	Origin string
	// Published is what was published before; it is not published again. Default: nothing was.
	Published *Published
	// Count is told how many outputs were published on a topic. Default: nobody is told.
	Count func(topic string, n int)
}

func (o Options) withDefaults() Options {
	if o.Count == nil {
		o.Count = func(string, int) {}
	}
	if o.Era == nil {
		o.Era = func() int { return 0 }
	}
	return o
}

// Publisher is a projections.Outlet that publishes through an outlet. It is safe for concurrent use.
type Publisher struct {
	outlet  outlet
	options Options
	// buffers are the records of one call, by topic.
	buffers sync.Pool
}

var _ projections.Outlet = (*Publisher)(nil)

// NewPublisher returns a publisher.
func NewPublisher(outlet outlet, options Options) *Publisher {
	p := &Publisher{outlet: outlet, options: options.withDefaults()}
	p.buffers.New = func() any { return new(buffer) }
	return p
}

type buffer struct {
	records [][]eventstore.Record
}

// Publish returns once every output is acknowledged, in order within each topic.
func (p *Publisher) Publish(ctx context.Context, outputs []projections.Output) error {
	b := p.buffers.Get().(*buffer)
	defer p.buffers.Put(b)
	topics := projections.OutputTopics()
	if b.records == nil {
		b.records = make([][]eventstore.Record, len(topics))
	}
	for i := range b.records {
		clear(b.records[i])
		b.records[i] = b.records[i][:0]
	}
	for i := range outputs {
		o := &outputs[i]
		if p.options.Published.has(o) {
			continue
		}
		record, err := p.record(o)
		if err != nil {
			return fmt.Errorf("publish %s of customer %q: %w", o.Type, o.Customer, err)
		}
		b.records[o.Topic] = append(b.records[o.Topic], record)
	}
	for _, topic := range topics {
		records := b.records[topic]
		if len(records) == 0 {
			continue
		}
		if err := p.outlet.Publish(ctx, topic.String(), records); err != nil {
			return fmt.Errorf("publish outputs on %s: %w", topic, err)
		}
		p.options.Count(topic.String(), len(records))
	}
	return nil
}

// Sequence returns the CloudEvents sequence of the n-th output of a customer on a topic: text of fixed length that
// grows. It begins with the era, which counts the generations of views that went other ways than those before them, for
// instance by another policy, so that the numbers of a later one are always greater.
func Sequence(era int, n int32) string {
	return fmt.Sprintf("%0*d%0*d", eraDigits, era, sequenceDigits-eraDigits, n)
}

const (
	sequenceDigits = 18
	eraDigits      = 6
)

func (p *Publisher) record(o *projections.Output) (eventstore.Record, error) {
	data, err := json.Marshal(o.Data)
	if err != nil {
		return eventstore.Record{}, err
	}
	sequence := Sequence(p.options.Era(), o.Sequence)
	ev := domain.Event{
		ID:     domain.DerivedID("output", o.Topic.String(), o.Customer, sequence),
		Source: source, Type: o.Type, Subject: o.Customer, OrgUnit: o.OrgUnit, Time: o.At, CausationID: o.Cause,
		ExpectedVersion: domain.NoExpectation, Data: data,
		Extensions: []domain.Extension{
			{Name: "origin", Value: p.options.Origin},
			{Name: "policyversion", Value: o.Policy},
			{Name: "position", Value: o.Position.String()},
			{Name: "sequence", Value: sequence},
		},
	}
	return eventstore.Record{Key: []byte(o.Customer), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}, nil
}
