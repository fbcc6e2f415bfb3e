package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
)

// topicOf returns an output topic with some records, and the address of its broker.
func topicOf(t *testing.T, partitions int) (addr string, publish func(records ...eventstore.Record)) {
	t.Helper()
	b, err := broker.Open(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := eventstore.Config{Brokers: []string{b.Addr()}, Partitions: partitions}
	outlet, err := eventstore.OpenOutlet(t.Context(), cfg, eventstore.OutletTopic{Name: "rapport.lifecycle", Retention: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := outlet.Close(); err != nil {
			t.Error(err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b.Addr(), func(records ...eventstore.Record) {
		t.Helper()
		if err := outlet.Publish(t.Context(), "rapport.lifecycle", records); err != nil {
			t.Fatal(err)
		}
	}
}

// started returns the output that a customer's life began.
func started(customer, id string) eventstore.Record {
	ev := domain.Event{
		ID: id, Source: "rapport", Type: "lifecycle.started", Subject: customer, Time: domain.InstantOf(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)),
		ExpectedVersion: domain.NoExpectation, Data: []byte(`{"to":"prospect"}`),
	}
	return eventstore.Record{Key: []byte(customer), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
}

// recordedAt is a time at the beginning of a line.
var recordedAt = regexp.MustCompile(`(?m)^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z`)

func TestTailPrintsALineForEachRecord(t *testing.T) {
	t.Parallel()
	addr, publish := topicOf(t, 1)
	publish(started("c-1", "o-1"), eventstore.Record{Key: []byte("c-2"), Value: []byte("{\x1b")}, started("c-2", "o-2"))
	for name, flags := range map[string][]string{
		"tail": {}, "tail_filtered": {"--type", "lifecycle.started", "--subject", "c-2"}, "tail_none": {"--type", "lifecycle.terminated"},
	} {
		args := append([]string{"tail", "--kafka", addr, "--topic", "rapport.lifecycle", "--since", "1h", "--no-follow"}, flags...)
		got := execute(t, args...)
		if got.code != exitDone || got.stderr != "" {
			t.Errorf("%s shows %+v", name, got)
		}
		golden(t, name, recordedAt.ReplaceAllString(got.stdout, "RECORDED"))
	}
}

func TestTailPrintsRecordsAsJSONInTheOrderOfTheirTimes(t *testing.T) {
	t.Parallel()
	addr, publish := topicOf(t, 4)
	for _, customer := range strings.Split("abcdefghijklmnop", "") {
		publish(started(customer, "o-"+customer))
	}
	publish(eventstore.Record{Key: []byte("q"), Value: []byte("{")})
	got := execute(t, "tail", "--json", "--kafka", addr, "--topic", "rapport.lifecycle", "--since", "2020-01-01", "--no-follow")
	if got.code != exitDone {
		t.Fatalf("it shows %+v", got)
	}
	var last domain.Instant
	var lines, problems int
	for text := range strings.Lines(got.stdout) {
		var line tailLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if line.RecordedAt < last || line.Topic != "rapport.lifecycle" {
			t.Errorf("%s comes after %s", text, last)
		}
		last = line.RecordedAt
		lines++
		if line.Problem != "" {
			problems++
			if !bytes.Equal(line.Value, []byte("{")) || line.Key != "q" || line.Event != nil {
				t.Errorf("the record that is no event is %s", text)
			}
		}
	}
	if lines != 17 || problems != 1 {
		t.Errorf("%d lines, %d of them problems", lines, problems)
	}
}

func TestTailFollowsTheLogOfARunningServerUntilItIsInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir, "--data", "log")
	following := start(t, dir, "tail", "--data", "log", "--since", "1h", "--type", "note.added", "--json")
	outputs := start(t, dir, "tail", "--data", "log", "--since", "1h", "--topic", "rapport.lifecycle", "--log-level", "error")
	command(t, dir, 0, "append", "--url", s.url, "--type", "note.added", "--subject", "c-1", "--data", `{"text":"hello"}`)
	command(t, dir, 0, "append", "--url", s.url, "--type", "purchase.recorded", "--subject", "c-1", "--data", `{"amount":{"minor":1,"currency":"CNY"}}`)
	for p, word := range map[*program]string{following: `"text":"hello"`, outputs: "lifecycle.started"} {
		for !strings.Contains(p.out.String(), word) {
			select {
			case err := <-p.done:
				p.done <- err
				t.Fatalf("tail ended: %v\n%s", err, p.err.String())
			case <-time.After(10 * time.Millisecond):
			}
		}
		if code := p.stop(); code != exitDone {
			t.Errorf("interrupted, it ends with %d: %s", code, p.err.String())
		}
	}
}

func TestTailSaysWhatItCannotFollow(t *testing.T) {
	t.Parallel()
	addr, _ := topicOf(t, 1)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--kafka", addr, "--topic", "rapport.nothing"}, exitNotFound, "topic does not exist"},
		{[]string{"--kafka", addr, "--since", "yesterday"}, exitUsage, "--since"},
		{[]string{"--data", filepath.Join(t.TempDir(), "missing")}, exitFailed, "embedded log"},
	} {
		if got := execute(t, append([]string{"tail"}, c.args...)...); got.code != c.code || !strings.Contains(got.stderr, c.says) {
			t.Errorf("%v shows %+v", c.args, got)
		}
	}
}
