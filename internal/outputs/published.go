package outputs

import (
	"context"
	"fmt"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Published is what the output topics hold, for views that are folded anew with every start and must not publish it all
// again.
type Published struct {
	era    int
	origin string
	// sent is the last sequence of each customer in the latest era, by a fingerprint of the customer, on each topic.
	sent map[projections.OutputTopic]map[uint64]int32
	// from is the offset of the newest record of the event log that any output came from, by partition.
	from map[int]int64
	// anew says that the outputs of the views are others than those of the latest era.
	anew bool
}

// ReadPublished reads the output topics to their present ends. open opens one of them for reading.
func ReadPublished(ctx context.Context, open func(ctx context.Context, topic string) (*eventstore.Log, error)) (*Published, error) {
	p := &Published{sent: make(map[projections.OutputTopic]map[uint64]int32), from: make(map[int]int64)}
	for _, topic := range projections.OutputTopics() {
		p.sent[topic] = make(map[uint64]int32)
		if err := p.readTopic(ctx, topic, open); err != nil {
			return nil, fmt.Errorf("read what was published on %s: %w", topic, err)
		}
	}
	return p, nil
}

func (p *Published) readTopic(ctx context.Context, topic projections.OutputTopic, open func(ctx context.Context, topic string) (*eventstore.Log, error)) (err error) {
	log, err := open(ctx, topic.String())
	if err != nil {
		return err
	}
	defer func() {
		if fault := log.Close(); err == nil {
			err = fault
		}
	}()
	starts, err := log.Starts(ctx)
	if err != nil {
		return err
	}
	ends, err := log.Ends(ctx)
	if err != nil {
		return err
	}
	for partition := range log.Partitions() {
		if ends[partition] <= starts[partition] {
			continue
		}
		for batch, err := range log.Follow(ctx, partition, starts[partition], eventstore.FollowOptions{Until: ends[partition]}) {
			if err != nil {
				return err
			}
			for i := range batch.Records {
				p.note(topic, &batch.Records[i])
			}
		}
	}
	return nil
}

// note takes an output in. What is none is passed over: others may write to the topics too.
func (p *Published) note(topic projections.OutputTopic, r *eventstore.Record) {
	var ev domain.Event
	if wire.Decode(&ev, r.Key, r.Value, r.Headers) != nil || ev.Source != source {
		return
	}
	era, sequence, ok := ParseSequence(extension(&ev, "sequence"))
	at, err := eventstore.ParsePosition(extension(&ev, "position"))
	if !ok || err != nil || era < p.era {
		return
	}
	if era > p.era || p.origin == "" {
		p.era, p.origin = era, string([]byte(extension(&ev, "origin")))
		for t := range p.sent {
			clear(p.sent[t])
		}
	}
	customer := xxhash.Sum64String(ev.Subject)
	p.sent[topic][customer] = max(p.sent[topic][customer], sequence)
	p.from[at.Partition] = max(p.from[at.Partition], at.Offset)
}

func extension(ev *domain.Event, name string) string {
	for i := range ev.Extensions {
		if ev.Extensions[i].Name == name {
			return ev.Extensions[i].Value
		}
	}
	return ""
}

// Era returns the era for outputs of views of the given origin: that of the outputs that are there when they are of the
// same origin, and otherwise the next one, because ids and sequences would mean other things.
func (p *Published) Era(origin string) int {
	switch {
	case p.origin == "" || p.origin == origin:
		return p.era
	default:
		p.anew = true
		return p.era + 1
	}
}

// has reports whether the output was published before. Outputs of another origin are compared by the records they come
// from: what the earlier views told of those is told.
func (p *Published) has(o *projections.Output) bool {
	switch {
	case p == nil:
		return false
	case p.anew:
		from, known := p.from[o.Position.Partition]
		return known && o.Position.Offset <= from
	default:
		return o.Sequence <= p.sent[o.Topic][xxhash.Sum64String(o.Customer)]
	}
}

// ParseSequence reads what Sequence wrote.
func ParseSequence(text string) (era int, n int32, ok bool) {
	if len(text) != sequenceDigits {
		return 0, 0, false
	}
	era, err := strconv.Atoi(text[:eraDigits])
	if err != nil {
		return 0, 0, false
	}
	number, err := strconv.ParseInt(text[eraDigits:], 10, 32)
	return era, int32(number), err == nil
}
