//go:build race

package backtest_test

// raceDetector is explained in sizes_test.go.
const raceDetector = true
