package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// readLimit bounds a read verb as a whole, what it waits for --after included.
const readLimit = 30 * time.Second

// problemBytes is how much of an answer that is no success is read.
const problemBytes = 1 << 20

// clientFlags say where the server is.
type clientFlags struct {
	URL string `help:"Address of a running server." default:"http://127.0.0.1:8080" placeholder:"URL" env:"RAPPORT_URL"`
}

// afterFlag lets a read see what was written just before it.
type afterFlag struct {
	After string `help:"Wait until the answer reflects this position, for example 3:1204." placeholder:"POSITION"`
}

// pageFlags select one page of a list.
type pageFlags struct {
	Limit  int    `help:"Length of the page, 1 to 500. Default: 50." placeholder:"N"`
	Cursor string `help:"Continue after the page that printed this cursor."`
}

// problem is an answer that is no success: problem details of RFC 9457.
type problem struct {
	Status int            `json:"-"`
	Title  string         `json:"title"`
	Detail string         `json:"detail"`
	Errors []fieldProblem `json:"errors"`
	// Version is the version of the stream, when it did not take the event.
	Version *int64 `json:"version"`
}

// fieldProblem names a place in the request and the rule it breaks.
type fieldProblem struct {
	Pointer string `json:"pointer"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// Error is the title and the detail, then a line for each field.
func (p *problem) Error() string {
	var b strings.Builder
	b.WriteString(clean(p.Title))
	if p.Detail != "" {
		b.WriteString(": " + clean(p.Detail))
	}
	for _, f := range p.Errors {
		b.WriteString("\n  " + clean(f.Pointer+" "+f.Message))
		if f.Rule != "" {
			b.WriteString(" (" + clean(f.Rule) + ")")
		}
	}
	return b.String()
}

// exitCode returns the code of the program for the answer.
func (p *problem) exitCode() int {
	switch p.Status {
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return exitUsage
	case http.StatusConflict, http.StatusPreconditionFailed:
		return exitConflict
	default:
		return exitFailed
	}
}

// get returns the JSON document at the given path below the address of the server. An answer that is no success is an
// exitError around the problem; a server that cannot be reached is an error that says what to look at.
func (f clientFlags) get(ctx context.Context, query url.Values, path ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	body, kind, err := f.fetch(ctx, query, path...)
	for query.Has("after") && notReached(err) && pause(ctx) {
		again, typ, fault := f.fetch(ctx, query, path...)
		if ctx.Err() != nil {
			break // the answer before tells more
		}
		body, kind, err = again, typ, fault
	}
	if err != nil {
		return nil, err
	}
	if !json.Valid(body) {
		return nil, fmt.Errorf("read %s: the answer is not JSON but %q; is --url the address of rapport?", f.shown(), kind)
	}
	return body, nil
}

// notReached reports whether the server waited in vain for the position to read after, as it does while its views catch
// up or other engines take over.
func notReached(err error) bool {
	p, ok := errors.AsType[*problem](err)
	return ok && p.Status == http.StatusGatewayTimeout
}

// retryPause is the time between two tries to read after a position.
const retryPause = time.Second

// pause waits before the next try and reports whether there is time for one.
func pause(ctx context.Context) bool {
	select {
	case <-time.After(retryPause):
		return true
	case <-ctx.Done():
		return false
	}
}

// fetch returns the body and the media type of a successful answer.
func (f clientFlags) fetch(ctx context.Context, query url.Values, path ...string) ([]byte, string, error) {
	target, err := f.target(query, path)
	if err != nil {
		return nil, "", &exitError{exitUsage, err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, "", &exitError{exitUsage, fmt.Errorf("--url: %w", err)}
	}
	req.Close = true // one request is all the process makes
	req.Header.Set("Accept", "application/json, application/problem+json")
	req.Header.Set("User-Agent", "rapport/"+version)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", f.unreachable(err)
	}
	defer res.Body.Close()
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		kind = "unknown"
	}
	if res.StatusCode/100 != 2 {
		return nil, "", f.refusal(res, kind)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, "", fmt.Errorf("read %s: the answer broke off: %w", f.shown(), err)
	}
	return body, kind, nil
}

// target returns the address of a document. Each element of path is one segment, whatever characters it has.
func (f clientFlags) target(query url.Values, path []string) (string, error) {
	base, err := url.Parse(f.URL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return "", errors.New("--url must be an address such as http://127.0.0.1:8080")
	}
	base.RawQuery, base.Fragment = "", ""
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(base.String(), "/"))
	for _, segment := range path {
		if segment == "" {
			return "", errors.New("an id must not be empty")
		}
		b.WriteString("/" + escaped(segment))
	}
	if len(query) > 0 {
		b.WriteString("?" + query.Encode())
	}
	return b.String(), nil
}

// escaped returns a segment as it stands in a path. An id of one or two dots would mean this folder or the one above it.
func escaped(segment string) string {
	if segment == "." || segment == ".." {
		return strings.ReplaceAll(segment, ".", "%2E")
	}
	return url.PathEscape(segment)
}

// shown is the address without a password.
func (f clientFlags) shown() string {
	base, err := url.Parse(f.URL)
	if err != nil {
		return "the server"
	}
	return base.Redacted()
}

func (f clientFlags) unreachable(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err // the address is in the message already
	}
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("read %s: %w", f.shown(), err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("read %s: no answer in time: %w", f.shown(), err)
	default:
		return fmt.Errorf("read %s: no answer: %w; is `rapport serve` running there?", f.shown(), err)
	}
}

// refusal returns the error of an answer that is no success. Only problem details decide the exit code: an answer of
// another form may come from another program at that address.
func (f clientFlags) refusal(res *http.Response, kind string) error {
	p := &problem{Status: res.StatusCode}
	body, err := io.ReadAll(io.LimitReader(res.Body, problemBytes))
	if err == nil && kind == "application/problem+json" {
		err = json.Unmarshal(body, p)
	}
	if err != nil || p.Title == "" {
		return fmt.Errorf("read %s: %s; is --url the address of rapport?", f.shown(), res.Status)
	}
	return &exitError{p.exitCode(), p}
}

// query returns the pairs of names and values that have a value.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

// limit returns the value for the query, empty for the server's default.
func (f pageFlags) limit() string {
	if f.Limit == 0 {
		return ""
	}
	return strconv.Itoa(f.Limit)
}
