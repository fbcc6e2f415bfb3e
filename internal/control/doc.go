// Package control appends the engine's own records to the log: ticks of the clock, published policies, fitted models, and what people
// decide about records that were set aside and streams that are parked. They stand under one key in every partition, in
// the order in which they take effect, so that a replay does what the engine did.
package control
