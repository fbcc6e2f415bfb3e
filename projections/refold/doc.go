// Package refold folds a partition of the log from its beginning in bounded memory.
//
// The streams of a partition are divided into shares by a hash of their id. A pass reads the partition once and folds
// the records of some consecutive shares; when they take more memory than allowed, the highest shares are given up and
// left to a later pass. Every share is a memory store with a folder of its own, so that its customers, moves, roll-ups
// and quarantine can be given up together. Streams do not depend on each other, so the shares together are what a live
// fold makes of the same records: control records reach every share.
package refold
