package eventstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// lane sends the appends of one partition, one request at a time, which is what keeps their order. It has a goroutine
// only while it has something to send.
type lane struct {
	log       *Log
	partition int

	mu      sync.Mutex
	queue   []*pending
	running bool
	// wanted is how many callers the goroutine waits for, 0 when it does not wait. enough tells it that they are there.
	wanted int
	enough chan struct{}
	// encoder and latest belong to the sending goroutine, under mu while it encodes.
	encoder batchEncoder
	latest  time.Time
}

// A request that carried little is worth some company: its cost is in the round trip and in the sync.
const (
	// gatherBytes is up to which size a request counts as little.
	gatherBytes = 64 << 10
	// gatherLimit is how long a lane waits for company at most.
	gatherLimit = 5 * time.Millisecond
)

// share is the records from one pending that are part of one request.
type share struct {
	p        *pending
	from, to int
}

// enqueue adds p to what is to be sent and starts sending unless that is under way.
func (l *lane) enqueue(ctx context.Context, p *pending) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.running {
		if !l.log.begin() {
			return ErrClosed
		}
		l.running = true
		// The request serves other callers too, so the end of this caller's context must not end it.
		go l.run(context.WithoutCancel(ctx))
	}
	l.queue = append(l.queue, p)
	if l.wanted > 0 && len(l.queue) >= l.wanted {
		l.wanted = 0
		l.enough <- struct{}{}
	}
	return nil
}

// abandon gives up p for its caller: records not yet copied fail with cause, the others have an unknown outcome.
func (l *lane) abandon(p *pending, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	inFlight := p.encoded
	for i := p.settled; i < inFlight; i++ {
		p.results[i].Err = fmt.Errorf("%w: %w", ErrUnknownOutcome, cause)
	}
	p.settled = max(p.settled, inFlight)
	p.fail(cause)
	l.queue = slices.DeleteFunc(l.queue, func(q *pending) bool { return q == p })
}

// run sends until nothing is left.
func (l *lane) run(ctx context.Context) {
	defer l.log.sending.Done()
	for {
		l.mu.Lock()
		shares := l.take()
		if len(shares) == 0 {
			l.running = false
			l.mu.Unlock()
			return
		}
		l.latest = later(l.latest, time.Now().UTC().Truncate(time.Millisecond))
		at := l.latest
		batch, err := l.encoder.finish(at)
		l.mu.Unlock()

		var base int64
		sent := time.Now()
		if err == nil {
			base, at, err = l.produce(ctx, batch, at)
		}
		took := time.Since(sent)
		l.settle(shares, base, at, err)
		if err == nil && len(batch) <= gatherBytes {
			l.gather(len(shares), took)
		}
	}
}

// gather waits until as many callers have something to send as the last request served, but at most half the time that it
// took. Callers who were served together come back at about the same time; without the wait the first of them would go
// out alone, and all others would wait for that request and then for theirs. A single caller never waits for others.
func (l *lane) gather(callers int, took time.Duration) {
	l.mu.Lock()
	if callers < 2 || len(l.queue) >= callers {
		l.mu.Unlock()
		return
	}
	l.wanted = callers
	l.mu.Unlock()
	timer := time.NewTimer(min(took/2, gatherLimit))
	defer timer.Stop()
	select {
	case <-l.enough:
	case <-timer.C:
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.wanted == 0 {
			<-l.enough // they came at the last moment
		}
		l.wanted = 0
	}
}

// take copies records from the queue into the encoder until a batch is full. It runs under mu, so a caller that
// abandons its records finds each either copied or still queued.
func (l *lane) take() []share {
	l.encoder.reset()
	var shares []share
	for len(l.queue) > 0 {
		p := l.queue[0]
		s := share{p: p, from: p.encoded}
		for ; p.encoded < len(p.records); p.encoded++ {
			r := p.records[p.encoded]
			if l.encoder.count > 0 && len(l.encoder.records)+r.size() > l.log.cfg.BatchBytes {
				break
			}
			l.encoder.add(r)
		}
		if s.to = p.encoded; s.to > s.from {
			shares = append(shares, s)
		}
		if p.encoded < len(p.records) {
			break
		}
		l.queue = slices.Delete(l.queue, 0, 1)
	}
	return shares
}

// settle gives every record of a request its result, and wakes the callers whose records all have one.
func (l *lane) settle(shares []share, base int64, at time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		// The request that failed may still be on its way out, reading the encoder's bytes.
		l.encoder = batchEncoder{}
	}
	for _, s := range shares {
		p := s.p
		if p.settled == len(p.records) {
			base += int64(s.to - s.from)
			continue // abandoned
		}
		for i := s.from; i < s.to; i++ {
			p.results[i] = Appended{Position: Position{Partition: l.partition, Offset: base}, RecordedAt: at, Err: err}
			base++
		}
		p.settled = s.to
		if err != nil && s.to < len(p.records) {
			p.encoded = len(p.records)
			p.fail(notSent(err))
			l.queue = slices.DeleteFunc(l.queue, func(q *pending) bool { return q == p })
		}
		if p.settled == len(p.records) {
			close(p.done)
		}
	}
}

// produce sends one batch and returns the offset of its first record and the time the log gave it. A request that was
// certainly not carried out is repeated until the time for appending is over.
func (l *lane) produce(ctx context.Context, batch []byte, at time.Time) (int64, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, l.log.cfg.AppendTimeout)
	defer cancel()
	var pause backoff
	for {
		res, err := l.log.client.RawProduce(ctx, &kafka.RawProduceRequest{
			Topic:        l.log.cfg.Topic,
			Partition:    l.partition,
			RequiredAcks: kafka.RequireAll,
			RawRecords:   protocol.RawRecordSet{Reader: bytes.NewReader(batch)},
		})
		if err == nil {
			err = res.Error
		}
		if err == nil {
			if stamped := res.LogAppendTime; stamped.UnixMilli() > 0 {
				at = stamped.UTC()
			}
			return res.BaseOffset, at, nil
		}
		if l.log.isClosed() && !isUnwritten(err) {
			return 0, at, fmt.Errorf("%w: %w", ErrUnknownOutcome, ErrClosed)
		}
		if !isUnwritten(err) || !isTransient(err) || l.log.isClosed() {
			return 0, at, l.outcome(err)
		}
		if pause.wait(ctx) != nil {
			return 0, at, fmt.Errorf("not written within %s: %w", l.log.cfg.AppendTimeout, err)
		}
	}
}

// outcome returns the error that says whether the batch may be in the log.
func (l *lane) outcome(err error) error {
	switch {
	case errors.Is(err, kafka.MessageSizeTooLarge), errors.Is(err, kafka.RecordListTooLarge):
		return fmt.Errorf("%w: %w", &TooLargeError{Limit: l.log.maxRecord}, err)
	case isUnwritten(err):
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
}

// isUnwritten reports whether a failed request is certain to have written nothing: it was not sent, or the broker
// answered that it refused it.
func isUnwritten(err error) bool {
	if code, ok := errors.AsType[kafka.Error](err); ok {
		switch code {
		case kafka.Unknown, kafka.RequestTimedOut, kafka.NotEnoughReplicasAfterAppend, kafka.NetworkException, kafka.KafkaStorageError:
			return false
		}
		return true
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	return isRouting(err) || errors.Is(err, ErrClosed)
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
