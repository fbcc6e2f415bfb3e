// Package logtest is the conformance suite of the event log: what package eventstore promises, checked against any
// broker that speaks the Kafka protocol. Every test makes topics of its own, so a suite may share a broker. Tests of other
// packages get a log from Embedded.
package logtest
