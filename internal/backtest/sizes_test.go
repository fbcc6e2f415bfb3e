//go:build !race

package backtest_test

// raceDetector is whether the tests run under the race detector. It makes them some ten times as slow, so that the greatest
// logs are left out there; `make test-full` runs them.
const raceDetector = false
