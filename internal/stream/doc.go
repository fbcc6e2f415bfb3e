// Package stream sends outputs to many clients as Server-Sent Events. However many clients there are, one reader follows
// each partition of the output topics and keeps the recent outputs in a ring; clients take them from there at their own
// pace. A client that comes back with an id from before the ring gets what lies between from Kafka, by a reader of its
// own. While there are no clients, nothing is read.
//
// The id of an output is how much of every topic the client has with it: see Cursor. It means the same to every hub on
// the same topics, so a client may resume at another node and after a restart of all of them.
package stream
