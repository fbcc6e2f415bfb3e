package outputs

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// ledger keeps which writers of the partitions have put every state: it lasts as long as the views do. An entry stands for
// the views that are shown; what was noted for others is gone.
type ledger interface {
	// Filled returns the epoch of the last writer that has put every state of the partition, negative when there is none.
	Filled(ctx context.Context, partition int) (epoch int64, err error)
	// NoteFilled notes the epoch of such a writer, unless a later one is noted.
	NoteFilled(ctx context.Context, partition int, epoch int64) error
}

// Customers is a projections.Register that publishes the states on the compacted topic of customers. It is safe for
// concurrent use.
type Customers struct {
	outlet  outlet
	ledger  ledger
	era     func() int
	count   func(topic string, n int)
	buffers sync.Pool
}

var _ projections.Register = (*Customers)(nil)

// NewCustomers returns a register that publishes through an outlet, which has the topic domain.CustomersTopic. Of the
// options it takes Era and Count.
func NewCustomers(outlet outlet, ledger ledger, options Options) *Customers {
	options = options.withDefaults()
	c := &Customers{outlet: outlet, ledger: ledger, era: options.Era, count: options.Count}
	c.buffers.New = func() any { return new([]eventstore.Record) }
	return c
}

// Current reports whether the writer before put every state until the checkpoint: a claim raises the epoch by one, so a
// writer in between that put none is noticed.
func (c *Customers) Current(ctx context.Context, at projections.Checkpoint) (bool, error) {
	epoch, err := c.ledger.Filled(ctx, at.Partition)
	return epoch == at.Epoch-1, err
}

// Filled implements projections.Register.
func (c *Customers) Filled(ctx context.Context, at projections.Checkpoint) error {
	return c.ledger.NoteFilled(ctx, at.Partition, at.Epoch)
}

// Put implements projections.Register. The sequence of a state is that of its position: a state that is put again, or that
// another process puts from the same records, has the same.
func (c *Customers) Put(ctx context.Context, states []domain.CustomerState) error {
	if len(states) == 0 {
		return nil
	}
	buffer := c.buffers.Get().(*[]eventstore.Record)
	defer func() {
		clear(*buffer)
		*buffer = (*buffer)[:0]
		c.buffers.Put(buffer)
	}()
	era := c.era()
	for i := range states {
		record, err := customerRecord(&states[i], era)
		if err != nil {
			return fmt.Errorf("publish the state of customer %q: %w", states[i].ID, err)
		}
		*buffer = append(*buffer, record)
	}
	if err := c.outlet.Publish(ctx, domain.CustomersTopic, *buffer); err != nil {
		return fmt.Errorf("publish the states of customers: %w", err)
	}
	c.count(domain.CustomersTopic, len(states))
	return nil
}

// customerRecord returns the record of a state, and sets its sequence.
func customerRecord(s *domain.CustomerState, era int) (eventstore.Record, error) {
	at, err := eventstore.ParsePosition(s.Position)
	if err != nil {
		return eventstore.Record{}, err
	}
	s.Sequence = fmt.Sprintf("%0*d%0*d", eraDigits, era, sequenceDigits-eraDigits, at.Offset+1)
	value, err := json.Marshal(s)
	if err != nil {
		return eventstore.Record{}, err
	}
	return eventstore.Record{Key: []byte(s.ID), Value: value, Headers: stateHeaders}, nil
}

// stateHeaders are the headers of every state. They are shared and never changed.
var stateHeaders = []eventstore.Header{{Key: "content-type", Value: []byte("application/json")}}
