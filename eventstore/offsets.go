package eventstore

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
)

// Starts returns the first offset that each partition still has. It is 0 everywhere unless the log was trimmed.
func (l *Log) Starts(ctx context.Context) (Positions, error) {
	return l.bound(ctx, "start", kafka.FirstOffset)
}

// Ends returns the offset that the next record of each partition will take.
func (l *Log) Ends(ctx context.Context) (Positions, error) {
	return l.bound(ctx, "end", kafka.LastOffset)
}

func (l *Log) bound(ctx context.Context, what string, marker int64) (Positions, error) {
	offsets, err := l.listOffsets(ctx, l.partitions, marker)
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", what, l.cfg, err)
	}
	ps := make(Positions, len(l.partitions))
	for partition, offset := range offsets[marker] {
		ps[partition] = offset
	}
	return ps, nil
}

// OffsetsAt returns, for each partition, the offset of the first record that was recorded at t or later, or the end of
// the partition when there is none. So the Positions cover what had been recorded before t. t counts in whole
// milliseconds, rounded up.
func (l *Log) OffsetsAt(ctx context.Context, t time.Time) (Positions, error) {
	millis := t.UnixMilli()
	if time.UnixMilli(millis).Before(t) {
		millis++
	}
	// Negative times are markers in the protocol; no record is older than the epoch.
	millis = max(millis, 0)
	offsets, err := l.listOffsets(ctx, l.partitions, millis, kafka.LastOffset)
	if err != nil {
		return nil, fmt.Errorf("read offsets at %s of %s: %w", t.UTC().Format(time.RFC3339Nano), l.cfg, err)
	}
	ps := make(Positions, len(l.partitions))
	for partition := range ps {
		if ps[partition] = offsets[millis][partition]; ps[partition] < 0 {
			ps[partition] = offsets[kafka.LastOffset][partition]
		}
	}
	return ps, nil
}

// listOffsets returns the offsets at some points (times in milliseconds, or the protocol's markers for the first and
// last offset) of some partitions, by point and partition. An offset of -1 means that no record is as late as the time.
func (l *Log) listOffsets(ctx context.Context, partitions []int, points ...int64) (map[int64]map[int]int64, error) {
	found := make(map[int64]map[int]int64, len(points))
	for _, point := range points {
		req := &listoffsets.Request{ReplicaID: -1, Topics: []listoffsets.RequestTopic{{Topic: l.cfg.Topic}}}
		for _, partition := range partitions {
			req.Topics[0].Partitions = append(req.Topics[0].Partitions, listoffsets.RequestPartition{
				Partition: int32(partition), CurrentLeaderEpoch: -1, Timestamp: point,
			})
		}
		offsets, err := l.listOnce(ctx, req)
		if err != nil {
			return nil, err
		}
		found[point] = offsets
	}
	return found, nil
}

// listOnce sends one request, again and again while the leaders are moving, until it is answered or ctx ends.
func (l *Log) listOnce(ctx context.Context, req *listoffsets.Request) (map[int]int64, error) {
	var pause backoff
	for attempt := 1; ; attempt++ {
		offsets, err := l.tryList(ctx, req)
		if err == nil || !isTransient(err) || attempt == maxAttempts {
			return offsets, err
		}
		if err := pause.wait(ctx); err != nil {
			return nil, err
		}
	}
}

func (l *Log) tryList(ctx context.Context, req *listoffsets.Request) (map[int]int64, error) {
	if l.isClosed() {
		return nil, ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, answerGrace)
	defer cancel()
	msg, err := l.conns.transport.RoundTrip(ctx, l.client.Addr, req)
	if err != nil {
		return nil, err
	}
	res, ok := msg.(*listoffsets.Response)
	if !ok {
		return nil, fmt.Errorf("list offsets answered with %T", msg)
	}
	offsets := make(map[int]int64)
	for _, topic := range res.Topics {
		for _, p := range topic.Partitions {
			if p.ErrorCode != 0 {
				return nil, fmt.Errorf("partition %d: %w", p.Partition, kafka.Error(p.ErrorCode))
			}
			offsets[int(p.Partition)] = p.Offset
		}
	}
	if len(offsets) != len(req.Topics[0].Partitions) {
		return nil, fmt.Errorf("%d of %d partitions answered: %w", len(offsets), len(req.Topics[0].Partitions), ErrTopicMissing)
	}
	return offsets, nil
}
