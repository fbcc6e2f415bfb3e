package eventstore_test

import (
	"context"
	"fmt"
	"hash/fnv"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
)

// A writer that does not know whether its first attempt arrived sends the record again; every reader sees through it.
func Example() {
	ctx := context.Background()
	b, err := broker.Open(broker.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = b.Close() }()
	cfg := eventstore.Config{Brokers: []string{b.Addr()}, Partitions: 1}
	if err := eventstore.CreateTopic(ctx, cfg); err != nil {
		fmt.Println(err)
		return
	}
	log, err := eventstore.Open(ctx, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = log.Close() }()

	order := eventstore.Record{
		Key:     []byte("customer-17"),
		Value:   []byte(`{"total":120}`),
		Headers: []eventstore.Header{{Key: "ce_id", Value: []byte("order-1")}},
	}
	for range 2 {
		if _, err := log.Append(ctx, []eventstore.Record{order}); err != nil {
			fmt.Println(err)
			return
		}
	}

	var customer eventstore.Stream
	for batch, err := range log.Follow(ctx, 0, 0, eventstore.FollowOptions{Until: 2}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, r := range batch.Records {
			id, content := fingerprint(r.Headers[0].Value), fingerprint(r.Value)
			verdict, _ := customer.Judge(id, content, -1)
			if verdict == eventstore.Accepted {
				customer.Accept(id, content, r.Offset)
			}
			fmt.Println(r.Position(), verdict, "version", customer.Version())
		}
	}
	// Output:
	// 0:0 accepted version 1
	// 0:1 duplicate version 1
}

func fingerprint(b []byte) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write(b)
	return hash.Sum64()
}
