// Package training fits models to the log. It folds the log up to an instant, makes samples of the states of the customers, and
// gives them to package fit. What happened later is not folded, so it has no part in a sample.
package training
