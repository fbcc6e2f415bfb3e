package kafkabus_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/kafkabus"
)

// A CloudEvent in binary mode: its attributes are metadata, its data is the payload.
func Example() {
	b, err := broker.Open(broker.Options{})
	if err != nil {
		log.Fatal(err)
	}
	connection := kafkabus.Connection{Brokers: []string{b.Addr()}}

	publisher, publisherErr := kafkabus.NewPublisher(kafkabus.PublisherConfig{
		Connection: connection, Marshaler: kafkabus.HeaderMarshaler{OmitUUID: true},
	})
	subscriber, subscriberErr := kafkabus.NewSubscriber(kafkabus.SubscriberConfig{Connection: connection, Group: "mailer"})
	router, routerErr := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err := errors.Join(publisherErr, subscriberErr, routerErr); err != nil {
		log.Fatal(err)
	}

	if err := subscriber.SubscribeInitialize("rapport.churn"); err != nil {
		log.Fatal(err)
	}
	msg := message.NewMessage("", []byte(`{"level":"high"}`))
	msg.Metadata.Set(kafkabus.PartitionKey, "C1")
	msg.Metadata.Set("content-type", "application/json")
	msg.Metadata.Set("ce_specversion", "1.0")
	msg.Metadata.Set("ce_id", "w1")
	msg.Metadata.Set("ce_source", "/rapport")
	msg.Metadata.Set("ce_type", "churn.warning_raised")
	if err := publisher.Publish("rapport.churn", msg); err != nil {
		log.Fatal(err)
	}

	ctx, stop := context.WithCancel(context.Background())
	router.AddConsumerHandler("mail", "rapport.churn", subscriber, func(msg *message.Message) error {
		fmt.Println(msg.UUID, msg.Metadata["ce_type"], msg.Metadata[kafkabus.PartitionKey], string(msg.Payload))
		stop()
		return nil
	})
	if err := router.Run(ctx); err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(subscriber.Close(), publisher.Close(), b.Close()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// w1 churn.warning_raised C1 {"level":"high"}
}
