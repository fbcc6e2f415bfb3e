package kafkabus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"
)

const (
	// joinBackoff is the pause after an attempt to join the group has failed.
	joinBackoff = 200 * time.Millisecond
	// maxHeartbeat bounds the time between two heartbeats.
	maxHeartbeat = time.Second
	// leaveTimeout bounds the check that the member has left.
	leaveTimeout = 3 * time.Second
)

// member is a subscription's membership in a consumer group.
type member struct {
	*subscription
	id string
	// clientID is unique, so that the member can be found in the group.
	clientID string
	// consumers counts what runs for a generation. kafka-go does not count what is started in a generation that has
	// ended in the meantime.
	consumers sync.WaitGroup
}

// join returns the function that is a member of the group until its context ends.
func (s *subscription) join() (func(context.Context), error) {
	m := &member{subscription: s, id: s.cfg.Group + "." + s.topic, clientID: s.cfg.ClientID + "-" + uuid.NewString()}
	start := kafka.FirstOffset
	if s.cfg.Start == Newest {
		start = kafka.LastOffset
	}
	cfg := kafka.ConsumerGroupConfig{
		ID: m.id, Brokers: s.cfg.Brokers, Topics: []string{s.topic}, Dialer: s.cfg.dialer(m.clientID), StartOffset: start,
		// A member learns from the answer to a heartbeat that others wait for it to join again.
		HeartbeatInterval: min(s.cfg.SessionTimeout/10, maxHeartbeat),
		SessionTimeout:    s.cfg.SessionTimeout,
		// A member that is told of a rebalance by its heartbeat waits for its handlers before it joins again.
		RebalanceTimeout:      s.cfg.SessionTimeout + s.cfg.DrainTimeout,
		JoinGroupBackoff:      joinBackoff,
		WatchPartitionChanges: true,
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("join group %s: %w", m.id, err)
	}
	return func(ctx context.Context) { m.run(ctx, cfg) }, nil
}

// run is the life of the member: a generation for each assignment of partitions, until ctx ends.
func (m *member) run(ctx context.Context, cfg kafka.ConsumerGroupConfig) {
	log := m.log.With(slog.String("group", m.id))
	group, err := kafka.NewConsumerGroup(cfg)
	if err != nil {
		log.LogAttrs(ctx, slog.LevelError, "group cannot be joined", slog.Any("error", err))
		return
	}
	for lost := false; ; {
		generation, err := group.Next(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			// kafka-go tries again after a pause, for as long as it takes: the first error of a row is logged.
			if !lost && !errors.Is(err, kafka.RebalanceInProgress) {
				log.LogAttrs(ctx, slog.LevelWarn, "joining the group is interrupted", slog.Any("error", err))
				lost = true
			}
			continue
		}
		lost = false
		m.consume(ctx, generation, log)
	}
	// Closing the group ends the generation, which ends the readers; they must not end before it, because a generation
	// that loses one of its functions is followed by the next.
	_ = group.Close()
	m.consumers.Wait()
	m.leave(context.WithoutCancel(ctx), log)
}

// consume starts the readers of the partitions of a generation and the commits of their offsets.
func (m *member) consume(ctx context.Context, generation *kafka.Generation, log *slog.Logger) {
	assigned := generation.Assignments[m.topic]
	log.LogAttrs(ctx, slog.LevelInfo, "partitions are assigned",
		slog.Int("generation", int(generation.ID)), slog.Int("partitions", len(assigned)))
	done := newOffsets()
	var readers sync.WaitGroup
	for _, a := range assigned {
		readers.Add(1)
		m.start(ctx, generation, func(ctx context.Context) {
			defer readers.Done()
			m.read(ctx, a.ID, a.Offset, func(next int64) { done.mark(a.ID, next) })
		})
	}
	m.start(ctx, generation, func(ctx context.Context) {
		commit := func(changed map[int]int64) error {
			return generation.CommitOffsets(map[string]map[int]int64{m.topic: changed})
		}
		for ended := false; !ended; {
			if ended = pause(ctx, m.cfg.CommitInterval) != nil; ended {
				// The connection of the generation is open until its last function has returned.
				readers.Wait()
			}
			if err := done.commit(commit); err != nil {
				log.LogAttrs(ctx, slog.LevelWarn, "offsets are not committed", slog.Any("error", err))
			}
		}
	})
}

// start runs f with a context that has the values of ctx and ends with the generation.
func (m *member) start(ctx context.Context, generation *kafka.Generation, f func(context.Context)) {
	m.consumers.Add(1)
	values := context.WithoutCancel(ctx)
	generation.Start(func(generationCtx context.Context) {
		defer m.consumers.Done()
		ctx, cancel := context.WithCancel(values)
		defer cancel()
		stop := context.AfterFunc(generationCtx, cancel)
		defer stop()
		f(ctx)
	})
}

// leave takes the member out of the group if it is still in it. A kafka-go group that is closed while a rebalance is under
// way does not leave, and nobody would read its partitions until the session has timed out.
func (m *member) leave(ctx context.Context, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	err := m.cfg.once(ctx, m.topic, func(ctx context.Context, cl *client) error {
		res, err := cl.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{m.id}})
		if err != nil {
			return fmt.Errorf("describe group: %w", err)
		}
		var left []kafka.LeaveGroupRequestMember
		for _, group := range res.Groups {
			if group.Error != nil {
				return fmt.Errorf("describe group: %w", group.Error)
			}
			for _, other := range group.Members {
				if other.ClientID == m.clientID {
					left = append(left, kafka.LeaveGroupRequestMember{ID: other.MemberID})
				}
			}
		}
		if len(left) == 0 {
			return nil
		}
		answer, err := cl.LeaveGroup(ctx, &kafka.LeaveGroupRequest{GroupID: m.id, Members: left})
		if err == nil {
			err = answer.Error
		}
		if err != nil {
			return fmt.Errorf("leave group: %w", err)
		}
		return nil
	})
	if err != nil {
		log.LogAttrs(ctx, slog.LevelWarn, "group was perhaps not left, its partitions wait for the session to end", slog.Any("error", err))
	}
}
