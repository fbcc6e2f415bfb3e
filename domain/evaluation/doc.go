// Package evaluation measures how well customers who were lost had been foretold. A score is looked at in three ways: as
// a ranking (Rank: area under the curve, precision, recall and lift among the first), as a chance (Judge: Brier score,
// log-loss, reliability), and forecasts of purchases or spend as amounts (Compare, Concentration).
//
// Results depend neither on the order of the customers nor on the platform, down to the bits. Customers with equal scores
// share places, so no order among them is made up. Intervals are bootstrapped with a generator of this package, so a
// seed gives the same interval everywhere. A figure that the customers do not determine is nil, never zero.
//
// What is measured must be honest by itself: scores may use only what was known at the origin, outcomes only what came
// after. docs/models.md describes the protocol.
package evaluation
