//go:build !race

package main

// raceDetector is whether the tests, and the processes they start, run under the race detector. It makes them some ten times
// as slow, so that tests take less data there; the tests on real servers take all of it.
const raceDetector = false
