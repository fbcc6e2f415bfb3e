// Package examples holds consumers of outputs to start from: consume.sh with kcat, and the example of this package in Go
// with Watermill. Its tests run them against an embedded broker.
package examples
