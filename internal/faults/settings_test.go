package faults

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// round is one run: a cluster, a plan and its checks.
type round struct {
	seed  uint64
	steps int
}

// fixedSeeds are the seeds of a plain `go test`. Their plans have every fault of the catalogue between them.
var fixedSeeds = []uint64{4384, 4472}

const (
	shortSteps    = 7
	longSteps     = 12
	defaultRounds = 20
	defaultNodes  = 3
)

// rounds returns the rounds that the environment asks for.
func rounds(t *testing.T) []round {
	t.Helper()
	first, given := number(t, "RAPPORT_FAULTS_SEED")
	if long() {
		count, counted := number(t, "RAPPORT_FAULTS_ROUNDS")
		if !counted {
			count = defaultRounds
		}
		if !given {
			first = uint64(time.Now().UnixNano())
		}
		all := make([]round, count)
		for i := range all {
			all[i] = round{seed: first + uint64(i), steps: longSteps}
		}
		return all
	}
	if given {
		return []round{{seed: first, steps: shortSteps}}
	}
	all := make([]round, len(fixedSeeds))
	for i, seed := range fixedSeeds {
		all[i] = round{seed: seed, steps: shortSteps}
	}
	return all
}

// long reports whether the tests may take their time.
func long() bool { return os.Getenv("RAPPORT_FAULTS") == "long" }

// nodeCount returns how many nodes a cluster has.
func nodeCount(t *testing.T) int {
	t.Helper()
	if n, given := number(t, "RAPPORT_FAULTS_NODES"); given {
		return int(n)
	}
	return defaultNodes
}

// number returns the value of a variable, and whether it is set.
func number(t *testing.T, name string) (uint64, bool) {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n, true
}
