// Package statistics computes the figures of satisfaction surveys: distributions of scores, means, shares, net promoter
// scores, their intervals, comparisons, trends and weighted indices.
//
// What is kept and merged is whole numbers, so that any order and any partition of the answers gives equal bits, and an
// answer that was taken back leaves no trace. Fractions appear only when a figure is read. A figure that the answers do
// not determine is absent, never zero and never NaN. Values may be copied, compared with == where they are structs of
// counts, and read by several goroutines; methods with pointer receivers need one goroutine at a time.
//
// Products that are added are converted to float64 first, which keeps a compiler from fusing the two steps.
package statistics
