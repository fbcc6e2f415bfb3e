// Package faults runs the program as an operator does, several processes on one Kafka and one PostgreSQL, breaks what
// can break while clients append and read, and then checks what was promised. It holds tests only.
//
// # What runs
//
// A cluster is a private Apache Kafka, a private PostgreSQL and some nodes: processes of `rapport serve` that are started
// again when they end, as a supervisor would. Each node reaches Kafka and PostgreSQL through two proxies of its own, so
// it can be cut off, slowed down or lied to without the others. The tests themselves reach both directly.
//
// Feeders append purchases, one by one and in batches, with ids they know; what was not acknowledged is sent again with
// the same id, on any node, until it is. Contenders append to a few streams with an expected version, several to each
// stream; when the answer is lost they either send the same event again or give it up. Readers ask for what they know to
// be acknowledged.
//
// # What breaks
//
// A seed makes the plan: a list of steps, each of which strikes with one to three faults at a time, heals each when it
// has lasted its time, and rests. The catalogue of faults is the table in fault_test.go. The plan depends on the seed
// alone; the clients draw from it too, but what they do depends on the answers they get, and how everything falls
// together in time is the machine's affair. A failure that depends on a narrow interleaving may take several runs with
// its seed.
//
// A full disk is a test of its own, on one node with the embedded broker: a small filesystem, or a limit on the size of
// files.
//
// # What must hold
//
// When everything is healed and the clients have what they wanted:
//
//   - every event that was acknowledged is in the log at the position of its acknowledgement, and accepted exactly once by
//     a rule that this package works out for itself; nothing is accepted that nobody sent;
//   - every verdict that a client was told is the one of the log, and the history of verdicts is linearizable (porcupine;
//     an operation without an answer may take effect at any time after its call, or never);
//   - the views of every node have all of it once: counts, versions and timelines agree with the log, and `rapport verify`
//     finds no difference;
//   - the outputs of each customer are numbered without a gap, and a number that comes again is the same record again;
//   - no process ended by itself after it had begun to serve.
//
// A failure leaves the logs of the nodes, the plan and the history of verdicts (HTML) in the artifact directory of the
// test; `go test -artifacts` keeps it.
//
// # What receivers have
//
// Another test lets the nodes fold the life of a dealer group, whose clock is in the log, while some or all of them are
// killed or stopped and started again at once and their views are rebuilt, and then lets all events come again. A consumer
// of the topics, which leaves its group and comes back, the receiver of a webhook and a client of the stream, which goes
// from node to node, drop what they know by its id. Each must then have what one undisturbed fold of the same log tells:
// every output once, byte for byte, in the order of its customer and topic, and nothing else.
//
// # How to run it
//
// A plain `go test` runs two fixed seeds, which have every fault between them, in about two minutes, and one for the
// receivers in half a minute. RAPPORT_FAULTS=long, as `make test-faults` sets it, runs RAPPORT_FAULTS_ROUNDS (20) rounds of
// each with new seeds and longer plans; RAPPORT_FAULTS_SEED gives the first seed, in either form. RAPPORT_FAULTS_NODES is the number of nodes, and
// RAPPORT_FAULTS_BINARY a program to test instead of one that is built from this tree.
package faults
