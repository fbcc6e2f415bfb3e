// Package client is for programs that work with a running Rapport over HTTP: producers append events, and learn what
// became of them; consumers follow what Rapport finds out, each output once and in order.
//
// It is all that such a program needs to import, besides package domain for the data of events and outputs. It knows
// nothing of Kafka: who reads the topics there can decode their records with DecodeOutput.
package client
