// Package notify tells other systems over HTTP what the fold found out: webhooks by Standard Webhooks 1.0.0
// (https://www.standardwebhooks.com). It reads outputs from a Watermill subscriber, makes a delivery of each output for
// each subscription that asks for it, and sends the deliveries until the receiver takes them or two days have passed.
//
// A delivery is in the store before its message is acknowledged, and it leaves the state "pending" only when the receiver
// answered or the schedule ended, so a crash at any point repeats a request at most and loses none. The id of a
// delivery, which is its webhook-id, follows from the subscription and the output: a repeated output makes no second
// delivery, and every request for a delivery has the same id.
//
// Endpoints do not wait for each other: each has its own share of the requests in flight, its own circuit breaker and its
// own pauses.
package notify
