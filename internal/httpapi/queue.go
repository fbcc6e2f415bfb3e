package httpapi

import (
	"context"
	"sync"

	"github.com/rapport-crm/rapport/domain"
)

// queue hands the lines of a stream from the goroutine that reads them to the one that appends them. What arrives while
// an append is in flight goes out together in the next, so a slow client sees each result at once and a fast one is
// appended in large pieces.
type queue struct {
	mu   sync.Mutex
	next *piece
	// end is why there are no more lines, once there are none.
	end error
	// filled and emptied hold a token after a change that the other side may be waiting for.
	filled, emptied chan struct{}
}

func newQueue() *queue {
	return &queue{next: new(piece), filled: make(chan struct{}, 1), emptied: make(chan struct{}, 1)}
}

// fill reads lines until there are none, or ctx ends. A piece that is full holds it up.
func (q *queue) fill(ctx context.Context, l *lines) {
	for {
		line, tooLong, err := l.next()
		for !q.put(l.number, line, tooLong, err) {
			select {
			case <-q.emptied:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// put adds a line, or the end. It returns false when there is no room.
func (q *queue) put(number int, line []byte, tooLong bool, err error) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case err != nil:
		q.end = err
	case q.next.full():
		return false
	case tooLong:
		q.next.refuse(number, lineTooLong)
	default:
		q.next.addLine(number, line)
	}
	signal(q.filled)
	return true
}

var lineTooLong = domain.Problem{Rule: domain.RuleLength, Message: "the line must have at most " + byteCount(maxLine)}

// take returns the lines that have come since the last time, at least one; spare takes the next ones. After the last
// lines it returns why there are no more.
func (q *queue) take(ctx context.Context, spare *piece) (*piece, error) {
	for {
		p, end := q.swap(spare)
		switch {
		case p != nil:
			signal(q.emptied)
			return p, nil
		case end != nil:
			return nil, end
		}
		select {
		case <-q.filled:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// swap returns the lines that have come, if any, and puts spare in their place. Otherwise it returns nil and the end, if
// it has come.
func (q *queue) swap(spare *piece) (*piece, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := q.next
	if len(p.items) == 0 {
		return nil, q.end
	}
	q.next = spare
	return p, nil
}

// signal leaves a token unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
