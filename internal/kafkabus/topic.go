package kafkabus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

// Limits of the requests that Subscribe and SubscribeInitialize wait for.
const (
	// topicTimeout bounds the whole of it.
	topicTimeout = 15 * time.Second
	// topicPatience is how long a topic that Subscribe has not made may take to show up: a broker learns of a topic a moment
	// after the controller has made it.
	topicPatience = 3 * time.Second
)

// SubscribeInitialize creates the topic as SubscriberConfig.Topic says and returns when it can be written to and read. A
// topic that exists is left as it is.
func (s *Subscriber) SubscribeInitialize(topic string) error {
	ctx, finish, ok := s.begin(context.Background())
	if !ok {
		return fmt.Errorf("create topic %s: %w", topic, ErrClosed)
	}
	defer finish()
	ctx, cancel := context.WithTimeout(ctx, topicTimeout)
	defer cancel()
	if err := s.cfg.repeat(ctx, topic, s.cfg.create); err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	if _, err := s.cfg.describe(ctx, topic, topicTimeout); err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	return nil
}

// create asks the controller for the topic.
func (c SubscriberConfig) create(ctx context.Context, cl *client) error {
	settings := make([]kafka.ConfigEntry, 0, len(c.Topic.Settings))
	for _, name := range slices.Sorted(maps.Keys(c.Topic.Settings)) {
		settings = append(settings, kafka.ConfigEntry{ConfigName: name, ConfigValue: c.Topic.Settings[name]})
	}
	res, err := cl.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: cl.topic, NumPartitions: c.Topic.Partitions, ReplicationFactor: c.Topic.ReplicationFactor,
		ConfigEntries: settings,
	}}})
	if err == nil {
		err = res.Errors[cl.topic]
	}
	if errors.Is(err, kafka.TopicAlreadyExists) {
		return nil
	}
	return err
}

// describe returns the number of partitions of the topic, all of which have a leader. It waits for a topic that is missing as
// long as patience says.
func (c SubscriberConfig) describe(ctx context.Context, topic string, patience time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, topicTimeout)
	defer cancel()
	begun := time.Now()
	var partitions int
	var missing error
	err := c.repeat(ctx, topic, func(ctx context.Context, cl *client) error {
		n, err := cl.partitions(ctx)
		partitions = n
		if errors.Is(err, ErrTopicMissing) && time.Since(begun) > patience {
			missing = err
			return nil
		}
		return err
	})
	return partitions, errors.Join(missing, err)
}

// startOffsets returns the offset of each partition of the topic at which a subscription without a group begins.
func (c SubscriberConfig) startOffsets(ctx context.Context, topic string, partitions int) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, topicTimeout)
	defer cancel()
	requests := make([]kafka.OffsetRequest, partitions)
	for i := range requests {
		requests[i] = kafka.FirstOffsetOf(i)
		if c.Start == Newest {
			requests[i] = kafka.LastOffsetOf(i)
		}
	}
	offsets := make([]int64, partitions)
	err := c.repeat(ctx, topic, func(ctx context.Context, cl *client) error {
		res, err := cl.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: requests}})
		if err != nil {
			return fmt.Errorf("list offsets: %w", err)
		}
		for _, p := range res.Topics[topic] {
			if p.Error != nil {
				return fmt.Errorf("list offsets of partition %d: %w", p.Partition, p.Error)
			}
			offsets[p.Partition] = p.FirstOffset
			if c.Start == Newest {
				offsets[p.Partition] = p.LastOffset
			}
		}
		return nil
	})
	return offsets, err
}

// repeat calls ask with a new client each time until it succeeds, fails for good, or ctx ends.
func (c SubscriberConfig) repeat(ctx context.Context, topic string, ask func(context.Context, *client) error) error {
	var pause backoff
	for {
		err := c.once(ctx, topic, ask)
		if err == nil || !isTransient(err) {
			return err
		}
		if pause.wait(ctx) != nil {
			return err
		}
	}
}

// once calls ask with a client that is closed afterwards.
func (c SubscriberConfig) once(ctx context.Context, topic string, ask func(context.Context, *client) error) error {
	open := newSockets()
	defer open.close()
	cl := newClient(c.Connection, open, topic)
	defer cl.retire()
	return ask(ctx, cl)
}
