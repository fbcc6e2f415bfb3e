// Package domain is the vocabulary of Rapport: the events of a customer's life and their data, the stages, the policy
// that sets thresholds, and the arithmetic on instants, days and money. It is pure: it reads no clock and does no I/O,
// and it imports nothing else of this module.
package domain
