// Package customerbase holds the probability models of customer-base analysis: how likely a silent customer is to buy
// again, how many purchases are to come, and what they are worth. docs/models.md says which model answers which question.
//
// Purchases without a contract: MBGNBD (the default), BGNBD, ParetoNBD and NBD in continuous time, BGBB for regular
// opportunities such as yearly appeals, GammaGamma for the amounts. With a contract: SBG and KaplanMeier. Stages: Chain.
//
// A model is a plain struct of its parameters. Its methods are pure functions that check parameters and arguments, and
// return either a finite number or an error that wraps ErrParameters, ErrArgument or ErrNoValue; never NaN. All arithmetic
// goes through package stablemath, so a replay on another platform gives the same bits. Values may be used concurrently.
//
// Times are in any one unit, the same for parameters, histories and horizons. Internally formulas are kept as sums of
// positive terms or as logarithms; where the literature prints a hypergeometric function, a form without cancellation is
// used instead and the comment says how the two are related.
package customerbase
