// Package projections folds the log into what people read. Fold is pure: the same records in the same order give the
// same states, moves and roll-ups on every machine. Each projection is one file with its state and its part of the
// fold; a Customer is their composition. Store keeps the results, Query answers from them, Runner drives one fold per
// partition.
package projections
