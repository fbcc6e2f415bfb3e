package faults

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// atOnce is the largest number of faults that are there at the same time.
const atOnce = 3

// plan is what breaks in a run, in this order.
type plan []planned

// planned is one step of a plan: the faults strike one after the other, and each is healed when it has lasted its time,
// the briefest first.
type planned struct {
	faults []chosen
	rest   time.Duration
}

// chosen is a fault with the node it strikes, the time it lasts and the number its own choices are drawn from.
type chosen struct {
	fault
	node  int
	lasts time.Duration
	seed  uint64
}

func (c chosen) String() string {
	name := c.name
	if !c.shared() {
		name += fmt.Sprintf(" (node%d)", c.node+1)
	}
	return fmt.Sprintf("%s for %.1f s", name, c.lasts.Seconds())
}

// shared reports whether the fault strikes what is there once for all nodes.
func (c chosen) shared() bool { return c.parts[0] == partBroker || c.parts[0] == partDatabase }

// clashes reports whether two faults strike the same thing.
func (c chosen) clashes(o chosen) bool {
	if !c.shared() && c.node != o.node {
		return false
	}
	return slices.ContainsFunc(c.parts, func(part string) bool { return slices.Contains(o.parts, part) })
}

// newPlan returns the plan of a seed. Faults are dealt from a shuffled catalogue, so that none comes twice before all
// others have come.
func newPlan(seed uint64, steps, nodes int) plan {
	dice := rand.New(rand.NewPCG(seed, 0))
	var deck []int
	p := make(plan, steps)
	for i := range p {
		s := &p[i]
		for range 1 + dice.IntN(atOnce) {
			if len(deck) == 0 {
				deck = dice.Perm(len(catalogue))
			}
			c := chosen{fault: catalogue[deck[0]], node: dice.IntN(nodes), seed: dice.Uint64()}
			if slices.ContainsFunc(s.faults, c.clashes) {
				break // it comes with the next step
			}
			deck = deck[1:]
			c.lasts = between(dice, c.hold[0], c.hold[1])
			s.faults = append(s.faults, c)
		}
		slices.SortStableFunc(s.faults, func(a, b chosen) int { return cmp.Compare(a.lasts, b.lasts) })
		s.rest = between(dice, 200*time.Millisecond, 1500*time.Millisecond)
	}
	return p
}

func between(dice *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(dice.Int64N(int64(most-least)+1))
}

// String returns the plan, a step a line.
func (p plan) String() string {
	var b strings.Builder
	for i, s := range p {
		fmt.Fprintf(&b, "%3d. %s\n", i+1, s)
	}
	return b.String()
}

func (s planned) String() string {
	names := make([]string, len(s.faults))
	for i, c := range s.faults {
		names[i] = c.String()
	}
	return strings.Join(names, "; ")
}

// carryOut lets the plan happen to a cluster and returns when everything is healed.
func (p plan) carryOut(t *testing.T, c *cluster) {
	t.Helper()
	for i, s := range p {
		start := time.Now()
		heals := make([]func(), len(s.faults))
		for j, f := range s.faults {
			heals[j] = f.strike(c, c.nodes[f.node], rand.New(rand.NewPCG(f.seed, 0)))
		}
		lasted := time.Duration(0)
		for j, f := range s.faults {
			pause(t, f.lasts-lasted)
			lasted = f.lasts
			heals[j]()
		}
		t.Logf("step %d: %s; healed after %.1f s", i+1, s, time.Since(start).Seconds())
		pause(t, s.rest)
	}
}

// pause lets the faults and the clients do what they do. It waits for nothing.
func pause(t testing.TB, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

func TestThePlansOfTheFixedSeedsHaveEveryFault(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, seed := range fixedSeeds {
		for _, step := range newPlan(seed, shortSteps, nodeCount(t)) {
			for _, f := range step.faults {
				seen[f.name] = true
			}
		}
	}
	for _, f := range catalogue {
		if !seen[f.name] {
			t.Errorf("no plan has: %s", f.name)
		}
	}
}

func TestAPlanIsThatOfItsSeedAndItsFaultsDoNotClash(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		p := newPlan(seed, longSteps, 3)
		if again := newPlan(seed, longSteps, 3); again.String() != p.String() {
			t.Fatalf("seed %d has two plans:\n%s\n%s", seed, p, again)
		}
		for i, step := range p {
			for j, f := range step.faults {
				if slices.ContainsFunc(step.faults[:j], f.clashes) {
					t.Errorf("seed %d, step %d: %v clash", seed, i+1, step.faults)
				}
			}
		}
	}
}
