package examples_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/kafkabus"
)

// output is what a consumer reads of an output.
type output struct {
	Type     string `json:"type"`
	Subject  string `json:"subject"`
	Sequence string `json:"sequence"`
}

// reaction acts on outputs, on each once: what is not after the last one of its customer is a repetition. A service keeps
// the last sequences where it keeps what it does, so that both are written together.
type reaction struct {
	last map[string]string
	act  func(output)
}

// handle is the handler of a Watermill router. Messages of a customer come one after the other.
func (r *reaction) handle(msg *message.Message) error {
	var o output
	if err := json.Unmarshal(msg.Payload, &o); err != nil {
		return err
	}
	if o.Sequence <= r.last[o.Subject] {
		return nil
	}
	r.act(o)
	r.last[o.Subject] = o.Sequence
	return nil
}

// A service in Go follows an output topic through a Watermill router, in a consumer group. The router adds what a service
// needs besides: repetition, a poison queue, metrics.
func Example() {
	b, err := broker.Open(broker.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := publish(context.Background(), b.Addr(), "C1", "C2", "C1"); err != nil {
		log.Fatal(err)
	}

	subscriber, subscriberErr := kafkabus.NewSubscriber(kafkabus.SubscriberConfig{
		Connection: kafkabus.Connection{Brokers: []string{b.Addr()}}, Group: "welcome-letters",
	})
	router, routerErr := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err := errors.Join(subscriberErr, routerErr); err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	acted, seen := &reaction{last: make(map[string]string)}, 0
	acted.act = func(o output) { fmt.Println(o.Type, o.Subject, o.Sequence) }
	router.AddConsumerHandler("welcome", "rapport.lifecycle", subscriber, func(msg *message.Message) error {
		if seen++; seen == 5 { // three outputs, and two of them again
			defer stop()
		}
		return acted.handle(msg)
	})
	if err := router.Run(ctx); err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(subscriber.Close(), b.Close()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// lifecycle.started C1 000000000000000001
	// lifecycle.started C2 000000000000000001
	// lifecycle.started C1 000000000000000002
}
