//go:build race

package main

// raceDetector is explained in sizes_test.go.
const raceDetector = true
