// Package naive is the peer that the engine's figures are compared with: what a user would write with the same libraries
// for one table of customers. A Watermill Router runs one handler for each message; the handler decodes the event with
// encoding/json, reads the customer's row, works out the next one and writes it, in one transaction of PostgreSQL.
//
// It is meant to be as good as that form allows: partitions are handled in parallel with a database connection for each
// at hand, statements are prepared, offsets are committed in the background, and a message that is delivered again
// changes nothing. It keeps one small row of each customer, where the engine keeps every projection.
package naive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/internal/kafkabus"
)

// Config is what a peer works on.
type Config struct {
	// Brokers are the addresses of the cluster that holds the log.
	Brokers []string
	// Topic is the topic of the log.
	Topic string
	// Group is the consumer group of the peer.
	Group string
	// Pool reaches the database. It should have room for a connection for each partition.
	Pool *pgxpool.Pool
}

// Peer folds events into the table naive_customers, one message at a time.
type Peer struct {
	cfg     Config
	handled atomic.Int64
}

// New returns a peer and makes its table unless it is there.
func New(ctx context.Context, cfg Config) (*Peer, error) {
	if _, err := cfg.Pool.Exec(ctx, createTable); err != nil {
		return nil, fmt.Errorf("make the table of the peer: %w", err)
	}
	return &Peer{cfg: cfg}, nil
}

// Handled returns how many messages were committed and acknowledged. It may be called while Run runs.
func (p *Peer) Handled() int64 { return p.handled.Load() }

// Run handles messages from the beginning of the topic on, or from where the group was, until ctx ends.
func (p *Peer) Run(ctx context.Context) error {
	subscriber, err := kafkabus.NewSubscriber(kafkabus.SubscriberConfig{
		Connection: kafkabus.Connection{Brokers: p.cfg.Brokers}, Group: p.cfg.Group,
	})
	if err != nil {
		return fmt.Errorf("run the peer: %w", err)
	}
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		return errors.Join(fmt.Errorf("run the peer: %w", err), subscriber.Close())
	}
	router.AddConsumerHandler("customers", p.cfg.Topic, subscriber, p.handle)
	if err := router.Run(ctx); err != nil {
		return errors.Join(fmt.Errorf("run the peer: %w", err), subscriber.Close())
	}
	return subscriber.Close()
}

// event is the part of a CloudEvent that the peer uses.
type event struct {
	Type    string          `json:"type"`
	Subject string          `json:"subject"`
	Time    time.Time       `json:"time"`
	Data    json.RawMessage `json:"data"`
}

// purchase is the data of a purchase.
type purchase struct {
	Amount struct {
		Minor    int64  `json:"minor"`
		Currency string `json:"currency"`
	} `json:"amount"`
}

// handle takes one message. The router acknowledges it when the error is nil, and delivers it again otherwise.
func (p *Peer) handle(msg *message.Message) error {
	var ev event
	if err := json.Unmarshal(msg.Payload, &ev); err != nil {
		return fmt.Errorf("decode event: %w", err)
	}
	var bought purchase
	if ev.Type == "purchase.recorded" {
		if err := json.Unmarshal(ev.Data, &bought); err != nil {
			return fmt.Errorf("decode purchase: %w", err)
		}
	}
	at, known := kafkabus.PositionOf(msg.Context())
	if !known {
		return errors.New("message has no position")
	}
	ctx := msg.Context()
	err := pgx.BeginFunc(ctx, p.cfg.Pool, func(tx pgx.Tx) error {
		row, err := find(ctx, tx, ev.Subject)
		if err != nil || at.Offset < row.next {
			return err
		}
		row.take(&ev, &bought)
		row.next = at.Offset + 1
		return row.store(ctx, tx)
	})
	if err != nil {
		return err
	}
	p.handled.Add(1)
	return nil
}
