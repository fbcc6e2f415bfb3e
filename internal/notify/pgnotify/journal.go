package pgnotify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/internal/notify"
)

const deliveryColumns = `d.seq, d.id, d.subscription, d.event, d.type, d.customer, d.body, d.status, d.reason, d.created_at,
	d.next_attempt, d.window_start, d.tries, d.finished_at, d.attempts, d.log, d.claim, d.digest_at, d.level`

// Delivery implements notify.Journal.
func (s *Store) Delivery(ctx context.Context, id string) (notify.Delivery, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+deliveryColumns+` FROM rapport_notify.deliveries d WHERE d.id = $1`, id)
	if err != nil {
		return notify.Delivery{}, fmt.Errorf("read delivery %s: %w", id, err)
	}
	d, err := pgx.CollectExactlyOneRow(rows, scanDelivery)
	if errors.Is(err, pgx.ErrNoRows) {
		err = notify.ErrNotFound
	}
	if err != nil {
		return notify.Delivery{}, fmt.Errorf("read delivery %s: %w", id, err)
	}
	return d, nil
}

// Deliveries implements notify.Journal. It relies on the index deliveries_journal, or on the primary key when all
// subscriptions are asked for.
func (s *Store) Deliveries(ctx context.Context, f notify.Filter) (notify.Page, error) {
	const statement = `SELECT ` + deliveryColumns + ` FROM rapport_notify.deliveries d
		WHERE ($1 = '' OR d.subscription = $1) AND ($2 = '' OR d.type = $2) AND ($3 = '' OR d.customer = $3)
			AND ($4 = '' OR d.status = $4) AND ($5 = 0 OR d.seq < $5)
		ORDER BY d.seq DESC LIMIT $6`
	limit := cmp.Or(f.Limit, notify.DefaultPage)
	// One more than the page shows whether there is another.
	rows, err := s.pool.Query(ctx, statement, f.Subscription, f.Type, f.Customer, string(f.Status), f.Before, limit+1)
	if err != nil {
		return notify.Page{}, fmt.Errorf("list deliveries: %w", err)
	}
	found, err := pgx.CollectRows(rows, scanDelivery)
	if err != nil {
		return notify.Page{}, fmt.Errorf("list deliveries: %w", err)
	}
	if len(found) <= limit {
		return notify.Page{Items: found}, nil
	}
	return notify.Page{Items: found[:limit], Next: found[limit-1].Seq}, nil
}

// Backlog implements notify.Journal. It relies on the index deliveries_due.
func (s *Store) Backlog(ctx context.Context) (map[string]notify.Backlog, error) {
	const statement = `SELECT subscription, count(*), min(created_at) FROM rapport_notify.deliveries
		WHERE status = 'pending' GROUP BY subscription`
	rows, err := s.pool.Query(ctx, statement)
	if err != nil {
		return nil, fmt.Errorf("count pending deliveries: %w", err)
	}
	waiting := make(map[string]notify.Backlog)
	var id string
	var n int
	var oldest time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &n, &oldest}, func() error {
		waiting[id] = notify.Backlog{Pending: n, Oldest: oldest.UTC()}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count pending deliveries: %w", err)
	}
	return waiting, nil
}

// Prune implements notify.Journal. It relies on the index deliveries_finished.
func (s *Store) Prune(ctx context.Context, delivered, dead time.Time) (int, error) {
	const statement = `DELETE FROM rapport_notify.deliveries
		WHERE status IN ('delivered', 'digested') AND finished_at < $1 OR status = 'dead' AND finished_at < $2`
	tag, err := s.pool.Exec(ctx, statement, delivered, dead)
	if err != nil {
		return 0, fmt.Errorf("prune deliveries: %w", err)
	}
	return int(tag.RowsAffected()), nil
}

// logOf returns the attempts of a delivery, an empty list rather than none: the column is not null.
func logOf(d *notify.Delivery) []notify.Attempt {
	if d.Log == nil {
		return []notify.Attempt{}
	}
	return d.Log
}

func scanDelivery(row pgx.CollectableRow) (notify.Delivery, error) {
	var d notify.Delivery
	var next, window, finished, digest *time.Time
	err := row.Scan(&d.Seq, &d.ID, &d.Subscription, &d.Event, &d.Type, &d.Customer, &d.Body, (*string)(&d.Status), &d.Reason,
		&d.CreatedAt, &next, &window, &d.Tries, &finished, &d.Attempts, &d.Log, &d.Claim, &digest, &d.Level)
	d.CreatedAt, d.NextAttempt, d.WindowStart, d.FinishedAt = d.CreatedAt.UTC(), timeOf(next), timeOf(window), timeOf(finished)
	d.DigestAt = timeOf(digest)
	if len(d.Log) == 0 {
		d.Log = nil
	}
	return d, err
}
