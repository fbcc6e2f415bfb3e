// Package pgview keeps views in PostgreSQL. It is the store of production: states are read when a batch needs them and
// written when it commits, so their number is not bounded by memory.
//
// The tables of one generation live in a schema of their own (rapport_g1, rapport_g2, …). The schema rapport holds the
// control table and views over the live generation for analysts, whose names and columns are documented in the
// database. Everything a batch changes is committed in one transaction together with the checkpoint of its partition,
// which is moved by compare-and-set: each record has its effect exactly once, and a writer that was replaced has none.
//
// A generation is made when the policy, the number of partitions or the format of states is another one. It is filled
// beside the live one and shown when it has caught up; the one before is kept until it is dropped, its writers are fenced.
//
// The account of the program needs the right to make temporary tables: a commit gathers changed rows in one before it
// replaces them. Commits are told on the channel rapport_views, and switches of generations on rapport_generation.
//
// After a crash of the server with synchronous_commit off the last batches may be missing, checkpoint included; they
// are folded again from the log.
package pgview
