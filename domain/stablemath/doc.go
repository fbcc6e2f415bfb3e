// Package stablemath holds the elementary and special functions that the folds and the models of customers use, written
// so that a result has the same bits on every platform. A replay on another machine must reach the same state, and the
// functions of package math do not promise that: Exp and Log are assembly on some platforms, and a compiler may fuse the
// product and the sum of x*y + z into one operation that rounds once.
//
// Here every product that is added to something stands in an explicit conversion, which the language defines as a
// rounding, and from package math only functions with exact results are used: Floor, Frexp, Ldexp, Sqrt, Abs and FMA. An
// error of a rounded operation is recovered with FMA or with the branch-free sum of Knuth where the accuracy needs it.
//
// Exp, Expm1, Log, Log1p, Pow and Lgamma are within 2 units in the last place of the exact value wherever the result is a
// normal number. LogRising, LogBeta and RegIncBeta are sums and products of those: their error is stated beside them.
// Special values are those of package math unless a comment says otherwise.
package stablemath
