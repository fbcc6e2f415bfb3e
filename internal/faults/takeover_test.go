package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/projections"
)

// benchmarkSession is the session of a node by default.
const benchmarkSession = 6 * time.Second

// BenchmarkTakeover reports how long after a node was struck the others show events of every partition that were
// appended in that moment.
func BenchmarkTakeover(b *testing.B) {
	for _, c := range []struct {
		name   string
		strike struck
	}{{"killed", killNode}, {"frozen", freezeNode}, {"frozen-while-committing", during(toDatabase, freezeNode)}} {
		b.Run(c.name, func(b *testing.B) {
			p := newPair(b)
			var total, longest time.Duration
			n := 0
			for b.Loop() {
				took := p.takeover(c.strike)
				total += took
				longest = max(longest, took)
				n++
			}
			b.ReportMetric(total.Seconds()/float64(n), "s/takeover")
			b.ReportMetric(longest.Seconds(), "s-longest")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// pair is two nodes, of which the second one is struck.
type pair struct {
	*cluster
	survivor, victim *node
	dice             *rand.Rand
	batches          int
}

func newPair(b *testing.B) *pair {
	b.Helper()
	c := newCluster(b, 2, benchmarkSession)
	return &pair{cluster: c, survivor: c.nodes[0], victim: c.nodes[1], dice: rand.New(rand.NewPCG(1, 1))}
}

// takeover strikes the victim while it is at work and returns how long the survivor takes to show events of all
// partitions that were appended then.
func (p *pair) takeover(strike struck) time.Duration {
	p.t.Helper()
	p.shared()
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ended:
				return
			default:
				_ = p.everywhere() // what is not acknowledged is not missed
			}
		}
	}()
	heal := strike(p.cluster, p.victim, p.dice)
	start := time.Now()
	close(ended)
	<-done
	if err := p.everywhere(); err != nil {
		p.t.Fatal(err)
	}
	p.shows(p.survivor)
	took := time.Since(start)
	heal()
	return took
}

// everywhere appends some events to each partition.
func (p *pair) everywhere() error {
	p.batches++
	events := make([]event, 10*partitions)
	for i := range events {
		events[i] = newPurchase(fmt.Sprintf("t-%d-%d", p.batches, i), fmt.Sprintf("t-%d", i), time.Now().Add(-time.Hour), noExpectation, p.dice)
	}
	_, err := postBatch(p.t.Context(), p.survivor.url, events, "")
	return err
}

// shared waits until each node has half of the partitions.
func (p *pair) shared() {
	p.t.Helper()
	for _, n := range p.nodes {
		n.ready(startPatience)
	}
	eventually(p.t, startPatience, "the nodes share the partitions", func(ctx context.Context) error {
		view, err := get[struct {
			Partitions []struct {
				Owner string `json:"owner"`
			} `json:"partitions"`
		}](ctx, p.survivor.url+"/v1/positions")
		if err != nil {
			return err
		}
		owned := make(map[string]int)
		for _, partition := range view.Partitions {
			owned[partition.Owner]++
		}
		if owned[p.survivor.name] != partitions/2 || owned[p.victim.name] != partitions/2 {
			err = fmt.Errorf("the owners are %v", owned)
		}
		return err
	})
}

// shows waits until a node shows what is in the log now.
func (c *cluster) shows(n *node) {
	c.t.Helper()
	ends, err := c.log.Ends(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	eventually(c.t, catchUpPatience, n.name+" shows the log", func(ctx context.Context) error {
		summary, err := get[projections.Summary](ctx, n.url+"/v1/summary")
		if err == nil && !summary.Positions.Reached(ends) {
			err = fmt.Errorf("views are at %s of %s", summary.Positions, ends)
		}
		return err
	})
}
