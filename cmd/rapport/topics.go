package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
)

// topicLimit bounds the making of a topic. Waiting for a new topic's leaders takes most of it.
const topicLimit = time.Minute

// topicsCmd administers topics.
type topicsCmd struct {
	Create topicsCreateCmd `cmd:"" help:"Make the topic of the log in a Kafka cluster. One that exists is checked and left as it is."`
}

// topicsCreateCmd makes the topic of the log.
type topicsCreateCmd struct {
	Kafka       []string `help:"Addresses of the Kafka cluster, host:port,…" required:"" placeholder:"HOST:PORT" env:"RAPPORT_KAFKA"`
	Topic       string   `help:"Topic of the log." default:"rapport.events" env:"RAPPORT_TOPIC"`
	Partitions  int      `help:"Number of partitions. It cannot be changed later." default:"12"`
	Replication int      `help:"Number of copies of each record. Default: what the cluster is set to." placeholder:"N"`
	MinInSync   int      `help:"Copies that must have a record before it is acknowledged. Default: what the cluster is set to." placeholder:"N"`
}

// topicMade is the result of making a topic.
type topicMade struct {
	Topic      string `json:"topic"`
	Partitions int    `json:"partitions"`
}

// Run makes the topic or finds that it is there with the settings of a log. A topic with other settings is exit code 4.
func (c *topicsCreateCmd) Run(ctx context.Context, a *app) error {
	ctx, cancel := context.WithTimeout(ctx, topicLimit)
	defer cancel()
	if c.Partitions < 1 {
		return &exitError{exitUsage, errors.New("--partitions must be at least 1")}
	}
	err := eventstore.CreateTopic(ctx, eventstore.Config{
		Brokers: c.Kafka, Topic: c.Topic, Partitions: c.Partitions, ReplicationFactor: c.Replication, MinInSync: c.MinInSync,
		Logger: a.Logger,
	})
	switch {
	case errors.Is(err, eventstore.ErrUnfitTopic):
		return &exitError{exitConflict, err}
	case err != nil:
		return err
	}
	return printValue(a, &topicMade{Topic: c.Topic, Partitions: c.Partitions}, func(p *printer, t *topicMade) {
		p.fields("topic", t.Topic, "partitions", strconv.Itoa(t.Partitions))
	})
}
