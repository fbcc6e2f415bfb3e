package kafkabus

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// subscription is one call of Subscribe.
type subscription struct {
	cfg   SubscriberConfig
	topic string
	// out is not buffered: a message in it would be neither delivered nor refused when the subscription ends.
	out chan *message.Message
	log *slog.Logger
}

// prepare returns the function that does the work of the subscription until its context ends.
func (s *subscription) prepare(ctx context.Context) (run func(context.Context), err error) {
	partitions, err := s.cfg.describe(ctx, s.topic, topicPatience)
	if err != nil {
		return nil, err
	}
	if s.cfg.Group != "" {
		return s.join()
	}
	offsets, err := s.cfg.startOffsets(ctx, s.topic, partitions)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) {
		var readers sync.WaitGroup
		for partition, offset := range offsets {
			readers.Go(func() { s.read(ctx, partition, offset, func(int64) {}) })
		}
		readers.Wait()
	}, nil
}

// deliver offers the message of a record until it is acknowledged. It returns false when ctx has ended before that.
func (s *subscription) deliver(ctx context.Context, r Record) bool {
	for {
		msg, err := s.cfg.Marshaler.Unmarshal(r)
		if err != nil {
			s.log.LogAttrs(ctx, slog.LevelError, "record is refused by the marshaler",
				slog.Int("partition", r.Partition), slog.Int64("offset", r.Offset), slog.Any("error", err))
			if pause(ctx, maxDelay) != nil {
				return false
			}
			continue
		}
		switch s.offer(ctx, r, msg) {
		case acknowledged:
			return true
		case abandoned:
			return false
		}
		if pause(ctx, s.cfg.NackDelay) != nil {
			return false
		}
	}
}

// answer is what became of one delivery of a message.
type answer int

const (
	acknowledged answer = iota
	refused
	abandoned
)

// offer delivers a message once, that of the record or one that stands for records up to it, and waits for its answer. When ctx ends, the message's context ends too, and offer waits
// DrainTimeout at most for the handler to give the answer.
func (s *subscription) offer(ctx context.Context, r Record, msg *message.Message) answer {
	ctx, cancel := context.WithCancel(withPosition(ctx, r))
	defer cancel()
	msg.SetContext(ctx)
	select {
	case s.out <- msg:
	case <-ctx.Done():
		return abandoned
	}
	select {
	case <-msg.Acked():
		return acknowledged
	case <-msg.Nacked():
		return refused
	case <-ctx.Done():
	}
	drain := time.NewTimer(s.cfg.DrainTimeout)
	defer drain.Stop()
	select {
	case <-msg.Acked():
		return acknowledged
	case <-msg.Nacked():
		return abandoned
	case <-drain.C:
		s.log.LogAttrs(ctx, slog.LevelWarn, "message was not answered before its partition was given up",
			slog.Int("partition", r.Partition), slog.Int64("offset", r.Offset))
		return abandoned
	}
}
