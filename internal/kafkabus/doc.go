// Package kafkabus connects Watermill to Kafka: a Publisher and a Subscriber over kafka-go. It knows topics, records and
// messages; it knows nothing of what the messages say.
//
// A message is delivered at least once. Publish returns nil when every in-sync replica has every message of the call; a
// lost acknowledgement makes the Publisher send the same record again, so a record may stand in the log twice. A
// Subscriber delivers again what was not acknowledged when its subscription, or its share of the partitions, ended.
//
// Messages with the same partition key stand in one partition, in the order in which they were published by calls that
// followed each other. A Subscriber delivers the messages of one partition one after the other: the next one comes when
// the one before was acknowledged. Partitions are delivered in parallel. A message that is answered with Nack comes
// again at once, in its place. Messages that were fetched together may be gathered into one, for handlers that do better
// with many; see SubscriberConfig.Gather.
//
// Three features of Watermill's conformance suite are not claimed. ExactlyOnceDelivery: kafka-go has no idempotent
// producer, so handlers recognise repeated messages by their id. ContextPreserved: the context of a published message
// ends at the process; a header such as traceparent crosses it. NewSubscriberReceivesOldMessages holds without a group
// only: with one, a group continues where it left off. The suite's test of reconnection has a data race of its own; tests of
// this package take its place.
//
// A topic that a transactional producer writes to is not supported: kafka-go delivers aborted records and transaction
// markers as if they were messages.
package kafkabus
