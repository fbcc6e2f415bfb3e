// Package fit estimates the parameters of the models of the packages customerbase and learnedrisk from data: by maximum
// likelihood, for learned risk with a penalty.
//
// A fit is deterministic: the same sample gives the same parameters on the same platform. Models of purchases, amounts and
// contracts are searched over the logarithms of the parameters, from several starts with the simplex of Nelder and Mead, and
// the search ends with Newton steps on the best peak, so parameters are exact far beyond the digits that are kept.
// Regressions have one peak, which Newton steps find from anywhere. Other platforms may differ in the last of those digits,
// because the search is not written for equal bits; what counts for a replay is the recorded result, not a new search.
//
// Not every sample can tell a model's parameters. A fit says so with ErrTooFew or ErrDiverged, and Purchases falls back to
// NBD with a reason when nothing in the sample shows that customers leave.
package fit
