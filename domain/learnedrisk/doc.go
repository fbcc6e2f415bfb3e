// Package learnedrisk holds a model of loss whose weights were learned from customers of an earlier time: a logistic
// regression (Cox 1958) over named features, such as the days since the last purchase or the complaints that are open. The chance of a
// loss is 1 / (1 + exp(-z)), where z adds a part for each feature, so the parts explain the chance.
//
// A model is plain numbers: New makes it of the parameters that an event holds, and Parameters gives them back. Signs are
// what the data said, not what anybody expects. A feature that is not known of a customer is no error: it counts as the
// mean, with a weight of its own for not being known if that was learned too.
//
// All functions are pure and may be used concurrently. Arithmetic goes through package stablemath, so a replay on another
// platform gives the same bits. Package fit of this module learns the weights.
package learnedrisk
