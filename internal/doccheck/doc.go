// Package doccheck holds tests of the documents: that the tests they name exist, that their links lead somewhere, and
// that each guarantee names a test.
package doccheck
