package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// consumed is a record as kcat prints it.
type consumed struct {
	Topic     string   `json:"topic"`
	Partition int      `json:"partition"`
	Offset    int64    `json:"offset"`
	Headers   []string `json:"headers"`
	Key       string   `json:"key"`
	Payload   string   `json:"payload"`
}

// kcat runs kcat on the broker and returns what it prints.
func (c *contract) kcat(ctx context.Context, args ...string) (*json.Decoder, error) {
	cmd := exec.CommandContext(ctx, "kcat", append([]string{"-J", "-q", "-b", c.broker}, args...)...)
	text, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("kcat %q: %w: %s", args, err, failed.Stderr)
	}
	return json.NewDecoder(bytes.NewReader(text)), err
}

// topics returns the topics that the broker has.
func (c *contract) topics(ctx context.Context) ([]string, error) {
	printed, err := c.kcat(ctx, "-L")
	if err != nil {
		return nil, err
	}
	var list struct {
		Topics []struct{ Topic string }
	}
	err = printed.Decode(&list)
	names := make([]string, len(list.Topics))
	for i, t := range list.Topics {
		names[i] = t.Topic
	}
	return names, err
}

// consume reads the channels to their ends and returns how many outputs there are of each message, by its name. The error
// is the first thing that is not as the document describes it.
func (c *contract) consume(ctx context.Context) (map[string]int, error) {
	there, err := c.topics(ctx)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int)
	for i := range c.channels {
		ch := &c.channels[i]
		if !slices.Contains(there, ch.topic) {
			continue // a channel may be described as one that is not always there
		}
		records, err := c.records(ctx, ch.topic)
		if err != nil {
			return nil, err
		}
		if err := ch.count(records, counts); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// records returns what is on a topic now.
func (c *contract) records(ctx context.Context, topic string) ([]consumed, error) {
	printed, err := c.kcat(ctx, "-C", "-t", topic, "-o", "beginning", "-e")
	if err != nil {
		return nil, err
	}
	var all []consumed
	for printed.More() {
		var r consumed
		if err := printed.Decode(&r); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// count adds to counts how many outputs there are of each message.
func (ch *channel) count(records []consumed, counts map[string]int) error {
	t := topicConsumer{channel: ch, outputs: make(map[string]string), last: make(map[string]lastOutput)}
	for i := range records {
		r := &records[i]
		name, repeated, err := t.take(r)
		if err != nil {
			return fmt.Errorf("record %d of partition %d of %s: %w\n%s", r.Offset, r.Partition, ch.topic, err, r.Payload)
		}
		if !repeated {
			counts[name]++
		}
	}
	return nil
}

// topicConsumer consumes one channel as the document tells a consumer to.
type topicConsumer struct {
	*channel
	// outputs has the payload of each output by its id.
	outputs map[string]string
	last    map[string]lastOutput
}

// lastOutput is the last output of a customer.
type lastOutput struct {
	sequence  string
	partition int
}

// take checks a record and returns the name of its message, and whether it is a repetition.
func (t *topicConsumer) take(r *consumed) (name string, repeated bool, err error) {
	payload, err := jsonschema.UnmarshalJSON(strings.NewReader(r.Payload))
	if err != nil {
		return "", false, err
	}
	m, err := t.messageOf(payload)
	if err != nil {
		return "", false, err
	}
	event := payload.(object)
	if err := m.check(r, event); err != nil {
		return "", false, fmt.Errorf("%s: %w", m.name, err)
	}
	id, sequence := event["id"].(string), event["sequence"].(string)
	before, seen := t.outputs[id]
	last, known := t.last[r.Key]
	switch {
	case event["subject"] != r.Key:
		return "", false, fmt.Errorf("the key is %q", r.Key)
	case known && last.partition != r.Partition:
		return "", false, fmt.Errorf("the customer was in partition %d before", last.partition)
	case seen && before != r.Payload:
		return "", false, fmt.Errorf("another output has its id: %s", before)
	case seen != (sequence <= last.sequence):
		return "", false, fmt.Errorf("it comes after sequence %s", last.sequence)
	case !seen:
		t.outputs[id], t.last[r.Key] = r.Payload, lastOutput{sequence, r.Partition}
	}
	return m.name, seen, nil
}

// messageOf returns the message that a payload is: exactly one of the channel.
func (t *topicConsumer) messageOf(payload any) (*messageContract, error) {
	var found []*messageContract
	var faults []error
	for _, m := range t.messages {
		if err := m.payload.Validate(payload); err != nil {
			faults = append(faults, err)
		} else {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("it is %d of the %d messages: %w", len(found), len(t.messages), errors.Join(faults...))
	}
	return found[0], nil
}

// check returns what is wrong with a record whose payload is as it should be.
func (m *messageContract) check(r *consumed, event object) error {
	headers := make(object)
	for i := 0; i+1 < len(r.Headers); i += 2 {
		headers[r.Headers[i]] = r.Headers[i+1]
	}
	for name := range event {
		if !slices.Contains(m.members, name) {
			return fmt.Errorf("nothing is said about %s", name)
		}
	}
	return errors.Join(m.headers.Validate(headers), m.key.Validate(r.Key), m.data.Validate(event["data"]))
}
