//go:build race

package fit_test

// raceDetector is explained in sizes_test.go.
const raceDetector = true
