package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-crm/rapport/domain/wire"
)

// Bounds on what is read of an answer.
const (
	maxAnswerHeader = 16 << 10
	maxAnswerBody   = 64 << 10
	maxExcerpt      = 1 << 10
)

// Time limits within the one for the whole request.
const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 30 * time.Second
)

// userAgent names this program to receivers.
const userAgent = "rapport-webhooks/1"

// client sends deliveries over HTTP. It follows no redirect and uses no proxy, and it reaches only what its guard permits.
type client struct {
	http      *http.Client
	transport *http.Transport
	timeout   time.Duration
}

func newClient(o Options) *client {
	dialer := &net.Dialer{Timeout: dialTimeout, ControlContext: guard{allow: o.AllowPrivate}.control}
	transport := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    handshakeTimeout,
		MaxResponseHeaderBytes: maxAnswerHeader,
		MaxIdleConnsPerHost:    o.PerEndpoint,
		IdleConnTimeout:        idleTimeout,
		ForceAttemptHTTP2:      true,
		// Without compression a short answer stays short.
		DisableCompression: true,
	}
	return &client{
		transport: transport, timeout: o.Timeout,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// close ends the connections that no request uses.
func (c *client) close() { c.transport.CloseIdleConnections() }

// send makes one request and returns what came of it. It is delivered when the attempt has no error.
func (c *client) send(ctx context.Context, s *Subscription, d *Delivery) Attempt {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	a := Attempt{At: instant(begun)}
	if err := c.request(ctx, s, d, begun, &a); err != nil {
		a.Error = clean(describe(err))
	}
	a.DurationMS = time.Since(begun).Milliseconds()
	return a
}

func (c *client) request(ctx context.Context, s *Subscription, d *Delivery, now time.Time, a *Attempt) error {
	signature, err := sign(s.keys(now), d.ID, now, d.Body)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(d.Body))
	if err != nil {
		return err
	}
	req.Header = http.Header{"User-Agent": {userAgent}, "Content-Type": {wire.ContentType}}
	req.Header.Set(HeaderID, d.ID)
	req.Header.Set(HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(HeaderSignature, signature)
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	// There is nobody to act on a failed close of what was read.
	defer func() { _ = res.Body.Close() }()
	a.Status = res.StatusCode
	a.RetryAfterMS = retryAfter(res, now).Milliseconds()
	a.Excerpt, err = readAnswer(res.Body)
	if err == nil {
		err = judge(res.StatusCode)
	}
	return err
}

// judge returns why an answer means that the delivery was not taken.
func judge(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return fmt.Errorf("answered %d: redirects are not followed", status)
	default:
		return fmt.Errorf("answered %d", status)
	}
}

// readAnswer reads the body to its end, or up to its bound. A body that breaks off is an error: who could
// not answer in full may not have kept what it was sent.
func readAnswer(body io.Reader) (excerpt string, err error) {
	var first bytes.Buffer
	if _, err = io.Copy(&first, io.LimitReader(body, maxExcerpt)); err == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(body, maxAnswerBody-maxExcerpt))
	}
	if err != nil {
		err = fmt.Errorf("read answer: %w", err)
	}
	return clean(first.String()), err
}

// clean makes text fit for every store: valid UTF-8 without zero bytes, of bounded length.
func clean(s string) string {
	s = strings.ReplaceAll(s[:min(len(s), maxExcerpt)], "\x00", "")
	return strings.ToValidUTF8(s, "\ufffd")
}

// describe returns the text of an error without the URL, which may hold a token.
func describe(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no complete answer in time"
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return err.Error()
}

// maxRetryAfter bounds the pause that a receiver can ask for, so that a mistaken one does not hold its deliveries for years.
const maxRetryAfter = 24 * time.Hour

// retryAfter returns how long an answer of 429 or 503 asks to be left alone: a number of seconds or a date (RFC 9110,
// 10.2.3), at most maxRetryAfter. It is 0 when the answer says nothing of it.
func retryAfter(res *http.Response, now time.Time) time.Duration {
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	text := res.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return 0
}

// instant returns a time as stores keep it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
