package pgnotify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/internal/notify"
)

// HeldDigests implements notify.Queue. It relies on the index deliveries_held.
func (s *Store) HeldDigests(ctx context.Context, now time.Time) ([]notify.HeldDigest, error) {
	const statement = `SELECT DISTINCT d.subscription COLLATE "C", d.digest_at FROM rapport_notify.deliveries d
		JOIN rapport_notify.subscriptions s ON s.id = d.subscription
		WHERE d.status = 'pending' AND d.digest_at <= $1 AND s.disabled = '' ORDER BY 1, 2`
	rows, err := s.pool.Query(ctx, statement, now)
	if err != nil {
		return nil, fmt.Errorf("find due digests: %w", err)
	}
	held, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h notify.HeldDigest, err error) {
		err = row.Scan(&h.Subscription, &h.At)
		h.At = h.At.UTC()
		return h, err
	})
	if err != nil {
		return nil, fmt.Errorf("find due digests: %w", err)
	}
	return held, nil
}

// MakeDigest implements notify.Queue. The row of the subscription is the lock on which engines meet that make the same
// digest; it lets others add deliveries meanwhile.
func (s *Store) MakeDigest(ctx context.Context, held notify.HeldDigest, limit int, now time.Time, compose func([]notify.Delivery) (notify.Delivery, error)) (n int, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		const lock = `SELECT id FROM rapport_notify.subscriptions WHERE id = $1 AND disabled = '' FOR NO KEY UPDATE`
		rows, err := tx.Query(ctx, lock, held.Subscription)
		if err != nil {
			return err
		}
		if found, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(found) == 0 {
			return err
		}
		members, err := heldDeliveries(ctx, tx, held, limit)
		if err != nil || len(members) == 0 {
			return err
		}
		digest, err := compose(members)
		if err != nil {
			return err
		}
		if _, err := add(ctx, tx, []notify.Delivery{digest}); err != nil {
			return err
		}
		const end = `UPDATE rapport_notify.deliveries SET status = $2, finished_at = $3, next_attempt = NULL, claim = claim + 1 WHERE seq = ANY ($1)`
		_, err = tx.Exec(ctx, end, column(members, func(d *notify.Delivery) int64 { return d.Seq }), string(notify.Digested), now)
		n = len(members)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("make digest of %s: %w", held.Subscription, err)
	}
	return n, nil
}

// heldDeliveries returns what waits for a digest and keeps others from changing it.
func heldDeliveries(ctx context.Context, tx pgx.Tx, held notify.HeldDigest, limit int) ([]notify.Delivery, error) {
	const statement = `SELECT ` + deliveryColumns + ` FROM rapport_notify.deliveries d
		WHERE d.subscription = $1 AND d.digest_at = $2 AND d.status = 'pending' ORDER BY d.seq LIMIT $3 FOR UPDATE`
	rows, err := tx.Query(ctx, statement, held.Subscription, held.At, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanDelivery)
}
