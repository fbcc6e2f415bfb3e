package eventstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	fetchapi "github.com/segmentio/kafka-go/protocol/fetch"
)

const (
	// fetchVersion is the version of the Fetch API spoken here. Brokers have it since Kafka 2.3.
	fetchVersion = 11
	// maxResponseBytes bounds a response, so that a broken peer cannot ask for a large allocation. A broker exceeds the
	// window asked for only to return one whole batch.
	maxResponseBytes = 256 << 20
	// answerGrace is how long a broker may take to answer beyond the wait it was asked for.
	answerGrace = 10 * time.Second
)

// fetchRequest asks for the raw record set of one partition. kafka-go decodes record sets record by record, with two
// allocations for each; as a protocol.RawExchanger this request reads the response itself and leaves the record set as
// it came. Connections, routing to the leader, TLS and authentication stay kafka-go's.
type fetchRequest struct {
	fetchapi.Request
	clientID string
	// buf is where the response is read to. It belongs to the exchange until the exchange has ended, so whoever gives
	// up on a request must give up the buffer too.
	buf []byte
}

// fetchResponse is the answer for one partition.
type fetchResponse struct {
	code          int16
	highWatermark int64
	logStart      int64
	// records is the record set; it is a part of buf.
	records []byte
	buf     []byte
}

// ApiKey implements protocol.Message.
func (*fetchResponse) ApiKey() protocol.ApiKey { return protocol.Fetch }

// Required implements protocol.RawExchanger.
func (*fetchRequest) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange implements protocol.RawExchanger: it writes the request and reads the response.
func (r *fetchRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	// A connection carries one request at a time, so a constant correlation id is enough.
	const correlationID = 1
	if err := protocol.WriteRequest(rw, fetchVersion, correlationID, r.clientID, &r.Request); err != nil {
		return nil, err
	}
	var prefix [8]byte
	if _, err := io.ReadFull(rw, prefix[:]); err != nil {
		return nil, err
	}
	size := int64(binary.BigEndian.Uint32(prefix[:])) - 4
	if size < 0 || size > maxResponseBytes {
		return nil, fmt.Errorf("fetch response of %d bytes", size)
	}
	if id := binary.BigEndian.Uint32(prefix[4:]); id != correlationID {
		return nil, fmt.Errorf("fetch response to request %d, want %d", id, correlationID)
	}
	if int64(cap(r.buf)) < size {
		r.buf = make([]byte, size+size/8)
	}
	r.buf = r.buf[:size]
	if _, err := io.ReadFull(rw, r.buf); err != nil {
		return nil, err
	}
	return parseFetchResponse(r.buf)
}

// parseFetchResponse reads a response, version 11, to a request for one partition.
func parseFetchResponse(buf []byte) (*fetchResponse, error) {
	w := wire{data: buf}
	res := &fetchResponse{buf: buf}
	w.take(4) // throttle time
	res.code = int16(w.uint16())
	w.take(4) // session
	if topics := w.uint32(); topics == 0 && res.code != 0 {
		return res, nil
	}
	w.take(int(w.uint16())) // topic
	w.take(4)               // number of partitions
	w.take(4)               // partition
	if code := int16(w.uint16()); code != 0 {
		res.code = code
	}
	res.highWatermark = int64(w.uint64())
	w.take(8) // last stable offset
	res.logStart = int64(w.uint64())
	if aborted := int32(w.uint32()); aborted > 0 {
		w.take(16 * int(aborted))
	}
	w.take(4) // preferred read replica
	if n := int32(w.uint32()); n > 0 {
		res.records = w.take(int(n))
	}
	if w.short {
		return nil, fmt.Errorf("fetch response: %w", io.ErrUnexpectedEOF)
	}
	return res, nil
}

// wire reads the big-endian fields of a response. After the end of the data, short is true and fields are zero.
type wire struct {
	data  []byte
	short bool
}

func (w *wire) take(n int) []byte {
	if n < 0 || n > len(w.data) {
		w.short, w.data = true, nil
		return nil
	}
	b := w.data[:n:n]
	w.data = w.data[n:]
	return b
}

func (w *wire) uint16() uint16 {
	if b := w.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (w *wire) uint32() uint32 {
	if b := w.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (w *wire) uint64() uint64 {
	if b := w.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// fetchWindow is what one fetch asks for.
type fetchWindow struct {
	partition int
	offset    int64
	maxBytes  int
	maxWait   time.Duration
}

// fetch returns the record set at win. The response is read to buf, which the caller must not use again unless fetch
// returns no error. A broker's error code comes back as a kafka.Error.
func (l *Log) fetch(ctx context.Context, win fetchWindow, buf []byte) (*fetchResponse, error) {
	if l.isClosed() {
		return nil, ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, win.maxWait+answerGrace)
	defer cancel()
	req := &fetchRequest{
		clientID: l.cfg.ClientID,
		buf:      buf,
		Request: fetchapi.Request{
			ReplicaID:    -1,
			MaxWaitTime:  int32(win.maxWait.Milliseconds()),
			MinBytes:     1,
			MaxBytes:     int32(win.maxBytes),
			SessionEpoch: -1,
			Topics: []fetchapi.RequestTopic{{
				Topic: l.cfg.Topic,
				Partitions: []fetchapi.RequestPartition{{
					Partition:          int32(win.partition),
					CurrentLeaderEpoch: -1,
					FetchOffset:        win.offset,
					LogStartOffset:     -1,
					PartitionMaxBytes:  int32(win.maxBytes),
				}},
			}},
		},
	}
	msg, err := l.conns.transport.RoundTrip(ctx, l.client.Addr, req)
	if err != nil {
		if l.isClosed() {
			return nil, ErrClosed
		}
		return nil, err
	}
	res, ok := msg.(*fetchResponse)
	if !ok {
		return nil, fmt.Errorf("fetch answered with %T", msg)
	}
	if res.code != 0 {
		return nil, kafka.Error(res.code)
	}
	return res, nil
}

// isTransient reports whether a failed fetch may succeed when it is repeated: the broker is away, or the leader moved.
func isTransient(err error) bool {
	if code, ok := errors.AsType[kafka.Error](err); ok {
		switch code {
		case kafka.Unknown, kafka.LeaderNotAvailable, kafka.NotLeaderForPartition, kafka.RequestTimedOut, kafka.BrokerNotAvailable,
			kafka.ReplicaNotAvailable, kafka.UnknownTopicOrPartition, kafka.KafkaStorageError,
			kafka.FencedLeaderEpoch, kafka.UnknownLeaderEpoch, kafka.OffsetNotAvailable, kafka.NetworkException:
			return true
		}
		return false
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return isRouting(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded)
}

// isRouting reports whether a request was not sent because the client knows no leader for the partition.
func isRouting(err error) bool {
	return errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition) || errors.Is(err, protocol.ErrNoLeader)
}
