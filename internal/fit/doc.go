// Package fit estimates the parameters of the models of package customerbase from data by maximum likelihood.
//
// A fit is deterministic: the same sample gives the same parameters on the same platform. It searches over the logarithms
// of the parameters, from several starts with the simplex of Nelder and Mead, and ends with Newton steps on the best
// peak, so parameters are exact far beyond the digits that are kept. Other platforms may differ in the last of those,
// because the search is not written for equal bits; what counts for a replay is the recorded result, not a new search.
//
// Not every sample can tell a model's parameters. A fit says so with ErrTooFew or ErrDiverged, and Purchases falls back to
// NBD with a reason when nothing in the sample shows that customers leave.
package fit
