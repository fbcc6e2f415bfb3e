package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// order sends what changes something to the path and returns the answer. It waits until the views reflect the change. An
// answer that is no success is an error as that of get is.
func (f clientFlags) order(ctx context.Context, actor actorFlag, media, body string, path ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	target, err := f.target(query("actor", actor.name()), path)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("--url: %w", err)}
	}
	req.Close = true // the next request, if any, may come much later
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	req.Header.Set("Prefer", "wait=5")
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
