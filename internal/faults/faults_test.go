package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The rounds run one after the other: each has the machine to itself, as far as it may.
func TestNothingIsLostDoubledOrReorderedWhateverBreaks(t *testing.T) {
	nodes := nodeCount(t)
	for _, r := range rounds(t) {
		t.Run(fmt.Sprintf("seed=%d", r.seed), func(t *testing.T) { run(t, r, nodes) })
		if t.Failed() {
			t.Fatalf("the first failure ends the run; RAPPORT_FAULTS_SEED=%d repeats it", r.seed)
		}
	}
}

// run is one round.
func run(t *testing.T, r round, nodes int) {
	t.Helper()
	p := newPlan(r.seed, r.steps, nodes)
	c := newCluster(t, nodes, session)
	t.Cleanup(func() { c.explain(p) })
	l := startLoad(t, c, r.seed)
	p.carryOut(t, c)
	l.settle(t)
	for _, n := range c.nodes {
		n.ready(catchUpPatience)
	}
	c.check(l)
	sent, answers, operations := l.counts()
	t.Logf("%d events, %d answers, %d verdicts asked for", sent, answers, operations)
}

// explain leaves what helps to understand a failure.
func (c *cluster) explain(p plan) {
	if !c.t.Failed() {
		return
	}
	path := filepath.Join(c.t.ArtifactDir(), "plan.txt")
	if err := os.WriteFile(path, []byte(p.String()), 0o644); err != nil {
		c.t.Error(err)
	}
	c.t.Logf("the plan was\n%s", p)
	for _, n := range c.nodes {
		c.t.Logf("%s, from %s:\n%s", n.name, n.path, tail(n.path, 0, 60))
	}
}
