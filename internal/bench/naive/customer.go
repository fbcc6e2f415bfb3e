package naive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const createTable = `CREATE TABLE IF NOT EXISTS naive_customers (
	id            text PRIMARY KEY,
	stage         text NOT NULL,
	events        bigint NOT NULL,
	purchases     bigint NOT NULL,
	purchased     bigint NOT NULL,
	currency      text NOT NULL,
	first_at      timestamptz NOT NULL,
	last_at       timestamptz NOT NULL,
	last_purchase timestamptz,
	next_offset   bigint NOT NULL
) WITH (fillfactor = 70)`

// Stages of a customer, and the number of purchases from which one is mature.
const (
	prospect = "prospect"
	growth   = "growth"
	maturity = "maturity"

	maturePurchases = 3
)

// customer is one row. All events of a customer are in one partition, so the offset after the last one that was taken
// tells a message that is delivered again.
type customer struct {
	id                string
	stage             string
	events, purchases int64
	purchased         int64
	currency          string
	firstAt, lastAt   time.Time
	lastPurchase      *time.Time
	next              int64
}

// find returns the row of a customer, locked, or a fresh one.
func find(ctx context.Context, tx pgx.Tx, id string) (*customer, error) {
	c := &customer{id: id, stage: prospect}
	err := tx.QueryRow(ctx, `SELECT stage, events, purchases, purchased, currency, first_at, last_at, last_purchase, next_offset
		FROM naive_customers WHERE id = $1 FOR UPDATE`, id).Scan(
		&c.stage, &c.events, &c.purchases, &c.purchased, &c.currency, &c.firstAt, &c.lastAt, &c.lastPurchase, &c.next)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("find customer: %w", err)
	}
	return c, nil
}

// take adds one event.
func (c *customer) take(ev *event, bought *purchase) {
	c.events++
	if c.firstAt.IsZero() || ev.Time.Before(c.firstAt) {
		c.firstAt = ev.Time
	}
	if ev.Time.After(c.lastAt) {
		c.lastAt = ev.Time
	}
	if ev.Type != "purchase.recorded" {
		return
	}
	c.purchases++
	c.purchased += bought.Amount.Minor
	c.currency = bought.Amount.Currency
	if c.lastPurchase == nil || ev.Time.After(*c.lastPurchase) {
		c.lastPurchase = &ev.Time
	}
	switch {
	case c.purchases >= maturePurchases:
		c.stage = maturity
	default:
		c.stage = growth
	}
}

// store writes the row.
func (c *customer) store(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO naive_customers
		(id, stage, events, purchases, purchased, currency, first_at, last_at, last_purchase, next_offset)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET stage = excluded.stage, events = excluded.events, purchases = excluded.purchases,
			purchased = excluded.purchased, currency = excluded.currency, first_at = excluded.first_at,
			last_at = excluded.last_at, last_purchase = excluded.last_purchase, next_offset = excluded.next_offset`,
		c.id, c.stage, c.events, c.purchases, c.purchased, c.currency, c.firstAt, c.lastAt, c.lastPurchase, c.next)
	if err != nil {
		return fmt.Errorf("store customer: %w", err)
	}
	return nil
}
