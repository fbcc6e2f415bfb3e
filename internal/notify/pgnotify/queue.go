package pgnotify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rapport-crm/rapport/internal/notify"
)

// Add implements notify.Queue. All rows go in one statement, which is one request to the disk. The rows of the subscriptions
// are locked against deletion, which would leave a pending delivery without one.
func (s *Store) Add(ctx context.Context, deliveries []notify.Delivery) (int, error) {
	added, err := add(ctx, s.pool, deliveries)
	if err != nil {
		return 0, fmt.Errorf("add deliveries: %w", err)
	}
	return added, nil
}

// executor is a pool or a transaction.
type executor interface {
	Exec(ctx context.Context, statement string, arguments ...any) (pgconn.CommandTag, error)
}

func add(ctx context.Context, to executor, deliveries []notify.Delivery) (int, error) {
	const statement = `WITH known AS MATERIALIZED (
			SELECT id FROM rapport_notify.subscriptions WHERE id = ANY ($2) ORDER BY id FOR KEY SHARE)
		INSERT INTO rapport_notify.deliveries (id, subscription, event, type, customer, body, status, reason,
			created_at, next_attempt, window_start, tries, finished_at, attempts, log, claim, digest_at, level)
		SELECT d.id, d.subscription, d.event, d.type, d.customer, d.body, d.status, d.reason,
			d.created_at, d.next_attempt, d.window_start, d.tries, d.finished_at, d.attempts, d.log::jsonb, d.claim, d.digest_at, d.level
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::text[], $9::timestamptz[],
			$10::timestamptz[], $11::timestamptz[], $12::integer[], $13::timestamptz[], $14::integer[], $15::text[], $16::bigint[], $17::timestamptz[], $18::text[])
			WITH ORDINALITY AS d (id, subscription, event, type, customer, body, status, reason,
				created_at, next_attempt, window_start, tries, finished_at, attempts, log, claim, digest_at, level, place)
		JOIN known ON known.id = d.subscription ORDER BY d.place ON CONFLICT (id) DO NOTHING`
	columns, err := columnsOf(deliveries)
	if err != nil {
		return 0, err
	}
	tag, err := to.Exec(ctx, statement, columns...)
	return int(tag.RowsAffected()), err
}

// columnsOf returns the columns of new rows, an array each.
func columnsOf(deliveries []notify.Delivery) ([]any, error) {
	logs, err := logsOf(deliveries)
	return []any{
		column(deliveries, func(d *notify.Delivery) string { return d.ID }),
		column(deliveries, func(d *notify.Delivery) string { return d.Subscription }),
		column(deliveries, func(d *notify.Delivery) string { return d.Event }),
		column(deliveries, func(d *notify.Delivery) string { return d.Type }),
		column(deliveries, func(d *notify.Delivery) string { return d.Customer }),
		column(deliveries, func(d *notify.Delivery) []byte { return d.Body }),
		column(deliveries, func(d *notify.Delivery) string { return string(d.Status) }),
		column(deliveries, func(d *notify.Delivery) string { return d.Reason }),
		column(deliveries, func(d *notify.Delivery) time.Time { return d.CreatedAt }),
		column(deliveries, func(d *notify.Delivery) *time.Time { return nullable(d.NextAttempt) }),
		column(deliveries, func(d *notify.Delivery) *time.Time { return nullable(d.WindowStart) }),
		column(deliveries, func(d *notify.Delivery) int { return d.Tries }),
		column(deliveries, func(d *notify.Delivery) *time.Time { return nullable(d.FinishedAt) }),
		column(deliveries, func(d *notify.Delivery) int { return d.Attempts }),
		logs,
		column(deliveries, func(d *notify.Delivery) int64 { return d.Claim }),
		column(deliveries, func(d *notify.Delivery) *time.Time { return nullable(d.DigestAt) }),
		column(deliveries, func(d *notify.Delivery) string { return d.Level }),
	}, err
}

// logsOf returns the attempts of each delivery as JSON.
func logsOf(deliveries []notify.Delivery) ([]string, error) {
	logs := make([]string, len(deliveries))
	for i := range deliveries {
		text, err := json.Marshal(logOf(&deliveries[i]))
		if err != nil {
			return nil, err
		}
		logs[i] = string(text)
	}
	return logs, nil
}

// column returns one member of every delivery.
func column[T any](deliveries []notify.Delivery, member func(*notify.Delivery) T) []T {
	values := make([]T, len(deliveries))
	for i := range deliveries {
		values[i] = member(&deliveries[i])
	}
	return values
}

// unsynced is a part of statements whose effect need not outlive a crash of the server: their commit does not wait for the
// disk.
const unsynced = `unsynced AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS is)`

// Settle implements notify.Queue. The rows are locked in the order of their ids, so that two engines that settle the same
// ones do not wait for each other.
func (s *Store) Settle(ctx context.Context, deliveries []notify.Delivery) (lost []string, err error) {
	const statement = `WITH ` + unsynced + `, told AS MATERIALIZED (
			SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::integer[],
				$8::timestamptz[], $9::integer[], $10::text[])
				AS t (id, claim, status, reason, next_attempt, window_start, tries, finished_at, attempts, log)),
		held AS MATERIALIZED (SELECT d.seq, t.* FROM rapport_notify.deliveries d JOIN told t ON d.id = t.id
			WHERE d.claim = t.claim AND d.status = 'pending' ORDER BY d.id FOR UPDATE OF d)
		UPDATE rapport_notify.deliveries d SET status = h.status, reason = h.reason, next_attempt = h.next_attempt,
			window_start = h.window_start, tries = h.tries, finished_at = h.finished_at, attempts = h.attempts, log = h.log::jsonb,
			claim = d.claim + 1
		FROM held h, unsynced WHERE d.seq = h.seq AND unsynced.is = 'off' RETURNING d.id`
	columns, err := settledColumns(deliveries)
	if err != nil {
		return nil, fmt.Errorf("settle deliveries: %w", err)
	}
	rows, err := s.pool.Query(ctx, statement, columns...)
	if err != nil {
		return nil, fmt.Errorf("settle deliveries: %w", err)
	}
	settled, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("settle deliveries: %w", err)
	}
	if len(settled) == len(deliveries) {
		return nil, nil
	}
	for i := range deliveries {
		if !slices.Contains(settled, deliveries[i].ID) {
			lost = append(lost, deliveries[i].ID)
		}
	}
	return lost, nil
}

// settledColumns returns the columns that settling changes, an array each.
func settledColumns(deliveries []notify.Delivery) ([]any, error) {
	logs, err := logsOf(deliveries)
	return []any{
		column(deliveries, func(d *notify.Delivery) string { return d.ID }),
		column(deliveries, func(d *notify.Delivery) int64 { return d.Claim }),
		column(deliveries, func(d *notify.Delivery) string { return string(d.Status) }),
		column(deliveries, func(d *notify.Delivery) string { return d.Reason }),
		column(deliveries, func(d *notify.Delivery) *time.Time { return nullable(d.NextAttempt) }),
		column(deliveries, func(d *notify.Delivery) *time.Time { return nullable(d.WindowStart) }),
		column(deliveries, func(d *notify.Delivery) int { return d.Tries }),
		column(deliveries, func(d *notify.Delivery) *time.Time { return nullable(d.FinishedAt) }),
		column(deliveries, func(d *notify.Delivery) int { return d.Attempts }),
		logs,
	}, err
}

// reopen makes finished deliveries pending; a condition follows it. The subscription's row is locked against deletion,
// which would leave a pending delivery without one.
const reopen = `WITH s AS MATERIALIZED (SELECT id FROM rapport_notify.subscriptions WHERE id = $1 FOR KEY SHARE)
	UPDATE rapport_notify.deliveries d SET status = 'pending', reason = '', finished_at = NULL, next_attempt = $2,
		digest_at = NULL, window_start = NULL, tries = 0
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
