package faults

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

// outputTopic is the topic whose outputs are checked.
const outputTopic = "rapport.lifecycle"

// output is one derived event as a consumer reads it.
type output struct {
	id       string
	sequence int64
	content  []byte
}

// eraWidth is the distance between the sequences of one era of views and those of the next: the sequence is four digits
// of the era and twelve of the number within it.
const eraWidth = 1_000_000_000_000

// outputReader checks the outputs of one customer in the order of the log. It is a consumer that drops what it has seen.
type outputReader struct {
	// before is the sequence before the first.
	before int64
	seen   []output
}

// take returns what is wrong with the next output.
func (r *outputReader) take(o output) error {
	if len(r.seen) == 0 {
		r.before = o.sequence / eraWidth * eraWidth
	}
	switch place := o.sequence - r.before - 1; {
	case place == int64(len(r.seen)):
		r.seen = append(r.seen, o)
		return nil
	case place > int64(len(r.seen)):
		return fmt.Errorf("sequence %d comes after %d", o.sequence, r.before+int64(len(r.seen)))
	case place < 0:
		return fmt.Errorf("sequence %d is none", o.sequence)
	default:
		before := r.seen[place]
		if before.id != o.id {
			return fmt.Errorf("sequence %d was %s and is %s", o.sequence, before.id, o.id)
		}
		if !bytes.Equal(before.content, o.content) {
			return fmt.Errorf("sequence %d has changed from %s to %s", o.sequence, before.content, o.content)
		}
		return nil
	}
}

// checkOutputs reads the output topic from its beginning and compares the number of outputs of each customer with the
// moves that the views show. Outputs are published before the views show the moves, and ticks bring new ones at any
// time, so it takes the moves from before and after the reading.
func (c *cluster) checkOutputs(customers []string) {
	c.t.Helper()
	least := make(map[string]int64)
	for _, customer := range customers {
		n, err := c.moves(c.t.Context(), customer)
		if err != nil {
			c.t.Error(err)
		}
		least[customer] = n
	}
	readers := c.readOutputs()
	for _, customer := range customers {
		published := int64(0)
		if r := readers[customer]; r != nil {
			published = int64(len(r.seen))
		}
		if published == 0 || published < least[customer] {
			c.t.Errorf("%d outputs of %s were published, the views show %d moves", published, customer, least[customer])
			continue
		}
		eventually(c.t, catchUpPatience, "the views show what was published", func(ctx context.Context) error {
			n, err := c.moves(ctx, customer)
			if err == nil && n < published {
				err = fmt.Errorf("%d moves of %s, %d were published", n, customer, published)
			}
			return err
		})
	}
}

// moves returns the number of the latest move of a customer.
func (c *cluster) moves(ctx context.Context, customer string) (latest int64, err error) {
	view, err := get[struct {
		Lifecycle struct {
			Moves []struct {
				Seq int64 `json:"seq"`
			} `json:"moves"`
		} `json:"lifecycle"`
	}](ctx, c.nodes[0].url+"/v1/customers/"+customer)
	if err != nil {
		return 0, err
	}
	for _, m := range view.Lifecycle.Moves {
		latest = max(latest, m.Seq)
	}
	return latest, nil
}

// readOutputs reads the topic up to its present end and reports what is wrong with it.
func (c *cluster) readOutputs() map[string]*outputReader {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	log, err := eventstore.Open(ctx, eventstore.Config{Brokers: []string{c.kafka.Addr()}, Topic: outputTopic, ReadOnly: true})
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	ends, err := log.Ends(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	readers := make(map[string]*outputReader)
	for partition, end := range ends {
		if end == 0 {
			continue
		}
		for batch, err := range log.Follow(ctx, partition, 0, eventstore.FollowOptions{Until: end}) {
			if err != nil {
				c.t.Fatal(err)
			}
			for i := range batch.Records {
				if err := takeOutput(readers, &batch.Records[i]); err != nil {
					c.t.Errorf("output %s of %s: %v", batch.Records[i].Position(), batch.Records[i].Key, err)
				}
			}
		}
	}
	return readers
}

// takeOutput hands a record of the topic to the reader of its customer.
func takeOutput(readers map[string]*outputReader, r *eventstore.Record) error {
	var ev domain.Event
	if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err != nil {
		return err
	}
	sequence := int64(0)
	for _, e := range ev.Extensions {
		if e.Name == "sequence" {
			n, err := strconv.ParseInt(e.Value, 10, 64)
			if err != nil {
				return fmt.Errorf("sequence: %w", err)
			}
			sequence = n
		}
	}
	customer := string(r.Key)
	if readers[customer] == nil {
		readers[customer] = new(outputReader)
	}
	return readers[customer].take(output{id: string([]byte(ev.ID)), sequence: sequence, content: bytes.Clone(r.Value)})
}

func TestGapsAndChangesInOutputsAreFound(t *testing.T) {
	t.Parallel()
	o := func(id string, sequence int64, content string) output { return output{id, sequence, []byte(content)} }
	for name, c := range map[string]struct {
		outputs []output
		want    bool
	}{
		"in order":              {[]output{o("a", 1, "x"), o("b", 2, "y")}, true},
		"repeated after a kill": {[]output{o("a", 1, "x"), o("b", 2, "y"), o("a", 1, "x"), o("b", 2, "y"), o("c", 3, "z")}, true},
		"a gap":                 {[]output{o("a", 1, "x"), o("c", 3, "z")}, false},
		"not from the start":    {[]output{o("b", 2, "y")}, false},
		"another id":            {[]output{o("a", 1, "x"), o("b", 1, "x")}, false},
		"another content":       {[]output{o("a", 1, "x"), o("a", 1, "y")}, false},
		"no number":             {[]output{o("a", 0, "x")}, false},
		"a later era":           {[]output{o("a", 2*eraWidth+1, "x"), o("b", 2*eraWidth+2, "y")}, true},
		"a change of era":       {[]output{o("a", 1, "x"), o("b", eraWidth+1, "y")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r outputReader
			var err error
			for _, o := range c.outputs {
				if err == nil {
					err = r.take(o)
				}
			}
			if (err == nil) != c.want {
				t.Errorf("the reader says %v", err)
			}
		})
	}
}
