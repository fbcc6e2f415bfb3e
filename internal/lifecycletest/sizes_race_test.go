//go:build race

package lifecycletest

// mostCustomers is smaller under the race detector, with which the greatest of the data sets take minutes. A smaller set runs
// the same code there; `make test-full` runs them all.
const mostCustomers = 5_000
