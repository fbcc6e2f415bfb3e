package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
)

// OutletTopic is one output topic of an Outlet.
type OutletTopic struct {
	// Name is the topic's name.
	Name string
	// Retention is how long the broker keeps records, in whole milliseconds, when the outlet creates the topic. The
	// embedded broker keeps every record whatever is asked. Default: 0, for ever.
	Retention time.Duration
	// Compact makes the topic keep the last record of each key and drop the earlier ones in time; Retention has no meaning
	// then. A topic that exists without compaction is refused. The embedded broker has no such topics, and what reads the
	// log does not read them: offsets are missing. Default: false, nothing is dropped for a later record.
	Compact bool
}

// Outlet appends derived records to output topics. Unlike the event log an output topic may have been created by someone
// else, with any number of partitions and any retention. Its methods may be called concurrently.
type Outlet struct {
	logs map[string]*Log
}

// OpenOutlet opens output topics on the cluster of cfg and creates those that are missing, with cfg.Partitions,
// cfg.ReplicationFactor and cfg.MinInSync. A topic that exists is left as it is. cfg.Topic has no meaning here.
func OpenOutlet(ctx context.Context, cfg Config, topics ...OutletTopic) (*Outlet, error) {
	o := &Outlet{logs: make(map[string]*Log)}
	for _, topic := range topics {
		if o.logs[topic.Name] != nil {
			continue
		}
		log, err := openOutput(ctx, cfg, topic)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open output topic %s: %w", topic.Name, err), o.Close())
		}
		o.logs[topic.Name] = log
	}
	return o, nil
}

// openOutput opens one output topic, after creating it when it is missing.
func openOutput(ctx context.Context, cfg Config, topic OutletTopic) (*Log, error) {
	if topic.Name == "" || topic.Retention < 0 {
		return nil, errors.New("an output topic needs a name, and a retention that is not negative")
	}
	cfg.Topic, cfg.ReadOnly = topic.Name, false
	existing := cfg
	existing.Partitions, existing.MinInSync = 0, 0
	var needed []kafka.ConfigEntry
	if topic.Compact {
		needed = compacted[:1]
	}
	log, err := open(ctx, existing, needed)
	if !errors.Is(err, ErrTopicMissing) {
		return log, err
	}
	if err := makeOutput(ctx, cfg.withDefaults(), topic); err != nil {
		return nil, err
	}
	return open(ctx, existing, needed)
}

// compacted lists the settings of a topic that keeps the last record of each key.
var compacted = [...]kafka.ConfigEntry{
	{ConfigName: settingCleanup, ConfigValue: "compact"},
	{ConfigName: settingTime, ConfigValue: "LogAppendTime"},
}

// makeOutput creates an output topic and waits until the broker shows it. A broker that refuses a retention as a matter of
// policy, as the embedded one does, gets the topic without one.
func makeOutput(ctx context.Context, cfg Config, topic OutletTopic) error {
	settings, retention := slices.Clone(required[:]), topic.Retention
	if topic.Compact {
		settings, retention = slices.Clone(compacted[:]), 0
	}
	if cfg.MinInSync > 0 {
		settings = append(settings, kafka.ConfigEntry{ConfigName: settingInSync, ConfigValue: strconv.Itoa(cfg.MinInSync)})
	}
	finite := slices.Clone(settings)
	for i := range finite {
		if finite[i].ConfigName == settingRetention && retention > 0 {
			finite[i].ConfigValue = strconv.FormatInt(max(retention.Milliseconds(), 1), 10)
		}
	}
	err := makeTopic(ctx, cfg, finite)
	if errors.Is(err, kafka.PolicyViolation) && retention > 0 {
		cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "output topic keeps every record, the broker takes no retention", slog.String("topic", cfg.Topic))
		err = makeTopic(ctx, cfg, settings)
	}
	if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
		return fmt.Errorf("create topic %s: %w", cfg, err)
	}
	// Another program may have created it at the same moment, with settings of its own.
	cfg.Partitions, cfg.MinInSync = 0, 0
	return awaitTopic(ctx, cfg, nil)
}

// Empty reports whether the output topic has no records.
func (o *Outlet) Empty(ctx context.Context, topic string) (bool, error) {
	log := o.logs[topic]
	if log == nil {
		return false, fmt.Errorf("look into %s: topic is not of this outlet: %w", topic, ErrTopicMissing)
	}
	ends, err := log.Ends(ctx)
	if err != nil {
		return false, fmt.Errorf("look into %s: %w", topic, err)
	}
	return !slices.ContainsFunc(ends, func(end int64) bool { return end > 0 }), nil
}

// Close ends every connection and waits for the calls of Publish in flight, which fail with ErrClosed.
func (o *Outlet) Close() error {
	var faults []error
	for _, log := range o.logs {
		faults = append(faults, log.Close())
	}
	return errors.Join(faults...)
}

// Publish appends records to an output topic, each to the partition of its key, and returns nil when every one of them was
// acknowledged by all in-sync replicas. Records of a key keep their order within a call and between calls that follow one
// another.
//
// A request that failed, or whose acknowledgement was lost, is repeated with all that follows it until ctx ends. So
// a record may be in the topic more than once, but the first record of each kind comes after those before it:
// 1 2 3 1 2 3 4 may come of 1 2 3 4, never 1 3 2. Consumers tell a repeated record by its id.
//
// When Publish returns an error, some records may be in the topic. The caller publishes the same records again before
// any later ones, or the order is lost. Records without a key or above the size limit, a topic that is not of the outlet
// and what the broker refuses for good are errors at once; the first two kinds before anything is sent.
func (o *Outlet) Publish(ctx context.Context, topic string, records []Record) error {
	log := o.logs[topic]
	if log == nil {
		return fmt.Errorf("publish to %s: topic is not of this outlet: %w", topic, ErrTopicMissing)
	}
	for i := range records {
		if err := log.checkRecord(&records[i]); err != nil {
			return fmt.Errorf("publish to %s: record %d of %d: %w", topic, i+1, len(records), err)
		}
	}
	var pause backoff
	for failures := 0; len(records) > 0; failures++ {
		appended, err := log.Append(ctx, records)
		if err == nil {
			if failures > 0 {
				log.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "output topic takes records again", slog.String("topic", topic), slog.Int("failures", failures))
			}
			break
		}
		if ctx.Err() != nil || log.isClosed() {
			return closedOr(log, err)
		}
		if refused := refusal(appended); refused != nil {
			return fmt.Errorf("publish to %s: %w", log.cfg, refused)
		}
		if failures == 0 {
			log.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "output topic does not take records", slog.String("topic", topic), slog.Any("error", err))
		}
		records = unacknowledged(records, appended)
		if pause.wait(ctx) != nil {
			return err
		}
	}
	return nil
}

// closedOr returns err, as ErrClosed when the log was closed.
func closedOr(log *Log, err error) error {
	if log.isClosed() && !errors.Is(err, ErrClosed) {
		return fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return err
}

// refusal returns an error that no repetition will mend, if there is one.
func refusal(appended []Appended) error {
	for _, a := range appended {
		if a.Err != nil && !errors.Is(a.Err, ErrNotSent) && !isRepeatable(a.Err) {
			return a.Err
		}
	}
	return nil
}

// isRepeatable reports whether an append that failed may succeed when it is repeated.
func isRepeatable(err error) bool {
	if errors.Is(err, ErrUnknownOutcome) || isTransient(err) {
		return true
	}
	code, ok := errors.AsType[kafka.Error](err)
	return ok && code.Temporary()
}

// unacknowledged returns the records that are to be sent again, in their order. In each partition they are the last ones
// of the call, because Append sends nothing behind a record that failed.
func unacknowledged(records []Record, appended []Appended) []Record {
	var left []Record
	for i := range records {
		if appended[i].Err != nil {
			left = append(left, records[i])
		}
	}
	return left
}
