package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/ingest"
)

// streamRoom is the room that a stream takes: the lines that are being appended and those that are read meanwhile.
const streamRoom = 2 * (pieceText + maxLine)

// stream takes events line by line and answers with one result line for each, while it is still reading. When the stream
// breaks off, what came before is appended and the last line of the answer has the member problem; without that line
// every event has its result. Such a stream may be sent again as it is: ids make sure that nothing counts twice.
func (a *api) stream(w http.ResponseWriter, r *http.Request) {
	room := reservation{room: a.bodies}
	defer room.release()
	err := room.need(streamRoom)
	var b *body
	if err == nil {
		b, err = a.open(w, r, limits{inflated: a.MaxInflated})
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	defer b.Close()
	ctx, cancel := context.WithCancel(r.Context())
	q, l := newQueue(), newLines(b)
	done := make(chan struct{})
	go func() {
		defer close(done)
		q.fill(ctx, l)
	}()
	s := &streamed{w: w, r: r, api: a, control: http.NewResponseController(w), session: a.Ingest.Session()}
	// HTTP/2 needs no permission, and a recorder in a test has none to give.
	_ = s.control.EnableFullDuplex()
	end := s.run(ctx, q)
	var failed *notAppended
	if errors.As(end, &failed) || r.Context().Err() != nil {
		b.source.stop() // the reading goroutine may be waiting for the client
	}
	cancel()
	<-done
	s.finish(r.Context(), end, l.number)
	b.source.drain()
}

// streamed is the answer to a stream.
type streamed struct {
	w       http.ResponseWriter
	r       *http.Request
	api     *api
	control *http.ResponseController
	session *ingest.Session
	at      eventstore.Positions
	out     []byte
	begun   bool
}

// run appends the lines of the queue until there are no more, and returns why, which is io.EOF after a complete stream.
func (s *streamed) run(ctx context.Context, q *queue) error {
	spare := new(piece)
	for {
		p, err := q.take(ctx, spare)
		if err != nil {
			return err
		}
		results, err := s.append(ctx, p.events)
		s.api.count(results)
		s.api.countRefused(p)
		if err == nil {
			s.api.await(s.w, s.r, results, false)
		}
		s.at = reached(s.at, results)
		for i := range p.items {
			outcome := p.items[i].outcome(results)
			s.out = append(appendResult(s.out, p.items[i].line, &outcome), '\n')
		}
		if sent := s.flush(); err == nil {
			err = sent
		}
		if err != nil {
			return &notAppended{cause: err}
		}
		p.reset()
		spare = p
	}
}

// append appends events while the views keep up.
func (s *streamed) append(ctx context.Context, events []domain.Event) ([]ingest.Result, error) {
	if err := s.api.admit(ctx); err != nil {
		return nil, err
	}
	return s.api.append(ctx, s.session.Append, events)
}

// flush sends the result lines.
func (s *streamed) flush() error {
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", mediaStream)
		s.w.Header().Set("Trailer", headerPosition)
		if s.r.ProtoMajor == 1 {
			// What is left of a body that was not read to its end would be taken for the next request.
			s.w.Header().Set("Connection", "close")
		}
		s.w.WriteHeader(http.StatusOK)
	}
	_, err := s.w.Write(s.out)
	s.out = s.out[:0]
	if err == nil {
		if err = s.control.Flush(); errors.Is(err, http.ErrNotSupported) {
			err = nil
		}
	}
	_ = s.control.SetWriteDeadline(time.Time{})
	return err
}

// finish ends the answer. line is the number of the line at which reading stopped.
func (s *streamed) finish(ctx context.Context, end error, line int) {
	if !errors.Is(end, io.EOF) {
		p := s.problem(ctx, end, line)
		if !s.begun {
			p.write(s.w, s.r)
			return
		}
		if b, err := json.Marshal(brokenOff{Problem: p}); err == nil { // a problem always marshals
			s.out = append(append(s.out, b...), '\n')
		}
	}
	// When this fails, the client is gone.
	_ = s.flush()
	s.w.Header().Set(headerPosition, positionText(s.at))
}

// brokenOff is the last line of the answer to a stream that was not taken to its end.
type brokenOff struct {
	Problem *Problem `json:"problem"`
}

// problem returns the problem of a stream that ended early.
func (s *streamed) problem(ctx context.Context, end error, line int) *Problem {
	var failed *notAppended
	if errors.As(end, &failed) {
		return s.api.report(ctx, failed.cause)
	}
	if cause := ctx.Err(); cause != nil {
		return s.api.report(ctx, cause)
	}
	p := problemOfBody(end)
	p.Detail += fmt.Sprintf(" Line %d and what follows it were not read; the lines before it have their results.", line)
	p.Instance = requestID(ctx)
	return p
}

// notAppended is the end of a stream whose events could not be appended.
type notAppended struct{ cause error }

// Error returns the message of the cause.
func (e *notAppended) Error() string { return e.cause.Error() }

// Unwrap returns the cause.
func (e *notAppended) Unwrap() error { return e.cause }
