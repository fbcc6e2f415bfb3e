package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Options are the settings of a client. The zero value of each field is a documented default.
type Options struct {
	// HTTP makes the requests; one with a Timeout cannot follow outputs for longer than that. It is the place for
	// certificates, proxies and headers of one's own. Default: http.DefaultClient.
	HTTP *http.Client
	// Patience is how long an append goes on trying while the server cannot be reached, is busy or does not know the outcome.
	// Default: 1 minute; negative tries once.
	Patience time.Duration
	// Silence is how long a stream of outputs may send nothing before it is opened anew. The server sends something every 15
	// seconds. Default: 1 minute.
	Silence time.Duration
	// Logger gets a line whenever a stream of outputs ends or cannot be opened. Default: none.
	Logger *slog.Logger
}

// Client talks to one server, or to several behind one address. Its methods may be called concurrently.
type Client struct {
	base    *url.URL
	options Options
}

// New returns a client of the server at an address such as http://rapport.example.com:8080. It makes no request. Nil
// options mean the defaults.
func New(address string, options *Options) (*Client, error) {
	base, err := url.Parse(address)
	if err == nil && (base.Scheme != "http" && base.Scheme != "https" || base.Host == "") {
		err = errors.New("it must begin with http:// or https:// and name a host")
	}
	if err != nil {
		return nil, fmt.Errorf("address of the server: %w", err)
	}
	c := &Client{base: base}
	if options != nil {
		c.options = *options
	}
	c.options.HTTP = cmp.Or(c.options.HTTP, http.DefaultClient)
	c.options.Patience = cmp.Or(c.options.Patience, time.Minute)
	c.options.Silence = cmp.Or(c.options.Silence, time.Minute)
	c.options.Logger = cmp.Or(c.options.Logger, slog.New(slog.DiscardHandler))
	return c, nil
}

// The pauses between two tries: the first, and the longest unless the server asks for a longer one.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// retry calls try until it returns an error that another try will not mend, or none, or the patience of the client ends.
// Then it returns the last error.
func (c *Client) retry(ctx context.Context, try func() error) error {
	end := time.Now().Add(c.options.Patience)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := try()
		if err == nil || !passing(err) || ctx.Err() != nil {
			return err
		}
		wait := max(jitter(pause), retryAfter(err))
		if time.Now().Add(wait).After(end) || sleep(ctx, wait) != nil {
			return err
		}
	}
}

// jitter shortens a pause by up to a half, so that many clients do not come back at the same moment.
func jitter(pause time.Duration) time.Duration { return pause/2 + rand.N(pause/2) }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// passing reports whether the same request may succeed later: the server could not be reached, the answer was cut off, or
// it says so.
func passing(err error) bool {
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		return !errors.Is(err, errDecode)
	}
	switch p.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// retryAfter returns how long the server asks to wait, 0 when it does not say.
func retryAfter(err error) time.Duration {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.RetryAfter
	}
	return 0
}

// do makes a request and returns its answer when it is a success. The error is a *Problem when the server refused it. The
// caller closes the body.
func (c *Client) do(r *http.Request) (*http.Response, error) {
	answer, err := c.options.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 != 2 {
		defer answer.Body.Close()
		return nil, readProblem(answer)
	}
	return answer, nil
}

// url returns the address of a route.
func (c *Client) url(query url.Values, path ...string) string {
	u := c.base.JoinPath(path...)
	u.RawQuery = query.Encode()
	return u.String()
}

// seconds reads a number of seconds as Retry-After has it; a date counts as 0.
func seconds(text string) time.Duration {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(n) * time.Second
}
