package logtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
)

// Setup is a kind of broker, and what tests can do to it beyond appending and reading. A field that is nil skips the
// tests that need it.
type Setup struct {
	// Brokers returns the addresses of a running broker that tests may share.
	Brokers func(t *testing.T) []string
	// Restartable starts a broker for one test and returns its address and two functions: one that ends the broker in
	// order, and one that starts it again with its records and its address.
	Restartable func(t *testing.T) (brokers []string, stop, start func(t *testing.T))
	// DeleteTopic deletes a topic and returns when the broker has forgotten it.
	DeleteTopic func(t *testing.T, brokers []string, topic string)
	// Trim deletes the records of a partition before an offset.
	Trim func(t *testing.T, brokers []string, topic string, partition int, before int64)
	// CreateTopic creates a topic with one partition and the given setting.
	CreateTopic func(t *testing.T, brokers []string, topic, setting, value string)
}

// Run runs the suite.
func Run(t *testing.T, s Setup) {
	tests := []struct {
		name string
		run  func(*testing.T, Setup)
	}{
		{"AppendedRecordsAreFollowedAtTheirPositions", testAppendFollow},
		{"OrderOfAKeyIsKeptAmongConcurrentWriters", testOrder},
		{"ACallOfManyRecordsSpansBatchesAndWindows", testManyRecords},
		{"AppendToWritesToThePartitionItIsGiven", testAppendTo},
		{"AppendAndAppendToKeepTheirOrder", testAppendToOrder},
		{"HeadersAndEmptyValuesComeBackAsWritten", testHeaders},
		{"UnfitRecordsAreRefusedAlone", testRefused},
		{"FollowStartsInTheMiddleAndEndsBeforeUntil", testFollowBounds},
		{"FollowYieldsAnEmptyBatchAtTheEndAndThenNewRecords", testFollowEnd},
		{"RecordedAtNeverDecreases", testRecordedAt},
		{"OffsetsAtFindsTheFirstRecordOfATime", testOffsetsAt},
		{"ReadReturnsExactlyTheOffsetsAskedFor", testRead},
		{"ReadOutsideTheLogIsAnError", testReadOutside},
		{"StartsAndEndsAreTheBoundsOfThePartitions", testBounds},
		{"CreateTopicIsIdempotentAndChecksPartitions", testCreateTopic},
		{"UnfitTopicsAreRefused", testUnfitTopic},
		{"AMissingTopicIsAnError", testMissingTopic},
		{"ATrimmedLogStopsItsReaders", testTrimmed},
		{"ARecreatedTopicStopsItsFollower", testRecreated},
		{"ADeletedTopicStopsItsFollower", testDeleted},
		{"AFollowerGoesOnAfterABrokerRestart", testRestart},
		{"AnAppenderGoesOnAfterABrokerRestart", testAppendRestart},
		{"ALostAcknowledgementIsAnUnknownOutcome", testLostAck},
		{"ACancelledContextEndsAFollower", testCancelFollow},
		{"ACancelledContextWritesNothingNew", testCancelAppend},
		{"CloseEndsFollowersAndRefusesAppends", testClose},
		{"PartitionsAreChosenAsByTheJavaClient", testPartitionOf},
		{"AnOutletCreatesItsTopicsAndKeepsTheOrder", testOutlet},
		{"ACompactedOutputTopicIsMadeSoAndRefusedOtherwise", testCompacted},
		{"AnOutletRepeatsWhatWasNotAcknowledged", testOutletLostAck},
		{"AnOutletKeepsTheOrderWhenAcknowledgementsAreLost", testOutletOrder},
		{"AnOutletWaitsForABrokerThatIsAway", testOutletOutage},
		{"AnOutletRefusesUnfitRecordsBeforeItSendsAny", testOutletRefused},
		{"AnOutletIsEndedByItsContextAndByClose", testOutletEnd},
		{"AnOutputTopicHasTheRetentionAskedForUnlessTheBrokerKeepsAll", testOutletRetention},
		{"AnOutputTopicOfOthersIsTakenAsItIs", testOutletForeign},
		{"AReaderOfAnOutputTopicIsStoppedByATrim", testReadOnlyTrimmed},
		{"AGroupSharesThePartitionsAndAMemberThatLeavesIsReplacedAtOnce", testGroupShares},
		{"AMemberMoreThanPartitionsWaitsForItsTurn", testGroupSpare},
		{"AnErrorOfTheWorkEndsTheMembership", testGroupError},
		{"AMemberThatGivesUpItsPartitionsJoinsAgain", testGroupAgain},
		{"ADeadMemberIsReplacedWhenItsSessionEnds", testGroupDead},
		{"AMemberThatWasReplacedStopsAndJoinsAgain", testGroupReplaced},
		{"AMemberLeavesWhileItWaitsToJoin", testGroupLeavesWhileJoining},
		{"PositionsAreCommittedToTheGroup", testGroupCommits},
		{"ClosingTheLogEndsItsMemberships", testGroupClosedLog},
		{"AMembershipOutlivesABrokerRestart", testGroupRestart},
		{"UnfitGroupsAreRefused", testGroupConfig},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, s)
		})
	}
}

// topics numbers the topics of a test process.
var topics atomic.Int64

// newTopic returns a topic name that no other test, process or run uses.
func newTopic() string {
	return fmt.Sprintf("logtest.%d.%d", time.Now().UnixNano(), topics.Add(1))
}

// newConfig returns the configuration of a new topic and creates it.
func newConfig(t *testing.T, brokers []string, partitions int) eventstore.Config {
	t.Helper()
	cfg := eventstore.Config{Brokers: brokers, Topic: newTopic(), Partitions: partitions}
	if err := eventstore.CreateTopic(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// openLog opens the log of cfg for the time of the test.
func openLog(t testing.TB, cfg eventstore.Config) *eventstore.Log {
	t.Helper()
	log, err := eventstore.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}

// newLog returns a log on a new topic.
func newLog(t *testing.T, s Setup, partitions int) *eventstore.Log {
	t.Helper()
	return openLog(t, newConfig(t, s.Brokers(t), partitions))
}

// numbered returns n records of one key with values that say their number, from first on.
func numbered(key string, first, n int) []eventstore.Record {
	records := make([]eventstore.Record, n)
	for i := range records {
		records[i] = eventstore.Record{Key: []byte(key), Value: fmt.Appendf(nil, "%s/%d", key, first+i)}
	}
	return records
}

// mustAppend appends records, all of which must be acknowledged.
func mustAppend(t *testing.T, log *eventstore.Log, records []eventstore.Record) []eventstore.Appended {
	t.Helper()
	appended, err := log.Append(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	return appended
}

// clone returns a record that does not depend on the follower's buffers.
func clone(r eventstore.Record) eventstore.Record {
	r.Key, r.Value, r.Headers = slices.Clone(r.Key), slices.Clone(r.Value), slices.Clone(r.Headers)
	for i := range r.Headers {
		r.Headers[i].Value = slices.Clone(r.Headers[i].Value)
	}
	return r
}

// collect follows a partition from an offset until another and returns copies of the records.
func collect(t *testing.T, log *eventstore.Log, partition int, from, until int64) []eventstore.Record {
	t.Helper()
	var records []eventstore.Record
	for batch, err := range log.Follow(t.Context(), partition, from, eventstore.FollowOptions{Until: until}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch.Records {
			records = append(records, clone(r))
		}
	}
	return records
}

// collectAll returns every record of every partition, by partition.
func collectAll(t *testing.T, log *eventstore.Log) [][]eventstore.Record {
	t.Helper()
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := make([][]eventstore.Record, len(ends))
	for partition, end := range ends {
		if end > 0 {
			all[partition] = collect(t, log, partition, 0, end)
		}
	}
	return all
}

// firstError returns the error that ends a follower.
func firstError(ctx context.Context, log *eventstore.Log, partition int, from int64, opt eventstore.FollowOptions) error {
	for _, err := range log.Follow(ctx, partition, from, opt) {
		if err != nil {
			return err
		}
	}
	return nil
}

// wantError fails the test unless err is target.
func wantError(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: error is %v, want one that is %q", what, err, target)
	}
}

// values returns the values of records, separated by blanks.
func values(records []eventstore.Record) string {
	var b strings.Builder
	for i, r := range records {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.Write(r.Value)
	}
	return b.String()
}
