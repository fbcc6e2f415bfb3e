//go:build !race

package importer

// mostCustomers is how many customers a test may have.
const mostCustomers = 1_000_000
