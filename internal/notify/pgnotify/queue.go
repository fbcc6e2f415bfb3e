package pgnotify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rapport-crm/rapport/internal/notify"
)

// Add implements notify.Queue. The subscription's row is locked against deletion, which would leave a pending delivery
// without one. A batch is one transaction.
func (s *Store) Add(ctx context.Context, deliveries []notify.Delivery) (int, error) {
	const statement = `INSERT INTO rapport_notify.deliveries (id, subscription, event, type, customer, body, status, reason,
			created_at, next_attempt, window_start, tries, finished_at, attempts, log, claim)
		SELECT $1, s.id, $3, $4, $5, $6::bytea, $7, $8, $9::timestamptz, $10::timestamptz, $11::timestamptz, $12::integer,
			$13::timestamptz, $14::integer, $15::jsonb, $16::bigint
		FROM (SELECT id FROM rapport_notify.subscriptions WHERE id = $2 FOR KEY SHARE) s ON CONFLICT (id) DO NOTHING`
	batch := new(pgx.Batch)
	added := 0
	for i := range deliveries {
		d := &deliveries[i]
		batch.Queue(statement, d.ID, d.Subscription, d.Event, d.Type, d.Customer, d.Body, string(d.Status), d.Reason,
			d.CreatedAt, nullable(d.NextAttempt), nullable(d.WindowStart), d.Tries, nullable(d.FinishedAt), d.Attempts,
			logOf(d), d.Claim).Exec(func(tag pgconn.CommandTag) error {
			added += int(tag.RowsAffected())
			return nil
		})
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return 0, fmt.Errorf("add deliveries: %w", err)
	}
	return added, nil
}

// Due implements notify.Queue. It relies on the index deliveries_due: one probe for each subscription, which the limit
// forces also while the statistics of the table are those of an empty one.
func (s *Store) Due(ctx context.Context, now time.Time) ([]string, error) {
	const statement = `SELECT s.id FROM rapport_notify.subscriptions s
		CROSS JOIN LATERAL (SELECT d.seq FROM rapport_notify.deliveries d
			WHERE d.subscription = s.id AND d.status = 'pending' AND d.next_attempt <= $1
			ORDER BY d.next_attempt, d.seq LIMIT 1) AS first
		WHERE s.disabled = '' ORDER BY s.id COLLATE "C"`
	rows, err := s.pool.Query(ctx, statement, now)
	if err != nil {
		return nil, fmt.Errorf("find what is due: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("find what is due: %w", err)
	}
	return ids, nil
}

// unsynced is a part of statements whose effect need not outlive a crash of the server: their commit does not wait for the
// disk.
const unsynced = `unsynced AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS is)`

// Claim implements notify.Queue. Rows that another engine is claiming are skipped. A delivery stays pending while it is
// claimed, so it holds back later ones of its customer meanwhile. The search relies on the index deliveries_due, the
// look for earlier ones on deliveries_customer; the update takes an array, which is looked up by the primary key whatever
// the statistics say.
func (s *Store) Claim(ctx context.Context, claims []notify.Claim, now, until time.Time) ([]notify.Delivery, error) {
	const statement = `WITH ` + unsynced + `, due AS MATERIALIZED (
			SELECT found.seq FROM unnest($1::text[], $2::boolean[], $3::integer[]) AS asked (subscription, ordered, room)
			CROSS JOIN LATERAL (SELECT d.seq FROM rapport_notify.deliveries d
				WHERE d.subscription = asked.subscription AND d.status = 'pending' AND d.next_attempt <= $4
					AND (NOT asked.ordered OR NOT EXISTS (SELECT FROM rapport_notify.deliveries e
						WHERE e.subscription = d.subscription AND e.customer = d.customer AND e.status = 'pending' AND e.seq < d.seq))
				ORDER BY d.next_attempt, d.seq LIMIT asked.room FOR UPDATE OF d SKIP LOCKED) AS found)
		UPDATE rapport_notify.deliveries d SET next_attempt = $5, claim = claim + 1
		FROM unsynced WHERE d.seq = ANY (ARRAY(SELECT seq FROM due)) AND unsynced.is = 'off' RETURNING ` + deliveryColumns
	subscriptions, ordered, rooms := make([]string, len(claims)), make([]bool, len(claims)), make([]int, len(claims))
	for i, c := range claims {
		subscriptions[i], ordered[i], rooms[i] = c.Subscription, c.Ordered, c.Limit
	}
	rows, err := s.pool.Query(ctx, statement, subscriptions, ordered, rooms, now, until)
	if err != nil {
		return nil, fmt.Errorf("claim deliveries: %w", err)
	}
	claimed, err := pgx.CollectRows(rows, scanDelivery)
	if err != nil {
		return nil, fmt.Errorf("claim deliveries: %w", err)
	}
	slices.SortFunc(claimed, func(a, b notify.Delivery) int { return cmp.Compare(a.Seq, b.Seq) })
	return claimed, nil
}

// Settle implements notify.Queue.
func (s *Store) Settle(ctx context.Context, d notify.Delivery) error {
	const statement = `WITH ` + unsynced + ` UPDATE rapport_notify.deliveries SET status = $3, reason = $4, next_attempt = $5, window_start = $6,
			tries = $7, finished_at = $8, attempts = $9, log = $10, claim = claim + 1
		FROM unsynced WHERE id = $1 AND claim = $2 AND status = 'pending' AND unsynced.is = 'off'`
	tag, err := s.pool.Exec(ctx, statement, d.ID, d.Claim, string(d.Status), d.Reason, nullable(d.NextAttempt),
		nullable(d.WindowStart), d.Tries, nullable(d.FinishedAt), d.Attempts, logOf(&d))
	if err == nil && tag.RowsAffected() == 0 {
		err = notify.ErrClaimLost
	}
	if err != nil {
		return fmt.Errorf("settle delivery %s: %w", d.ID, err)
	}
	return nil
}

// reopen makes finished deliveries pending; a condition follows it. The subscription's row is locked against deletion,
// which would leave a pending delivery without one.
const reopen = `WITH s AS MATERIALIZED (SELECT id FROM rapport_notify.subscriptions WHERE id = $1 FOR KEY SHARE)
	UPDATE rapport_notify.deliveries d SET status = 'pending', reason = '', finished_at = NULL, next_attempt = $2,
		window_start = NULL, tries = 0
	FROM s WHERE d.subscription = s.id AND `

// Redeliver implements notify.Queue.
func (s *Store) Redeliver(ctx context.Context, id string, now time.Time) error {
	d, err := s.Delivery(ctx, id)
	if err == nil {
		_, err = s.Subscription(ctx, d.Subscription)
	}
	if err == nil && d.Status == notify.Pending {
		err = notify.ErrPending
	}
	if err == nil {
		// Of two calls at the same time one finds the delivery finished, and both get what they asked for.
		_, err = s.pool.Exec(ctx, reopen+"d.id = $3 AND d.status <> 'pending'", d.Subscription, now, id)
	}
	if err != nil {
		return fmt.Errorf("redeliver %s: %w", id, err)
	}
	return nil
}

// RedeliverDead implements notify.Queue.
func (s *Store) RedeliverDead(ctx context.Context, subscription string, now time.Time) (int, error) {
	if _, err := s.Subscription(ctx, subscription); err != nil {
		return 0, fmt.Errorf("redeliver dead deliveries of %s: %w", subscription, err)
	}
	tag, err := s.pool.Exec(ctx, reopen+"d.status = 'dead'", subscription, now)
	if err != nil {
		return 0, fmt.Errorf("redeliver dead deliveries of %s: %w", subscription, err)
	}
	return int(tag.RowsAffected()), nil
}
