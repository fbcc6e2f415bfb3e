//go:build !race

package fit_test

// raceDetector is whether the tests run under the race detector. It makes them some ten times as slow, so that the greatest
// of the data sets are left out there; `make test-full` runs them.
const raceDetector = false
