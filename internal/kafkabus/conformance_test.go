package kafkabus_test

import (
	"os"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/internal/kafkabus"
	"github.com/rapport-crm/rapport/internal/kafkatest"
)

// suiteEnvironment names the variable that, set to full, runs Watermill's suite with its own numbers of messages and
// subscribers. Otherwise the suite runs in its short mode.
const suiteEnvironment = "RAPPORT_TEST_SUITE"

func full() bool { return os.Getenv(suiteEnvironment) == "full" }

// forwarder is what the suite runs for each of several subscribers that it joins into one. It leaves those behind that
// hold a message when it stops reading.
const forwarder = "github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe"

// meters is what Sarama counts with. It runs from its first use to the end of the process.
const meters = "github.com/rcrowley/go-metrics.(*meterArbiter).tick"

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(forwarder+".func2"), goleak.IgnoreAnyFunction(forwarder+".func3"), goleak.IgnoreAnyFunction(meters))
}

func TestTheEmbeddedBrokerConforms(t *testing.T) {
	t.Parallel()
	conform(t, openBroker(t))
}

func TestApacheKafkaConforms(t *testing.T) {
	t.Parallel()
	conform(t, kafkatest.Broker(t))
}

// features are those of Watermill's suite that hold however the bus is set up. The ones that are left out:
//
//   - ExactlyOnceDelivery: a lost acknowledgement makes the Publisher write a message again, because kafka-go has no
//     idempotent producer, and a subscription that ends before the commit makes the next one deliver it again.
//   - ContextPreserved: a context does not leave the process.
//   - GuaranteedOrderWithSingleSubscriber: it weakens GuaranteedOrder, which is claimed for messages with a key.
//   - RequireSingleInstance: any number of instances work together.
//   - RestartServiceCommand: the suite's reconnect test reads what it has published while a goroutine still adds to it.
//     The tests named TestAcknowledgedMessagesAreDelivered… check the same.
func features(t *testing.T) tests.Features {
	t.Helper()
	if !full() {
		t.Logf("the suite runs in its short mode; %s=full runs all of it", suiteEnvironment)
	}
	return tests.Features{Persistent: true, ForceShort: !full()}
}

// conform runs the suite in the three ways in which the bus can be set up.
func conform(t *testing.T, addr string) {
	t.Helper()

	// Members of a group share eight partitions. Without keys there is no order over them. A second subscriber of the
	// group does not get what the first one acknowledged, so NewSubscriberReceivesOldMessages is not claimed here.
	t.Run("in a group", func(t *testing.T) {
		t.Parallel()
		f := features(t)
		f.ConsumerGroups = true
		runSuite(t, f, publisherConfig(addr), subscriberConfig(addr))
	})

	// The order among the messages of one key is kept whatever number of members share the partitions.
	t.Run("in a group with keys", func(t *testing.T) {
		t.Parallel()
		f := features(t)
		f.ConsumerGroups = true
		f.GuaranteedOrder = true
		publisher := publisherConfig(addr)
		publisher.Key = func(_ string, msg *message.Message) ([]byte, error) { return msg.Payload, nil }
		runSuite(t, f, publisher, subscriberConfig(addr))
	})

	// Every subscription reads everything; ConsumerGroups is not claimed without groups. GuaranteedOrder is not, because
	// the test of it has ten subscribers share the messages, and here each gets them all.
	t.Run("without a group", func(t *testing.T) {
		t.Parallel()
		f := features(t)
		f.NewSubscriberReceivesOldMessages = true
		tests.TestPubSub(t, f, func(t *testing.T) (message.Publisher, message.Subscriber) {
			t.Helper()
			return pair(t, publisherConfig(addr), subscriberConfig(addr))
		}, nil)
	})
}

// runSuite runs the suite on a publisher and members of a group.
func runSuite(t *testing.T, f tests.Features, publisher kafkabus.PublisherConfig, subscriber kafkabus.SubscriberConfig) {
	t.Helper()
	inGroup := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		t.Helper()
		subscriber := subscriber
		subscriber.Group = group
		return pair(t, publisher, subscriber)
	}
	tests.TestPubSub(t, f, func(t *testing.T) (message.Publisher, message.Subscriber) {
		t.Helper()
		return inGroup(t, "suite")
	}, inGroup)
}

// pair returns a publisher and a subscriber. The suite closes most of them itself, some too early to have an effect.
func pair(
	t *testing.T, publisher kafkabus.PublisherConfig, subscriber kafkabus.SubscriberConfig,
) (message.Publisher, message.Subscriber) {
	t.Helper()
	return newPublisher(t, publisher), newSubscriber(t, subscriber)
}
