package httpapi

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Limits of bodies in bytes, as they are sent and after decompression.
const (
	maxOne   = 256 << 10
	maxBatch = 64 << 20
	// maxWindow bounds the memory that decompressing zstd takes.
	maxWindow = 8 << 20
)

// errInflated says that a compressed body has grown beyond its limit.
var errInflated = errors.New("decompressed body is too large")

// body is the decompressed body of a request. A read fails when the client is silent for too long.
type body struct {
	io.Reader
	source *patient
	// room is what decompressing takes.
	room  reservation
	close func()
}

// limits are the limits of a body in bytes; 0 does not limit.
type limits struct{ sent, inflated int64 }

// open returns the body of the request, which must be closed. Errors are problems.
func (a *api) open(w http.ResponseWriter, r *http.Request, limit limits) (*body, error) {
	if limit.sent > 0 && r.ContentLength > limit.sent {
		return nil, tooLarge(limit.sent)
	}
	b := &body{source: &patient{body: r.Body, control: http.NewResponseController(w), patience: a.BodyPatience}, room: reservation{room: a.bodies}, close: func() {}}
	b.Reader = b.source
	if limit.sent > 0 {
		b.Reader = &capped{source: b.source, left: limit.sent, over: &http.MaxBytesError{Limit: limit.sent}}
	}
	var err error
	switch coding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
		return b, nil
	case "gzip", "x-gzip":
		err = b.gunzip()
	case "zstd":
		if err := b.room.need(maxWindow); err != nil {
			return nil, err
		}
		err = b.unzstd()
	default:
		p := kindMedia.problem("The content encoding must be gzip, zstd or identity.")
		p.setHeader("Accept-Encoding", "gzip, zstd")
		return nil, p
	}
	if err != nil {
		b.Close()
		return nil, problemOfBody(err)
	}
	b.Reader = &capped{source: b.Reader, left: limit.inflated, over: errInflated}
	return b, nil
}

func (b *body) gunzip() error {
	z, err := gzip.NewReader(b.Reader)
	if err == nil {
		b.Reader = z
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF // a file without a header is cut off too
	}
	return err
}

func (b *body) unzstd() error {
	z, err := zstd.NewReader(b.Reader, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err == nil {
		b.Reader, b.close = z, z.Close
	}
	return err
}

// Close releases the memory of the decompression.
func (b *body) Close() {
	b.close()
	b.room.release()
}

// capped reads at most so many bytes and fails when there are more.
type capped struct {
	source io.Reader
	left   int64
	over   error
}

// Read implements io.Reader.
func (c *capped) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, c.over
	}
	// One byte more than allowed shows whether there are more.
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.source.Read(p)
	c.left -= int64(n)
	if c.left < 0 {
		return n - 1, c.over
	}
	return n, err
}

// metered takes room for what it reads and fails when there is none.
type metered struct {
	source io.Reader
	read   int64
	room   *reservation
}

// Read implements io.Reader.
func (m *metered) Read(p []byte) (int, error) {
	n, err := m.source.Read(p)
	m.read += int64(n)
	if full := m.room.need(m.read); full != nil {
		return n, full
	}
	return n, err
}

// patient reads the body from the connection and gives up when it is silent for too long.
type patient struct {
	body     io.Reader
	control  *http.ResponseController
	patience time.Duration

	mu      sync.Mutex
	stopped bool
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	if !p.arm() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := p.body.Read(b)
	if err != nil {
		p.disarm()
	}
	return n, err
}

// arm sets the deadline of the next read. A connection that knows no deadlines, as in tests, is waited for.
func (p *patient) arm() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		_ = p.control.SetReadDeadline(time.Now().Add(p.patience))
	}
	return !p.stopped
}

// disarm takes the deadline away: from the end of the body on, the server itself reads the connection in order to see
// the client leave, and a deadline would look like that.
func (p *patient) disarm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		_ = p.control.SetReadDeadline(time.Time{})
	}
}

// stop ends a read that is waiting, and every later one. The connection is of no use afterwards.
func (p *patient) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	_ = p.control.SetReadDeadline(time.Unix(1, 0))
}

// Limits of what is read of a body that is of no use any more. The client hears of it before the connection closes.
const (
	drainBytes    = 256 << 10
	drainPatience = time.Second
)

// drain reads on for a while, so that the client is not cut off before it has read the answer.
func (p *patient) drain() {
	p.patience = drainPatience
	_, _ = io.CopyN(io.Discard, p, drainBytes)
}

// buffers keeps the memory of bodies between requests.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keptBuffer is the size above which the memory of a body is left to the garbage collector.
const keptBuffer = 4 << 20

// slurp reads the whole body of the request. The bytes are good until release is called. Errors are problems.
func (a *api) slurp(w http.ResponseWriter, r *http.Request, limit int64) (content []byte, release func(), err error) {
	b, err := a.open(w, r, limits{sent: limit, inflated: limit})
	if err != nil {
		return nil, nil, err
	}
	defer b.Close()
	buf := buffers.Get().(*bytes.Buffer)
	room := &reservation{room: a.bodies}
	release = func() {
		room.release()
		if buf.Cap() <= keptBuffer {
			buf.Reset()
			buffers.Put(buf)
		}
	}
	if _, err := buf.ReadFrom(&metered{source: b, room: room}); err != nil {
		release()
		return nil, nil, problemOfBody(err)
	}
	return buf.Bytes(), release, nil
}

// problemOfBody returns the problem that an error of reading a body is.
func problemOfBody(err error) *Problem {
	var limit *http.MaxBytesError
	var corrupt flate.CorruptInputError
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	switch {
	case errors.As(err, &limit):
		return tooLarge(limit.Limit)
	case errors.Is(err, errInflated):
		return kindTooLarge.problem("The body is too large after decompression.")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return kindTruncated.problem("The body ends before it is complete.")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return kindSlow.problem("The client was silent for too long.")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt), isZstd(err):
		return kindMalformed.problem("The body is not what its content encoding says.")
	}
	return kindTruncated.problem("The body could not be read to its end.")
}

// isZstd reports whether the decoder of zstd does not understand its input.
func isZstd(err error) bool {
	for _, e := range [...]error{
		zstd.ErrMagicMismatch, zstd.ErrReservedBlockType, zstd.ErrCompressedSizeTooBig, zstd.ErrBlockTooSmall, zstd.ErrCRCMismatch,
		zstd.ErrUnexpectedBlockSize, zstd.ErrWindowSizeExceeded, zstd.ErrWindowSizeTooSmall, zstd.ErrDecoderSizeExceeded,
		zstd.ErrUnknownDictionary, zstd.ErrFrameSizeExceeded, zstd.ErrFrameSizeMismatch,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func tooLarge(limit int64) *Problem {
	return kindTooLarge.problem("The body must have at most " + byteCount(limit) + ". Send many events as a stream, application/x-ndjson.")
}
