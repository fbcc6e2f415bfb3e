//go:build !race

package projections_test

// dayCustomers is how many customers have a deadline within the days of the tests whose clock ticks every 30 s.
const dayCustomers = 100_000
