// Package eventstore is the log on Kafka: appending records and following, reading and positioning within them, and
// the rule that decides what each record of a stream means. It knows records, keys and offsets; it knows nothing of
// customers or of what the records say.
//
// The order of the records in a partition is the truth. Every reader that judges the same records in the same order
// with Stream reaches the same verdicts, so any number of writers need no lock and no owner.
//
// An append is acknowledged when every in-sync replica has it. An append whose acknowledgement is lost fails with
// ErrUnknownOutcome: the record may or may not be in the log, and the answer to it is to append the same record, with
// the same id, again. A record that was written twice is judged a duplicate by every reader.
//
// A follower reads one partition densely: the offset of every record is the offset of the one before it plus one. When
// the log does not have the next offset (it was trimmed, recreated, or written by a transactional producer), the
// follower stops with an error that says so; it never skips.
//
// A Group shares the partitions among the programs that run Join's membership, by a Kafka consumer group. It says who
// works on which partition; that two never commit for the same one is for the store of the results to ensure. An Outlet
// appends what was derived to output topics: at least once, in order.
package eventstore
