// Package viewtest is the conformance suite of projections.Store: every store must pass it, and then answers every
// query as the memory store does. It also makes random histories, the records of a log that a fold has to cope with.
package viewtest
