package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

const (
	// catchUpPatience bounds how long the views may take to reflect the whole log after the last fault.
	catchUpPatience = 90 * time.Second
	// timelines is how many customers have their timeline read.
	timelines = 12
)

// check checks a run whose clients have finished.
func (c *cluster) check(l *load) {
	c.t.Helper()
	a, ends := readLog(c.t, c.log)
	report(c.t, l.answerFaults(a))
	linearizable(c.t, l.history, func(id string) bool { return a.accepted(l.sent[id], id) })
	for _, n := range c.nodes {
		c.checkViews(n, a, ends)
		for _, words := range n.failures() {
			c.t.Error(words)
		}
	}
	c.verify()
	c.checkOutputs(slices.Sorted(maps.Keys(a.streams)))
}

// report reports the first of some faults, and how many there are.
func report(t testing.TB, faults []error) {
	t.Helper()
	const shown = 10
	for _, f := range faults[:min(shown, len(faults))] {
		t.Error(f)
	}
	if len(faults) > shown {
		t.Errorf("%d more", len(faults)-shown)
	}
}

// answerFaults returns what the log does not bear out of what the clients sent and were told. Every event of a feeder has
// been acknowledged; a contender may have lost, or given up.
func (l *load) answerFaults(a *arbiter) []error {
	var faults []error
	for _, r := range l.answers {
		if err := a.check(r); err != nil {
			faults = append(faults, fmt.Errorf("an answer was wrong: %w", err))
		}
	}
	contended := make(map[string]bool)
	for _, op := range l.history {
		contended[op.id] = true
	}
	for id, customer := range l.sent {
		if !contended[id] && !a.accepted(customer, id) {
			faults = append(faults, fmt.Errorf("event %s of %s was acknowledged and is not in the log", id, customer))
		}
	}
	for name, s := range a.streams {
		for id := range s.made {
			if l.sent[id] != name {
				faults = append(faults, fmt.Errorf("stream %s has accepted event %s, which was sent to %q", name, id, l.sent[id]))
			}
		}
	}
	return faults
}

func TestLostAndForeignEventsAreFound(t *testing.T) {
	t.Parallel()
	log := newArbiter()
	log.judge(eventstore.Position{Offset: 0}, "s", "a", noExpectation)
	log.judge(eventstore.Position{Offset: 1}, "s", "b", 0)
	lost := operation{stream: "s", id: "b", outcome: conflict, version: 1}
	for name, c := range map[string]struct {
		l    *load
		want int
	}{
		"as sent":           {&load{sent: map[string]string{"a": "s", "b": "s"}, history: []operation{lost}}, 0},
		"one is lost":       {&load{sent: map[string]string{"a": "s", "b": "s", "c": "s"}, history: []operation{lost}}, 1},
		"one is refused":    {&load{sent: map[string]string{"a": "s", "b": "s"}}, 1},
		"one is foreign":    {&load{sent: map[string]string{"b": "s"}, history: []operation{lost}}, 1},
		"in another stream": {&load{sent: map[string]string{"a": "r", "b": "s"}, history: []operation{lost}}, 2},
		"a wrong answer": {&load{
			sent: map[string]string{"a": "s", "b": "s"}, history: []operation{lost}, answers: []told{{id: "b", status: "accepted", position: "0:0"}},
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if faults := c.l.answerFaults(log); len(faults) != c.want {
				t.Errorf("found %v, want %d faults", faults, c.want)
			}
		})
	}
}

// checkViews compares what a node shows with the log, once it shows all of it.
func (c *cluster) checkViews(n *node, a *arbiter, ends eventstore.Positions) {
	c.t.Helper()
	var summary *projections.Summary
	eventually(c.t, catchUpPatience, n.name+" shows the whole log", func(ctx context.Context) (err error) {
		summary, err = get[projections.Summary](ctx, n.url+"/v1/summary")
		if err == nil && !summary.Positions.Reached(ends) {
			err = fmt.Errorf("views are at %s of %s", summary.Positions, ends)
		}
		return err
	})
	if summary.Customers != int64(len(a.streams)) {
		c.t.Errorf("%s shows %d customers, the log has %d", n.name, summary.Customers, len(a.streams))
	}
	for verdict, want := range map[outcome]int64{accepted: a.verdicts[accepted], duplicate: a.verdicts[duplicate], conflict: a.verdicts[conflict]} {
		if got := summary.Verdicts[verdict.String()]; got != want {
			c.t.Errorf("%s shows %d events that are %s, the log has %d", n.name, got, verdict, want)
		}
	}
	if got := summary.Verdicts["quarantined"]; got != 0 {
		c.t.Errorf("%s shows %d events that were set aside", n.name, got)
	}
	names := slices.Sorted(maps.Keys(a.streams))
	for i, name := range names {
		c.checkCustomer(n, name, a.streams[name], i%max(len(names)/timelines, 1) == 0)
	}
}

// checkCustomer compares the version of one customer, and its timeline if asked, with the log.
func (c *cluster) checkCustomer(n *node, name string, want *judgedStream, timeline bool) {
	c.t.Helper()
	url := n.url + "/v1/customers/" + name
	view, err := get[struct {
		Version int64 `json:"version"`
	}](c.t.Context(), url)
	switch {
	case err != nil:
		c.t.Error(err)
	case view.Version != want.version:
		c.t.Errorf("%s shows %s at version %d, the log has %d", n.name, name, view.Version, want.version)
	}
	if !timeline {
		return
	}
	shown := make(map[string]int64)
	for cursor := ""; ; {
		page, err := get[struct {
			Items []struct {
				ID      string `json:"id"`
				Version int64  `json:"version"`
			} `json:"items"`
			Next string `json:"next"`
		}](c.t.Context(), url+"/timeline?limit=500&cursor="+cursor)
		if err != nil {
			c.t.Error(err)
			return
		}
		for _, item := range page.Items {
			if shown[item.ID] > 0 {
				c.t.Errorf("the timeline of %s on %s has event %s twice", name, n.name, item.ID)
			}
			shown[item.ID] = item.Version
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if !maps.Equal(shown, want.made) {
		c.t.Errorf("the timeline of %s on %s has %d events, the log has %d, or their versions differ", name, n.name, len(shown), len(want.made))
	}
}

// verify lets the program compare its views with what the log gives when it is folded anew.
func (c *cluster) verify() {
	c.t.Helper()
	code, out, errs := verb(c.t, "verify", "--json", "--kafka", c.kafka.Addr(), "--database-url", c.database.URL())
	var found struct {
		Checked    int64  `json:"checked"`
		Different  int64  `json:"different"`
		DigestLive string `json:"digest_live"`
		DigestLog  string `json:"digest_log"`
	}
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		c.t.Errorf("verify ends with %d and prints no document (%v): %s", code, err, errs)
		return
	}
	if code != 0 || found.Checked == 0 || found.Different != 0 || found.DigestLive != found.DigestLog || found.DigestLive == "" {
		c.t.Errorf("verify ends with %d: %s%s", code, out, errs)
	}
}
