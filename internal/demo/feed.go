package demo

import (
	"context"
	"fmt"
	"iter"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

// fillBatch is how many events Fill appends at a time.
const fillBatch = 4000

// appender is the part of the event log that Fill needs.
type appender interface {
	Append(ctx context.Context, records []eventstore.Record) ([]eventstore.Appended, error)
}

// Fill appends the events in large batches and returns how many there were. Every event is acknowledged on return.
func Fill(ctx context.Context, log appender, events iter.Seq[domain.Event]) (int, error) {
	n := 0
	records := make([]eventstore.Record, 0, fillBatch)
	flush := func() error {
		if len(records) == 0 {
			return nil
		}
		if _, err := log.Append(ctx, records); err != nil {
			return fmt.Errorf("append the history: %w", err)
		}
		n += len(records)
		records = records[:0]
		return nil
	}
	for ev := range events {
		records = append(records, eventstore.Record{
			Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers(),
		})
		if len(records) == fillBatch {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	return n, flush()
}
