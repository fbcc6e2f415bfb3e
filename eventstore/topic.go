package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"

	"github.com/segmentio/kafka-go"
)

// defaultPartitions is the number of partitions of a new topic when Config names none.
const defaultPartitions = 12

// Settings of the topic that keep every record, in the order and with the time the log gave it.
const (
	settingCleanup    = "cleanup.policy"
	settingRetention  = "retention.ms"
	settingSize       = "retention.bytes"
	settingTime       = "message.timestamp.type"
	settingInSync     = "min.insync.replicas"
	settingMaxMessage = "max.message.bytes"
)

// required lists the settings that a topic must have to be an event log.
var required = [...]kafka.ConfigEntry{
	{ConfigName: settingCleanup, ConfigValue: "delete"},
	{ConfigName: settingRetention, ConfigValue: "-1"},
	{ConfigName: settingSize, ConfigValue: "-1"},
	{ConfigName: settingTime, ConfigValue: "LogAppendTime"},
}

// CreateTopic creates the topic of cfg as an event log: nothing is ever deleted and the broker's clock stamps every
// record. A topic that exists is left as it is: CreateTopic returns nil when it has those settings and, if
// cfg.Partitions is not 0, that many partitions, and an error that is ErrUnfitTopic otherwise.
func CreateTopic(ctx context.Context, cfg Config) error {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return fmt.Errorf("create topic: %w", err)
	}
	settings := required[:]
	if cfg.MinInSync > 0 {
		settings = append(slices.Clone(settings), kafka.ConfigEntry{ConfigName: settingInSync, ConfigValue: strconv.Itoa(cfg.MinInSync)})
	}
	if err := makeTopic(ctx, cfg, settings); err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
		return fmt.Errorf("create topic %s: %w", cfg, err)
	}
	if err := awaitTopic(ctx, cfg, required[:]); err != nil {
		return fmt.Errorf("create topic: %w", err)
	}
	return nil
}

// makeTopic asks the cluster for the topic of cfg with the given settings.
func makeTopic(ctx context.Context, cfg Config, settings []kafka.ConfigEntry) error {
	conns := newConnections(cfg)
	defer conns.close()
	topic := kafka.TopicConfig{
		Topic:             cfg.Topic,
		NumPartitions:     cfg.Partitions,
		ReplicationFactor: cfg.ReplicationFactor,
		ConfigEntries:     settings,
	}
	if topic.NumPartitions == 0 {
		topic.NumPartitions = defaultPartitions
	}
	if topic.ReplicationFactor == 0 {
		topic.ReplicationFactor = -1
	}
	res, err := conns.client(cfg).CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{topic}})
	if err != nil {
		return err
	}
	return res.Errors[cfg.Topic]
}

// awaitTopic checks a topic that exists, after waiting for the broker to show it: a broker learns of a topic a moment
// after the controller has made it.
func awaitTopic(ctx context.Context, cfg Config, needed []kafka.ConfigEntry) error {
	var pause backoff
	for {
		err := tryTopic(ctx, cfg, needed)
		if !errors.Is(err, ErrTopicMissing) && !isTransient(err) {
			return err
		}
		if err := pause.wait(ctx); err != nil {
			return err
		}
	}
}

// tryTopic checks the topic over a new connection, which reads the metadata anew, and that its partitions have leaders.
func tryTopic(ctx context.Context, cfg Config, needed []kafka.ConfigEntry) error {
	conns := newConnections(cfg)
	defer conns.close()
	client := conns.client(cfg)
	topic, err := describeTopic(ctx, client, cfg)
	if err != nil {
		return err
	}
	for _, p := range topic.Partitions {
		if p.Error != nil {
			return fmt.Errorf("describe topic %s: partition %d: %w", cfg, p.ID, p.Error)
		}
	}
	_, err = checkTopic(ctx, client, cfg, needed)
	return err
}

// topicFacts is what Open needs to know of the topic.
type topicFacts struct {
	partitions int
	// maxMessage is the largest batch the topic takes, in bytes, or 0 when the broker does not say.
	maxMessage int
}

// checkTopic returns the facts of the topic of cfg, or an error when it is missing or lacks a setting that is needed.
func checkTopic(ctx context.Context, client *kafka.Client, cfg Config, needed []kafka.ConfigEntry) (topicFacts, error) {
	topic, err := describeTopic(ctx, client, cfg)
	if err != nil {
		return topicFacts{}, err
	}
	partitions := len(topic.Partitions)
	if cfg.Partitions != 0 && cfg.Partitions != partitions {
		return topicFacts{}, &UnfitTopicError{Topic: cfg.Topic, Setting: "number of partitions",
			Got: strconv.Itoa(partitions), Want: strconv.Itoa(cfg.Partitions)}
	}
	settings, err := topicSettings(ctx, client, cfg)
	if err != nil {
		return topicFacts{}, err
	}
	for _, want := range needed {
		if got, ok := settings[want.ConfigName]; ok && got != want.ConfigValue {
			return topicFacts{}, &UnfitTopicError{Topic: cfg.Topic, Setting: want.ConfigName, Got: got, Want: want.ConfigValue}
		}
	}
	if got, err := strconv.Atoi(settings[settingInSync]); err == nil && got < cfg.MinInSync {
		return topicFacts{}, &UnfitTopicError{Topic: cfg.Topic, Setting: settingInSync,
			Got: strconv.Itoa(got), Want: fmt.Sprintf("at least %d", cfg.MinInSync)}
	}
	facts := topicFacts{partitions: partitions}
	if n, err := strconv.Atoi(settings[settingMaxMessage]); err == nil {
		facts.maxMessage = n
	}
	return facts, nil
}

// describeTopic returns the layout of the topic.
func describeTopic(ctx context.Context, client *kafka.Client, cfg Config) (kafka.Topic, error) {
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{cfg.Topic}})
	if err != nil {
		return kafka.Topic{}, fmt.Errorf("describe topic %s: %w", cfg, err)
	}
	for _, topic := range meta.Topics {
		switch {
		case topic.Name != cfg.Topic:
		case errors.Is(topic.Error, kafka.UnknownTopicOrPartition):
			return kafka.Topic{}, fmt.Errorf("describe topic %s: %w", cfg, ErrTopicMissing)
		case topic.Error != nil:
			return kafka.Topic{}, fmt.Errorf("describe topic %s: %w", cfg, topic.Error)
		case len(topic.Partitions) > 0:
			return topic, nil
		}
	}
	return kafka.Topic{}, fmt.Errorf("describe topic %s: %w", cfg, ErrTopicMissing)
}

// topicSettings returns the settings of the topic. The broker may refuse to tell them to this client; then there is
// nothing to check and the map is empty.
func topicSettings(ctx context.Context, client *kafka.Client, cfg Config) (map[string]string, error) {
	names := []string{settingInSync, settingMaxMessage}
	for _, entry := range required {
		names = append(names, entry.ConfigName)
	}
	res, err := client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: cfg.Topic, ConfigNames: names,
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("describe settings of topic %s: %w", cfg, err)
	}
	settings := make(map[string]string)
	for _, resource := range res.Resources {
		switch {
		case errors.Is(resource.Error, kafka.TopicAuthorizationFailed), errors.Is(resource.Error, kafka.ClusterAuthorizationFailed):
			cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "topic settings are not checked",
				slog.String("topic", cfg.Topic), slog.Any("error", resource.Error))
		case resource.Error != nil:
			return nil, fmt.Errorf("describe settings of topic %s: %w", cfg, resource.Error)
		}
		for _, entry := range resource.ConfigEntries {
			settings[entry.ConfigName] = entry.ConfigValue
		}
	}
	return settings, nil
}
