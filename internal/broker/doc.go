// Package broker is the embedded broker: a Kafka broker inside this process, for one machine. It speaks the Kafka
// protocol on a loopback port, so the same client code works with it and with Apache Kafka, and any Kafka client of the
// machine can connect to it. It is the in-process broker of the franz-go project.
//
// It keeps every record: topics have no retention, and requests that would let the broker delete or compact records
// are refused, because it would lose acknowledged records over them when it is killed at the wrong moment. With a data
// directory, no answer leaves before all that was written until then is on disk: records are neither acknowledged nor
// handed out earlier, and answers that are ready at about the same time share one round of syncs. When a sync fails, the
// broker answers nothing any more until it is started again. It holds a lock on the directory, because two brokers on one
// directory overwrite each other's records.
//
// Records keep the time their producer stamped them with. Records stamped more than one minute ahead of the broker's
// clock are refused with INVALID_TIMESTAMP, for the partition they were sent to; their producer must not retry them.
//
// It reads its whole log when it starts and handles requests in one goroutine. Logs that are larger than memory, and
// installations that must outlive the machine, need Apache Kafka.
package broker
