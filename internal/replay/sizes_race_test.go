//go:build race

package replay_test

// oneOf is explained in sizes_test.go.
const oneOf = 20
