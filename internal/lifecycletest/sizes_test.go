//go:build !race

package lifecycletest

// mostCustomers is how many customers a test may have.
const mostCustomers = 1_000_000
