package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/engine"
)

// tailCmd follows the log or an output topic.
type tailCmd struct {
	Kafka   []string `help:"Addresses of a Kafka cluster, host:port,… Without it the embedded broker is used." placeholder:"HOST:PORT" env:"RAPPORT_KAFKA"`
	Data    string   `help:"Data directory of the embedded broker." default:"./rapport-data" type:"path" env:"RAPPORT_DATA"`
	Topic   string   `help:"Topic to follow: that of the log, or of outputs, for example rapport.lifecycle." default:"rapport.events" env:"RAPPORT_TOPIC"`
	Since   string   `help:"Begin with what was recorded then: a time, a date (its first instant in UTC), or how long ago, for example 15m. Default: now." placeholder:"TIME"`
	Type    []string `help:"Only events of these types." placeholder:"TYPE"`
	Subject []string `help:"Only events of these customers." placeholder:"ID"`
	Follow  bool     `help:"Go on with what comes. Without it the verb ends where the topic ended when it began." default:"true" negatable:""`
}

// Run prints one line for each record until it is interrupted, which is how it ends, or the end without --follow. With
// --json a line is a JSON document.
//
// What was recorded before it began is in the order of the recording times across partitions; later records are in the
// order in which they come.
func (c *tailCmd) Run(ctx context.Context, a *app) (err error) {
	begin, err := c.begin(time.Now())
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("tail: --since: %w", err)}
	}
	log, closeLog, err := c.open(ctx, a)
	if errors.Is(err, eventstore.ErrTopicMissing) {
		return &exitError{exitNotFound, fmt.Errorf("tail: %w", err)}
	}
	if err != nil {
		return fmt.Errorf("tail: %w", err)
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	t := &tail{log: log, out: bufio.NewWriter(a.Stdout), json: a.JSON, types: c.Type, subjects: c.Subject}
	if err := t.run(ctx, begin, c.Follow); err != nil && ctx.Err() == nil {
		return fmt.Errorf("tail: %w", err)
	}
	return nil
}

// begin returns when the first record was recorded at the earliest, zero for now.
func (c *tailCmd) begin(now time.Time) (time.Time, error) {
	if c.Since == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(c.Since); err == nil {
		return now.Add(-ago), nil
	}
	at, err := parseWhen(c.Since)
	return at.Time(), err
}

// open opens the topic for reading, whatever settings it has.
func (c *tailCmd) open(ctx context.Context, a *app) (*eventstore.Log, func() error, error) {
	brokers, release := c.Kafka, func() error { return nil }
	if len(brokers) == 0 {
		embedded, closeEmbedded, err := engine.AttachLog(ctx, engine.LogConfig{Data: c.Data}, a.Logger)
		if err != nil {
			return nil, nil, err
		}
		brokers, release = embedded.Brokers(), closeEmbedded
	}
	log, err := eventstore.Open(ctx, eventstore.Config{Brokers: brokers, Topic: c.Topic, ReadOnly: true, Logger: a.Logger})
	if err != nil {
		return nil, nil, errors.Join(err, release())
	}
	return log, func() error { return errors.Join(log.Close(), release()) }, nil
}

// tail prints the records of a topic.
type tail struct {
	log             *eventstore.Log
	json            bool
	types, subjects []string

	mu  sync.Mutex
	out *bufio.Writer
}

// run prints what was recorded from begin on, then what comes.
func (t *tail) run(ctx context.Context, begin time.Time, follow bool) error {
	ends, err := t.log.Ends(ctx)
	if err != nil {
		return err
	}
	if !begin.IsZero() {
		from, err := t.log.OffsetsAt(ctx, begin)
		if err != nil {
			return err
		}
		if err := t.history(ctx, from, ends); err != nil {
			return err
		}
	}
	if !follow {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	for p, from := range ends {
		group.Go(func() error {
			for batch, err := range t.log.Follow(ctx, p, from, eventstore.FollowOptions{}) {
				if err != nil {
					return err
				}
				if err := t.print(batch.Records); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// cursor is the place in the history of one partition.
type cursor struct {
	rest []eventstore.Record
	pull func() (eventstore.Batch, error, bool)
}

// fill makes sure that there is a record, and returns false at the end of the history.
func (c *cursor) fill() (bool, error) {
	for len(c.rest) == 0 {
		batch, err, more := c.pull()
		if err != nil || !more {
			return false, err
		}
		c.rest = batch.Records
	}
	return true, nil
}

// history prints the records of all partitions between two places, in the order in which they were recorded.
func (t *tail) history(ctx context.Context, from, until eventstore.Positions) error {
	var open []*cursor
	for p, end := range until {
		if from[p] >= end {
			continue
		}
		pull, stop := iter.Pull2(t.log.Follow(ctx, p, from[p], eventstore.FollowOptions{Until: end}))
		defer stop()
		open = append(open, &cursor{pull: pull})
	}
	for {
		var first *cursor
		for _, c := range open {
			there, err := c.fill()
			if err != nil {
				return err
			}
			if there && (first == nil || c.rest[0].RecordedAt.Before(first.rest[0].RecordedAt)) {
				first = c
			}
		}
		if first == nil {
			return t.out.Flush()
		}
		if err := t.line(&first.rest[0]); err != nil {
			return err
		}
		first.rest = first.rest[1:]
	}
}

// print prints records that have just come.
func (t *tail) print(records []eventstore.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range records {
		if err := t.line(&records[i]); err != nil {
			return err
		}
	}
	return t.out.Flush()
}

// instantText returns an instant with a fixed number of digits, so that lines align.
func instantText(i domain.Instant) string {
	return strings.Replace(i.Time().Format("2006-01-02T15:04:05.000Z07:00"), "+00:00", "Z", 1)
}
