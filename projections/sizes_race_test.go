//go:build race

package projections_test

// dayCustomers is smaller under the race detector, with which 100,000 customers take gigabytes and most of the time of all
// tests of the package. `make test-full` runs all of them.
const dayCustomers = 10_000
