package pgnotify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/internal/notify"
)

// claimOf returns the statement that claims deliveries on one more condition. The search relies on the index deliveries_due
// or, by level, deliveries_level; the look for earlier ones on deliveries_customer; the update takes an array, which is
// looked up by the primary key whatever the statistics say.
func claimOf(condition string) string {
	return `WITH ` + unsynced + `, due AS MATERIALIZED (
			SELECT found.seq FROM unnest($1::text[], $2::boolean[], $3::integer[], $4::text[]) AS asked (subscription, ordered, room, levels)
			CROSS JOIN LATERAL (SELECT d.seq FROM rapport_notify.deliveries d
				WHERE d.subscription = asked.subscription AND d.status = 'pending' AND d.next_attempt <= $5 AND d.digest_at IS NULL` + condition + `
					AND (NOT asked.ordered OR NOT EXISTS (SELECT FROM rapport_notify.deliveries e
						WHERE e.subscription = d.subscription AND e.customer = d.customer AND e.status = 'pending' AND e.seq < d.seq))
				ORDER BY d.next_attempt, d.seq LIMIT asked.room FOR UPDATE OF d SKIP LOCKED) AS found)
		UPDATE rapport_notify.deliveries d SET next_attempt = $6, claim = claim + 1
		FROM unsynced WHERE d.seq = ANY (ARRAY(SELECT seq FROM due)) AND unsynced.is = 'off' RETURNING ` + deliveryColumns
}

// ofLevels is the condition of those that ask for levels. They have a statement of their own: what waits for the end of
// quiet hours is due too, and only without it can the search begin with the level.
const ofLevels = ` AND d.level <> '' AND d.level = ANY (string_to_array(asked.levels, ','))`

// Claim implements notify.Queue. Rows that another engine is claiming are skipped. A delivery stays pending while it is
// claimed, so it holds back later ones of its customer meanwhile.
func (s *Store) Claim(ctx context.Context, claims []notify.Claim, now, until time.Time) ([]notify.Delivery, error) {
	var all, levels []notify.Claim
	for _, c := range claims {
		if len(c.Levels) == 0 {
			all = append(all, c)
		} else {
			levels = append(levels, c)
		}
	}
	var claimed []notify.Delivery
	collect := func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, scanDelivery)
		claimed = append(claimed, found...)
		return err
	}
	// A batch is one transaction: what one statement claimed is not left claimed when the other fails.
	statements := new(pgx.Batch)
	if len(all) > 0 {
		statements.Queue(claimOf(""), claimColumns(all, now, until)...).Query(collect)
	}
	if len(levels) > 0 {
		statements.Queue(claimOf(ofLevels), claimColumns(levels, now, until)...).Query(collect)
	}
	if err := s.pool.SendBatch(ctx, statements).Close(); err != nil {
		return nil, fmt.Errorf("claim deliveries: %w", err)
	}
	slices.SortFunc(claimed, func(a, b notify.Delivery) int { return cmp.Compare(a.Seq, b.Seq) })
	return claimed, nil
}

// claimColumns returns the arguments of a statement that claims deliveries: the claims, an array for each part, and times.
func claimColumns(claims []notify.Claim, now, until time.Time) []any {
	subscriptions, ordered := make([]string, len(claims)), make([]bool, len(claims))
	rooms, levels := make([]int, len(claims)), make([]string, len(claims))
	for i, c := range claims {
		subscriptions[i], ordered[i], rooms[i], levels[i] = c.Subscription, c.Ordered, c.Limit, strings.Join(c.Levels, ",")
	}
	return []any{subscriptions, ordered, rooms, levels, now, until}
}
