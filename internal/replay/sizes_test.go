//go:build !race

package replay_test

// oneOf is of how many customers one is explained. Under the race detector, which makes that some ten times as slow, it is
// not every one; `make test-full` explains all.
const oneOf = 1
