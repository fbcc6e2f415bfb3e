package main

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// TestAConsumerWrittenFromTheAsyncAPIDocumentReadsTheOutputsOfTheDemo lets a program that knows nothing but the document and
// the schemas that a running demo serves read all its outputs, and compares their numbers with what a fold of the log tells.
func TestAConsumerWrittenFromTheAsyncAPIDocumentReadsTheOutputsOfTheDemo(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("kcat"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("kcat is not there")
		}
		t.Skip("kcat is not there")
	}
	// Life goes on so slowly after the history that nothing happens.
	server := "http://" + startDemo(t, "--customers", "200", "--end", onceEnd, "--speed", "1e-9")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := readContract(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	waitForTheOutputsOfTheFold(ctx, t, c)
	findsWhatIsNotAsDescribed(ctx, t, c)
}

// waitForTheOutputsOfTheFold waits until the consumer reads as many outputs of each type as a fold of the log tells. The engine
// goes on for a while after the history: it tells customers of employees who left, and units of losses.
func waitForTheOutputsOfTheFold(ctx context.Context, t *testing.T, c *contract) {
	t.Helper()
	log, err := eventstore.Open(ctx, eventstore.Config{Brokers: []string{c.broker}, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for {
		got, err := c.consume(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want, err := toldByType(ctx, log)
		if err != nil {
			t.Fatal(err)
		}
		if maps.Equal(got, want) && len(got) > 0 {
			t.Logf("outputs by type: %v", got)
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("the outputs are %v, the fold tells %v", got, want)
		}
	}
}

// findsWhatIsNotAsDescribed changes the last of the records of a topic in ways that the document does not allow.
func findsWhatIsNotAsDescribed(ctx context.Context, t *testing.T, c *contract) {
	t.Helper()
	at := slices.IndexFunc(c.channels, func(ch channel) bool { return ch.topic == "rapport.lifecycle" })
	records, err := c.records(ctx, "rapport.lifecycle")
	if err != nil {
		t.Fatal(err)
	}
	replaced := func(old, new string) func(*consumed) {
		return func(r *consumed) { r.Payload = strings.Replace(r.Payload, old, new, 1) }
	}
	for name, change := range map[string]func(*consumed){
		"another key":       func(r *consumed) { r.Key += "-2" },
		"no content type":   func(r *consumed) { r.Headers = nil },
		"no time":           replaced(`"time":`, `"when":`),
		"no sequence":       replaced(`"sequence":"`, `"sequence":"x`),
		"an earlier number": replaced(`"sequence":"0`, `"sequence":"-`),
		"a foreign type":    replaced(`"type":"lifecycle.`, `"type":"service.`),
		"more than is said": replaced(`{`, `{"more":1,`),
		"a foreign stage":   replaced(`"to":"`, `"to":"un`),
	} {
		changed := slices.Clone(records)
		before := changed[len(changed)-1]
		change(&changed[len(changed)-1])
		if reflect.DeepEqual(before, changed[len(changed)-1]) {
			t.Errorf("%s: nothing was changed in %s", name, before.Payload)
		}
		if err := c.channels[at].count(changed, make(map[string]int)); err == nil {
			t.Errorf("%s is not noticed", name)
		}
	}
	// A repetition is none of that.
	if err := c.channels[at].count(append(records, records[len(records)-1]), make(map[string]int)); err != nil {
		t.Error(err)
	}
}

// startDemo starts a demo and returns its address once its history is folded.
func startDemo(t *testing.T, flags ...string) string {
	t.Helper()
	addr := freeAddr(t)
	p := start(t, t.TempDir(), append([]string{"demo", "--addr", addr}, flags...)...)
	deadline := time.After(patience)
	for !strings.Contains(p.err.String(), "The dealer group is live") {
		select {
		case err := <-p.done:
			p.done <- err
			t.Fatalf("the demo ended: %v\n%s", err, p.err.String())
		case <-deadline:
			t.Fatalf("the demo is not live:\n%s", p.err.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return addr
}

// toldTypes is an outlet that counts outputs by type.
type toldTypes map[string]int

// Publish implements projections.Outlet.
func (c toldTypes) Publish(_ context.Context, outputs []projections.Output) error {
	for i := range outputs {
		c[outputs[i].Type]++
	}
	return nil
}

// toldByType returns how many outputs of each type a fold of the whole log of a demo tells.
func toldByType(ctx context.Context, log *eventstore.Log) (map[string]int, error) {
	policy, err := domain.ParsePolicy([]byte("clock: events"))
	if err != nil {
		return nil, err
	}
	ends, err := log.Ends(ctx)
	if err != nil {
		return nil, err
	}
	told := make(toldTypes)
	fold := projections.NewFold(policy)
	folder := projections.NewFolder(fold, memview.New(fold, log.Partitions()), projections.FolderOptions{PartitionOf: log.PartitionOf, Outlet: told})
	for p, end := range ends {
		at, err := folder.Claim(ctx, p)
		if err != nil {
			return nil, err
		}
		for batch, err := range log.Follow(ctx, p, 0, eventstore.FollowOptions{Until: end}) {
			if err != nil {
				return nil, err
			}
			if at, err = folder.Fold(ctx, at, batch.Records); err != nil {
				return nil, err
			}
		}
	}
	return told, nil
}
