package kafkabus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
)

// produceTimeout bounds one request. A broker that does not answer within it is asked again.
const produceTimeout = 10 * time.Second

// outgoing is a message with the record it becomes.
type outgoing struct {
	msg     *message.Message
	key     []byte
	value   []byte
	headers []kafka.Header
}

// size returns the bytes of the record without framing.
func (o *outgoing) size() int {
	n := len(o.key) + len(o.value)
	for _, h := range o.headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}

// marshal returns the records of messages.
func (p *Publisher) marshal(topic string, messages []*message.Message) ([]outgoing, error) {
	out := make([]outgoing, len(messages))
	for i, msg := range messages {
		key, err := p.cfg.Key(topic, msg)
		if err != nil {
			return nil, fmt.Errorf("key of message %s: %w", msg.UUID, err)
		}
		value, headers, err := p.cfg.Marshaler.Marshal(topic, msg)
		if err != nil {
			return nil, err
		}
		out[i] = outgoing{msg: msg, key: key, value: value}
		for _, h := range headers {
			out[i].headers = append(out[i].headers, kafka.Header(h))
		}
	}
	return out, nil
}

// send writes the records to their partitions, all partitions at the same time.
func (p *Publisher) send(topic string, records []outgoing) error {
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.Timeout)
	defer cancel()
	partitions, err := p.partitions(ctx, topic)
	if err != nil {
		return err
	}
	byPartition := distribute(records, partitions)
	if len(byPartition) == 1 {
		for partition, share := range byPartition {
			return p.sendTo(ctx, topic, partition, share)
		}
	}
	// No context of the group: what one partition cannot take says nothing of the others.
	var group errgroup.Group
	for partition, share := range byPartition {
		group.Go(func() error { return p.sendTo(ctx, topic, partition, share) })
	}
	return group.Wait()
}

// partitions returns the number of partitions of the topic. A topic that was created a moment ago may not be known to
// the broker that is asked, so a missing one is asked for again until ctx ends. The error is then the last answer that came,
// because that of the request which the end of ctx interrupts says nothing of the topic.
func (p *Publisher) partitions(ctx context.Context, topic string) (int, error) {
	var pause backoff
	var last error
	for {
		c := p.client(topic)
		n, err := c.partitions(ctx)
		if err == nil || !isTransient(err) {
			return n, err
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		p.discard(c)
		if pause.wait(ctx) != nil {
			return 0, last
		}
	}
}

// distribute sorts the records by partition and keeps their order within each.
func distribute(records []outgoing, partitions int) map[int][]outgoing {
	all := make([]int, partitions)
	for i := range all {
		all[i] = i
	}
	keyless := rand.IntN(partitions)
	out := make(map[int][]outgoing)
	for _, r := range records {
		partition := keyless
		if r.key != nil {
			partition = kafka.Murmur2Balancer{}.Balance(kafka.Message{Key: r.key}, all...)
		}
		out[partition] = append(out[partition], r)
	}
	return out
}

// sendTo writes the records to one partition, one request after the other, which is what keeps their order.
func (p *Publisher) sendTo(ctx context.Context, topic string, partition int, records []outgoing) error {
	for len(records) > 0 {
		n, size := 1, records[0].size()
		for n < len(records) && size+records[n].size() <= p.cfg.BatchBytes {
			size += records[n].size()
			n++
		}
		if err := p.produce(ctx, topic, partition, records[:n]); err != nil {
			return fmt.Errorf("partition %d: %w", partition, err)
		}
		records = records[n:]
	}
	return nil
}

// produce has one request acknowledged. It sends the same records again until then, so they may be written twice.
func (p *Publisher) produce(ctx context.Context, topic string, partition int, records []outgoing) error {
	var pause backoff
	for {
		if err := ended(records); err != nil {
			return err
		}
		c := p.client(topic)
		err := request(ctx, c, partition, records)
		if err == nil {
			return nil
		}
		if !isTransient(err) {
			return err
		}
		if isRouting(err) || errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.NotLeaderForPartition) {
			p.discard(c)
		}
		if pause.wait(ctx) != nil {
			return fmt.Errorf("%w: %w", ErrNotAcknowledged, err)
		}
	}
}

// ended returns the error of the first message whose context has ended.
func ended(records []outgoing) error {
	for i := range records {
		if err := records[i].msg.Context().Err(); err != nil {
			return fmt.Errorf("message %s: %w", records[i].msg.UUID, err)
		}
	}
	return nil
}

// request sends the records once. kafka-go reads each key and value to its end while it sends them, and may go on doing
// so after the request has timed out, so each request gets readers of its own.
func request(ctx context.Context, c *client, partition int, records []outgoing) error {
	ctx, cancel := context.WithTimeout(ctx, produceTimeout)
	defer cancel()
	now := time.Now()
	batch := make([]kafka.Record, len(records))
	for i, r := range records {
		batch[i] = kafka.Record{Time: now, Key: kafka.NewBytes(r.key), Value: kafka.NewBytes(r.value), Headers: r.headers}
	}
	res, err := c.Produce(ctx, &kafka.ProduceRequest{
		Topic: c.topic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(batch...),
	})
	if err != nil {
		return err
	}
	return res.Error
}
