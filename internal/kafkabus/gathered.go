package kafkabus

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill/message"
)

// gatheredKey is the key of the gathered messages in the context of the one that stands for them.
type gatheredKey struct{}

// Gathered returns the messages that msg stands for, in their order: those of consecutive records of a partition when the
// Subscriber gathers them, and otherwise msg itself. Their contexts have the position of each; only msg is to be answered.
func Gathered(msg *message.Message) []*message.Message {
	if all, ok := msg.Context().Value(gatheredKey{}).([]*message.Message); ok {
		return all
	}
	return []*message.Message{msg}
}

// gather returns one message for several records, and the context that holds theirs.
func (s *subscription) gather(ctx context.Context, records []Record) (context.Context, *message.Message, error) {
	all := make([]*message.Message, len(records))
	for i, r := range records {
		msg, err := s.cfg.Marshaler.Unmarshal(r)
		if err != nil {
			return nil, nil, err
		}
		msg.SetContext(withPosition(ctx, r))
		all[i] = msg
	}
	first, last := records[0], records[len(records)-1]
	one := message.NewMessage(fmt.Sprintf("%s/%d/%d-%d", first.Topic, first.Partition, first.Offset, last.Offset), nil)
	return context.WithValue(ctx, gatheredKey{}, all), one, nil
}

// pass delivers consecutive records, gathered if there are several and each by itself when they are refused together. It
// returns false when ctx ended before all of them were acknowledged.
func (r *partitionReader) pass(ctx context.Context, records []Record) bool {
	if len(records) > 1 {
		last := records[len(records)-1]
		gathered, one, err := r.gather(ctx, records)
		if err == nil { // a record that the marshaler refuses holds up its place alone
			switch r.offer(gathered, last, one) {
			case acknowledged:
				r.advance(last)
				return true
			case abandoned:
				return false
			}
			r.log.LogAttrs(ctx, slog.LevelDebug, "gathered messages are refused and come one by one",
				slog.Int("partition", last.Partition), slog.Int("messages", len(records)))
		}
	}
	for _, record := range records {
		if !r.deliver(ctx, record) {
			return false
		}
		r.advance(record)
	}
	return true
}

// advance notes that a record was acknowledged.
func (r *partitionReader) advance(record Record) {
	r.offset = record.Offset + 1
	r.done(r.offset)
}
