package pgnotify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/pg"
)

const subscriptionColumns = `id, url, description, types, org_unit, min_level, ordered, max_age_us, old_news, secrets,
	disabled, disabled_at, created_at, digest, quiet_hours`

// secret is a secret as the database holds it.
type secret struct {
	Key       string    `json:"key"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Subscribe implements notify.Directory.
func (s *Store) Subscribe(ctx context.Context, sub notify.Subscription) error {
	const statement = `INSERT INTO rapport_notify.subscriptions (` + subscriptionColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	_, err := s.pool.Exec(ctx, statement, subscriptionValues(&sub)...)
	if pg.Classify(err) == pg.Duplicate {
		err = notify.ErrExists
	}
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", sub.ID, err)
	}
	return nil
}

// Change implements notify.Directory.
func (s *Store) Change(ctx context.Context, id string, f func(*notify.Subscription) error) (notify.Subscription, error) {
	const statement = `UPDATE rapport_notify.subscriptions SET url = $2, description = $3, types = $4, org_unit = $5,
		min_level = $6, ordered = $7, max_age_us = $8, old_news = $9, secrets = $10, disabled = $11, disabled_at = $12,
		created_at = $13, digest = $14, quiet_hours = $15 WHERE id = $1`
	var sub notify.Subscription
	var refused error
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if sub, err = readSubscription(ctx, tx, id, " FOR UPDATE"); err != nil {
			return err
		}
		if refused = f(&sub); refused != nil {
			return refused
		}
		sub.ID = id
		_, err = tx.Exec(ctx, statement, subscriptionValues(&sub)...)
		return err
	})
	if refused != nil {
		return notify.Subscription{}, refused
	}
	if err != nil {
		return notify.Subscription{}, fmt.Errorf("change subscription %s: %w", id, err)
	}
	return sub, nil
}

// Unsubscribe implements notify.Directory.
func (s *Store) Unsubscribe(ctx context.Context, id string, now time.Time) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "DELETE FROM rapport_notify.subscriptions WHERE id = $1", id)
		if err == nil && tag.RowsAffected() == 0 {
			err = notify.ErrNotFound
		}
		if err != nil {
			return err
		}
		const kill = `UPDATE rapport_notify.deliveries SET status = 'dead', reason = $2, finished_at = $3, next_attempt = NULL
			WHERE subscription = $1 AND status = 'pending'`
		_, err = tx.Exec(ctx, kill, id, notify.ReasonUnsubscribed, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("unsubscribe %s: %w", id, err)
	}
	return nil
}

// Subscription implements notify.Directory.
func (s *Store) Subscription(ctx context.Context, id string) (notify.Subscription, error) {
	sub, err := readSubscription(ctx, s.pool, id, "")
	if err != nil {
		return notify.Subscription{}, fmt.Errorf("read subscription %s: %w", id, err)
	}
	return sub, nil
}

// Subscriptions implements notify.Directory.
func (s *Store) Subscriptions(ctx context.Context) ([]notify.Subscription, error) {
	const statement = `SELECT ` + subscriptionColumns + ` FROM rapport_notify.subscriptions ORDER BY id COLLATE "C"`
	rows, err := s.pool.Query(ctx, statement)
	if err != nil {
		return nil, fmt.Errorf("read subscriptions: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanSubscription)
	if err != nil {
		return nil, fmt.Errorf("read subscriptions: %w", err)
	}
	return all, nil
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, statement string, arguments ...any) (pgx.Rows, error)
}

func readSubscription(ctx context.Context, q querier, id, lock string) (notify.Subscription, error) {
	rows, err := q.Query(ctx, `SELECT `+subscriptionColumns+` FROM rapport_notify.subscriptions WHERE id = $1`+lock, id)
	if err != nil {
		return notify.Subscription{}, err
	}
	sub, err := pgx.CollectExactlyOneRow(rows, scanSubscription)
	if errors.Is(err, pgx.ErrNoRows) {
		err = notify.ErrNotFound
	}
	return sub, err
}

func subscriptionValues(s *notify.Subscription) []any {
	types := s.Types
	if types == nil {
		types = []string{}
	}
	secrets := make([]secret, len(s.Secrets))
	for i, k := range s.Secrets {
		secrets[i] = secret{string(k.Key), k.CreatedAt, k.ExpiresAt}
	}
	return []any{
		s.ID, s.URL, s.Description, types, s.OrgUnit, s.MinLevel, s.Ordered, s.MaxAge.Microseconds(), s.OldNews, secrets,
		s.Disabled, nullable(s.DisabledAt), s.CreatedAt, s.Digest, s.Quiet,
	}
}

func scanSubscription(row pgx.CollectableRow) (notify.Subscription, error) {
	var s notify.Subscription
	var age int64
	var secrets []secret
	var disabledAt *time.Time
	err := row.Scan(&s.ID, &s.URL, &s.Description, &s.Types, &s.OrgUnit, &s.MinLevel, &s.Ordered, &age, &s.OldNews, &secrets,
		&s.Disabled, &disabledAt, &s.CreatedAt, &s.Digest, &s.Quiet)
	if len(s.Types) == 0 {
		s.Types = nil
	}
	s.MaxAge = time.Duration(age) * time.Microsecond
	for _, k := range secrets {
		s.Secrets = append(s.Secrets, notify.Secret{Key: notify.Key(k.Key), CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt})
	}
	s.DisabledAt, s.CreatedAt = timeOf(disabledAt), s.CreatedAt.UTC()
	return s, err
}

// nullable returns nil for the zero time, which the database knows as NULL.
func nullable(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
