package kafkabus

import (
	"context"
	"time"
)

// Position is where a received message stands in its topic.
type Position struct {
	Topic     string
	Partition int
	Offset    int64
	// Time is the timestamp of the record, in UTC with a resolution of one millisecond.
	Time time.Time
}

// positionKey is the key of the Position in the context of a message.
type positionKey struct{}

func withPosition(ctx context.Context, r Record) context.Context {
	return context.WithValue(ctx, positionKey{}, Position{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Time: r.Time})
}

// PositionOf returns where the message stands whose context, or one made from it, ctx is. It returns false when ctx comes
// from no message of a Subscriber.
func PositionOf(ctx context.Context) (Position, bool) {
	p, ok := ctx.Value(positionKey{}).(Position)
	return p, ok
}
