package broker

import (
	"encoding/binary"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxAhead is how far ahead of the broker's clock a record may be stamped. It leaves room for the clocks of producers.
const maxAhead = time.Minute

// The layout of a Kafka record batch, version 2 ("magic 2"), as offsets of its header fields. Kafka documentation,
// "Message Format", section "Record Batch".
const (
	atBatchLength = 8
	atMagic       = 16
	atAttributes  = 21
	atFirstTime   = 27
	atMaxTime     = 35
	timesEnd      = 43

	// batchPrefixBytes precede what the batch length counts.
	batchPrefixBytes = 12

	attrLogAppendTime = 0x08
)

// errMisdated is the answer to a producer of misdated records. Its code is one that clients do not retry.
var errMisdated = &kerr.Error{
	Message: "records must not be stamped more than one minute ahead of the clock of the embedded broker, nor with the timestamp type LogAppendTime",
	Code:    kerr.InvalidTimestamp.Code,
}

// stamps refuses records that are dated in the future. The broker keeps the time that the producer gave a record, and
// readers take the greatest time so far as the time of a record, so a single such record would date all that follow it
// in its partition. Apache Kafka refuses them by message.timestamp.after.max.ms.
//
// The cluster handles one request after another, so the fields need no lock.
type stamps struct {
	cluster *kfake.Cluster
	// latest is the latest time the broker's clock has shown.
	latest time.Time
	// refused makes the cluster refuse partitions of the request it handles; nil when it refuses none.
	refused *kfake.FaultHandle
}

// check refuses the partitions of a produce request whose records are misdated, and leaves the others to the cluster.
func (s *stamps) check(req *kmsg.ProduceRequest) {
	// A fault that the cluster had no use for, because it refused its request for another reason, is still there.
	if s.refused != nil {
		s.refused.Remove()
		s.refused = nil
	}
	if faults := misdatedPartitions(req, s.limit(time.Now())); len(faults) > 0 {
		s.refused = s.cluster.Fault(faults...)
	}
}

// limit returns the latest time, in milliseconds since 1970, that a record may carry when the clock shows now. A clock
// that was set back does not lower it: producers that keep their stamps in order go on from their latest one.
func (s *stamps) limit(now time.Time) int64 {
	if now.After(s.latest) {
		s.latest = now
	}
	return s.latest.Add(maxAhead).UnixMilli()
}

// misdatedPartitions returns a fault for each partition of req with records that are stamped after limit.
func misdatedPartitions(req *kmsg.ProduceRequest, limit int64) []kfake.Fault {
	var faults []kfake.Fault
	for _, topic := range req.Topics {
		for _, p := range topic.Partitions {
			if !misdated(p.Records, limit) {
				continue
			}
			faults = append(faults, kfake.Fault{
				Keys:       []kmsg.Key{kmsg.Produce},
				Topic:      topic.Topic,
				TopicID:    topic.TopicID,
				Partitions: []int32{p.Partition},
				Err:        errMisdated,
			})
		}
	}
	return faults
}

// misdated reports whether a record set has a batch that is stamped after limit, or that claims times given by the log,
// which only the log can give. It looks at the headers of the batches only. What is not a batch of version 2 is not
// misdated; the cluster refuses it.
func misdated(set []byte, limit int64) bool {
	for len(set) >= timesEnd && set[atMagic] == 2 {
		attributes := binary.BigEndian.Uint16(set[atAttributes:])
		first := int64(binary.BigEndian.Uint64(set[atFirstTime:]))
		last := int64(binary.BigEndian.Uint64(set[atMaxTime:]))
		if attributes&attrLogAppendTime != 0 || max(first, last) > limit {
			return true
		}
		size := batchPrefixBytes + int64(binary.BigEndian.Uint32(set[atBatchLength:]))
		set = set[min(size, int64(len(set))):]
	}
	return false
}
