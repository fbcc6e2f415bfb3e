package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// appendCmd appends events through a running server.
type appendCmd struct {
	clientFlags
	Input string `arg:"" optional:"" name:"-" help:"- reads CloudEvents from standard input: one, an array, or one a line."`

	Type            string `help:"Type of the event, for example purchase.recorded."`
	Subject         string `help:"The customer, or org:<path> or employee:<id>."`
	Data            string `help:"Data of the event as JSON, or @FILE." placeholder:"JSON"`
	Time            string `help:"When it happened, in RFC 3339. Default: now." placeholder:"TIME"`
	ID              string `help:"Id of the event. Default: a new UUID. The same event with the same id counts once."`
	Source          string `help:"Who says so, as a URI reference." default:"/rapport/append"`
	Actor           string `help:"The employee or program that did it."`
	OrgUnit         string `name:"orgunit" help:"Path of the organisation unit, for example brand/region/dealer."`
	Channel         string `help:"Channel of the contact."`
	ExpectedVersion int64  `help:"Version that the customer's stream must have." default:"-1" placeholder:"N"`
	Wait            bool   `help:"Wait for the verdicts, after which the views reflect the events."`
}

// appendResult is what became of one event. Version is nil as long as the verdict of the stream is not known.
type appendResult struct {
	Line     int            `json:"line,omitempty"`
	ID       string         `json:"id,omitempty"`
	Status   string         `json:"status"`
	Version  *int64         `json:"version,omitempty"`
	Position string         `json:"position,omitempty"`
	Errors   []fieldProblem `json:"errors,omitempty"`
}

// appendResults is what became of all events. Problem, when not nil, says why the server stopped before the end.
type appendResults struct {
	Results []appendResult `json:"results"`
	Problem *problem       `json:"problem,omitempty"`
}

// Run sends the events and prints what became of each.
func (c *appendCmd) Run(ctx context.Context, a *app) error {
	body, kind, err := c.body(a.Stdin)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	results, position, err := c.send(ctx, body, kind)
	if err != nil {
		return err
	}
	if c.Wait && position != "" && !results.judged() {
		if _, err := c.get(ctx, query("after", position), "v1", "summary"); err != nil {
			return fmt.Errorf("the events are in the log up to %s: %w", position, err)
		}
	}
	return errors.Join(printValue(a, results, (*printer).appended), results.fault())
}

// body returns what is sent, and its media type.
func (c *appendCmd) body(stdin io.Reader) (io.Reader, string, error) {
	switch {
	case c.Input == "-" && (c.Type != "" || c.Subject != "" || c.Data != "" || c.ID != "" || c.Time != "" || c.ExpectedVersion >= 0):
		return nil, "", errors.New("- goes without the flags of an event")
	case c.Input == "-":
		return classify(stdin)
	case c.Input != "":
		return nil, "", errors.New("give - to read events from standard input, or the flags of one event")
	case c.Type == "" || c.Subject == "":
		return nil, "", errors.New("an event needs --type and --subject, or give - to read events from standard input")
	}
	ev, err := c.event()
	if err != nil {
		return nil, "", err
	}
	return bytes.NewReader(wire.Encode(nil, ev)), mediaEvent, nil
}

// The media types in which events are sent.
const (
	mediaEvent  = "application/cloudevents+json"
	mediaBatch  = "application/cloudevents-batch+json"
	mediaStream = "application/x-ndjson"
)

// singleBytes is up to which size standard input is looked at as a whole, to find out whether it is one event written
// over several lines.
const singleBytes = 256 << 10

// classify returns the media type of events on standard input.
func classify(stdin io.Reader) (io.Reader, string, error) {
	in := bufio.NewReaderSize(stdin, singleBytes)
	head, err := in.Peek(singleBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", fmt.Errorf("read standard input: %w", err)
	}
	whole := err != nil
	switch text := bytes.TrimSpace(head); {
	case len(text) == 0:
		return nil, "", errors.New("standard input is empty")
	case text[0] == '[':
		return in, mediaBatch, nil
	case whole && json.Valid(text):
		return in, mediaEvent, nil
	}
	return in, mediaStream, nil
}

// event returns the event of the flags.
func (c *appendCmd) event() (*domain.Event, error) {
	ev := &domain.Event{
		ID: c.ID, Source: c.Source, Type: c.Type, Subject: c.Subject, Time: domain.InstantOf(time.Now()),
		Actor: c.Actor, OrgUnit: c.OrgUnit, Channel: c.Channel, ExpectedVersion: max(c.ExpectedVersion, domain.NoExpectation),
		Data: []byte(c.Data),
	}
	if c.Time != "" {
		at, err := domain.ParseInstant(c.Time)
		if err != nil {
			return nil, fmt.Errorf("--time: %w", err)
		}
		ev.Time = at
	}
	if file, ok := strings.CutPrefix(c.Data, "@"); ok {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--data: %w", err)
		}
		ev.Data = data
	}
	if len(ev.Data) > 0 && !json.Valid(ev.Data) {
		return nil, errors.New("--data must be JSON, or @ and the name of a file")
	}
	if ev.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fmt.Errorf("mint an id: %w", err)
		}
		ev.ID = id.String()
		c.ID = ev.ID
	}
	return ev, nil
}

// send posts the events and returns their results and the position that covers them.
func (c *appendCmd) send(ctx context.Context, body io.Reader, kind string) (*appendResults, string, error) {
	target, err := c.target(nil, []string{"v1", "events"})
	if err != nil {
		return nil, "", &exitError{exitUsage, err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, body)
	if err != nil {
		return nil, "", &exitError{exitUsage, fmt.Errorf("--url: %w", err)}
	}
	req.Close = true // one request is all the process makes
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Accept", "application/json, application/x-ndjson, application/problem+json")
	req.Header.Set("User-Agent", "rapport/"+version)
	if c.Wait || c.ExpectedVersion >= 0 {
		req.Header.Set("Prefer", "wait=5")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", c.unreachable(err)
	}
	defer res.Body.Close()
	answer, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	position := res.Header.Get("Rapport-Position")
	if res.StatusCode/100 != 2 {
		err := c.refusal(res, answer)
		var p *problem
		if kind == mediaEvent && errors.As(err, &p) && p.exitCode() == exitConflict {
			return c.conflict(p, position), position, nil
		}
		return nil, "", err
	}
	results, err := readResults(res.Body, kind)
	if err != nil {
		return nil, "", fmt.Errorf("read %s: %w; events of which nothing is known can be sent again with the same ids", c.shown(), err)
	}
	if position == "" {
		position = res.Trailer.Get("Rapport-Position")
	}
	return results, position, nil
}

// conflict returns the result of one event that its stream did not take.
func (c *appendCmd) conflict(p *problem, position string) *appendResults {
	one := appendResult{ID: c.ID, Status: "conflict", Version: p.Version, Position: position, Errors: p.Errors}
	return &appendResults{Results: []appendResult{one}}
}

// readResults reads the answer to events that were sent in the given form.
func readResults(answer io.Reader, kind string) (*appendResults, error) {
	all := &appendResults{Results: []appendResult{}}
	dec := json.NewDecoder(answer)
	switch kind {
	case mediaEvent:
		var one appendResult
		if err := dec.Decode(&one); err != nil {
			return nil, err
		}
		all.Results = append(all.Results, one)
	case mediaBatch:
		if err := dec.Decode(all); err != nil {
			return nil, err
		}
	default:
		for {
			var next struct {
				appendResult
				Problem *problem `json:"problem"`
			}
			err := dec.Decode(&next)
			switch {
			case errors.Is(err, io.EOF):
				return all, nil
			case err != nil:
				return nil, err
			case next.Problem != nil:
				all.Problem = next.Problem
			default:
				all.Results = append(all.Results, next.appendResult)
			}
		}
	}
	return all, nil
}

// judged reports whether the results have the verdict on every event.
func (r *appendResults) judged() bool {
	for i := range r.Results {
		if one := &r.Results[i]; one.Version == nil && one.Status != "conflict" && one.Status != "invalid" {
			return false
		}
	}
	return true
}

// fault returns the error of the results, nil when every event is in the log.
func (r *appendResults) fault() error {
	counts := make(map[string]int)
	for i := range r.Results {
		counts[r.Results[i].Status]++
	}
	switch {
	case r.Problem != nil:
		return r.Problem
	case counts["conflict"] > 0:
		return &exitError{exitConflict, fmt.Errorf("append: %d of %d events conflict with their streams", counts["conflict"], len(r.Results))}
	case counts["invalid"] > 0:
		return &exitError{exitUsage, fmt.Errorf("append: %d of %d events are invalid", counts["invalid"], len(r.Results))}
	case counts["unknown"] > 0:
		return fmt.Errorf("append: the outcome of %d of %d events is unknown; send them again with the same ids", counts["unknown"], len(r.Results))
	}
	return nil
}

// appended prints a line for each result.
func (p *printer) appended(all *appendResults) {
	for i := range all.Results {
		r := &all.Results[i]
		words := []string{r.Status, orDash(r.ID)}
		if r.Line > 0 {
			words = append([]string{"line " + strconv.Itoa(r.Line)}, words...)
		}
		if r.Position != "" {
			words = append(words, "at "+r.Position)
		}
		if r.Version != nil {
			words = append(words, "version "+strconv.FormatInt(*r.Version, 10))
		}
		p.line("%s", clean(strings.Join(words, " ")))
		for _, f := range r.Errors {
			p.line("  %s", clean(f.Pointer+" "+f.Message+" ("+f.Rule+")"))
		}
	}
}
