package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/user"
	"strings"
)

// actorFlag says who changes something.
type actorFlag struct {
	Actor string `help:"Who does it, for the record of it in the log. Default: the name of this system's user." placeholder:"NAME"`
}

// name returns the actor, empty when not even the system knows.
func (f actorFlag) name() string {
	if f.Actor != "" {
		return f.Actor
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// order sends what changes something in the log to the path and returns the answer. It waits until the views reflect the
// change. An answer that is no success is an error as that of get is.
func (f clientFlags) order(ctx context.Context, actor actorFlag, media, body string, path ...string) ([]byte, error) {
	return f.send(ctx, change{method: http.MethodPost, query: query("actor", actor.name()), media: media, body: body, prefer: "wait=5"}, path...)
}

// change is a request that changes something.
type change struct {
	method string
	query  url.Values
	// media is the type of the body, empty for none.
	media, body string
	// prefer is the preference of the request, empty for none.
	prefer string
}

// send sends what changes something to the path and returns the answer, nil when it has none to show.
func (f clientFlags) send(ctx context.Context, c change, path ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	target, err := f.target(c.query, path)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	req, err := http.NewRequestWithContext(ctx, c.method, target, strings.NewReader(c.body))
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("--url: %w", err)}
	}
	req.Close = true // the next request, if any, may come much later
	if c.media != "" {
		req.Header.Set("Content-Type", c.media)
	}
	if c.prefer != "" {
		req.Header.Set("Prefer", c.prefer)
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	req.Header.Set("User-Agent", "rapport/"+version)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, f.unreachable(err)
	}
	defer res.Body.Close()
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	if res.StatusCode/100 != 2 {
		return nil, f.refusal(res, kind)
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("read %s: the answer broke off: %w", f.shown(), err)
	}
	if res.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	if !json.Valid(answer) {
		return nil, fmt.Errorf("read %s: the answer is not JSON but %q; is --url the address of rapport?", f.shown(), kind)
	}
	return answer, nil
}

// each does something about every one of the names. A name that the server refuses does not keep it from the others; any
// other error does. The error has the exit code of the first refusal.
func each(names []string, do func(name string) error) error {
	var refused []error
	code := exitFailed
	for _, name := range names {
		err := do(name)
		if err == nil {
			continue
		}
		own, refusal := errors.AsType[*exitError](err)
		if len(refused) == 0 && refusal {
			code = own.code
		}
		refused = append(refused, fmt.Errorf("%s: %w", clean(name), err))
		if !refusal {
			return errors.Join(refused...)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return &exitError{code, errors.Join(refused...)}
}
