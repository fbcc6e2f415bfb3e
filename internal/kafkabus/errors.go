package kafkabus

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// The facts that a caller can act on.
var (
	// ErrClosed means that the Publisher or Subscriber was closed.
	ErrClosed = errors.New("bus is closed")
	// ErrTopicMissing means that the topic does not exist.
	ErrTopicMissing = errors.New("topic does not exist")
	// ErrNotAcknowledged means that a message was sent and no acknowledgement came in time: it may be in the log. The
	// answer to it is to publish the same message again.
	ErrNotAcknowledged = errors.New("message was not acknowledged in time")
)

// isTransient reports whether the same request may succeed a moment later.
func isTransient(err error) bool {
	if code, ok := errors.AsType[kafka.Error](err); ok {
		switch code {
		case kafka.Unknown, kafka.BrokerNotAvailable, kafka.ReplicaNotAvailable:
			return true
		}
		return code.Temporary()
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return isRouting(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) || errors.Is(err, context.DeadlineExceeded)
}

// isRouting reports whether a request was not sent because the client knows no leader for the partition.
func isRouting(err error) bool {
	return errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition) || errors.Is(err, protocol.ErrNoLeader)
}
