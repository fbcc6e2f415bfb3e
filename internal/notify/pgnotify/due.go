package pgnotify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Due implements notify.Queue. It relies on the index deliveries_due, one probe for each subscription, and on deliveries_level,
// one for each level that quiet hours spare: what they hold is not gone through. The limits force it also while the
// statistics of the table are those of an empty one.
func (s *Store) Due(ctx context.Context, now time.Time, quiet map[string][]string) ([]string, error) {
	const statement = `SELECT id FROM (
			SELECT s.id FROM rapport_notify.subscriptions s
			CROSS JOIN LATERAL (SELECT d.seq FROM rapport_notify.deliveries d
				WHERE d.subscription = s.id AND d.status = 'pending' AND d.next_attempt <= $1 AND d.digest_at IS NULL
				ORDER BY d.next_attempt, d.seq LIMIT 1) AS first
			WHERE s.disabled = '' AND s.id <> ALL ($2::text[])
		UNION
			SELECT s.id FROM unnest($3::text[], $4::text[]) AS spared (subscription, level)
			JOIN rapport_notify.subscriptions s ON s.id = spared.subscription
			CROSS JOIN LATERAL (SELECT d.seq FROM rapport_notify.deliveries d
				WHERE d.subscription = s.id AND d.level = spared.level AND d.level <> '' AND d.status = 'pending'
					AND d.next_attempt <= $1 AND d.digest_at IS NULL
				ORDER BY d.next_attempt, d.seq LIMIT 1) AS first
			WHERE s.disabled = '') AS due
		ORDER BY id COLLATE "C"`
	ids, subscriptions, levels := []string{}, []string{}, []string{} // nil would be NULL, which differs from no id
	for id, spared := range quiet {
		ids = append(ids, id)
		for _, level := range spared {
			subscriptions, levels = append(subscriptions, id), append(levels, level)
		}
	}
	rows, err := s.pool.Query(ctx, statement, now, ids, subscriptions, levels)
	if err != nil {
		return nil, fmt.Errorf("find what is due: %w", err)
	}
	due, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("find what is due: %w", err)
	}
	return due, nil
}
