package pgview

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

// open finds the generation that a rebuild with the same properties left unfinished, or makes one.
func (r *rebuilder) open(ctx context.Context) error {
	live, err := r.live(ctx)
	if err != nil {
		return err
	}
	policy, err := r.policy(live)
	if err != nil {
		return err
	}
	g, err := generationOf(policy, r.log.Partitions())
	if err != nil {
		return err
	}
	pinned, err := r.pin(ctx, live)
	if err != nil {
		return err
	}
	return underLock(ctx, r.pool, func(tx pgx.Tx) error {
		schema, err := r.resume(ctx, tx, g)
		if err != nil {
			return err
		}
		if schema == "" {
			if schema, err = r.create(ctx, tx, g, policy, pinned); err != nil {
				return fmt.Errorf("make generation: %w", err)
			}
		}
		r.store = newStore(r.pool, projections.NewFold(policy), g, schema, Options{Partitions: r.log.Partitions()})
		r.parts, err = readRebuildPartitions(ctx, tx, r.id)
		return err
	})
}

// live returns the live generation, nil when there is none.
func (r *rebuilder) live(ctx context.Context) (*Generation, error) {
	all, err := (&Store{pool: r.pool}).Generations(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(g Generation) bool { return g.State == StateLive }); i >= 0 {
		return &all[i], nil
	}
	return nil, nil
}

// policy returns the policy that the new generation begins with.
func (r *rebuilder) policy(live *Generation) (*domain.Policy, error) {
	switch {
	case r.options.Policy != nil:
		return r.options.Policy, nil
	case live == nil:
		return domain.DefaultPolicy(), nil
	case live.Policy == "":
		if policy := domain.DefaultPolicy(); mayHaveBegunWith(policy, live.PolicyVersion, live.PolicyDigest) {
			return policy, nil
		}
		return nil, fmt.Errorf("generation %s keeps no document of its policy %q: name the policy to begin with", live.Name, live.PolicyVersion)
	}
	policy, err := domain.ParsePolicy([]byte(live.Policy))
	if err != nil {
		return nil, fmt.Errorf("policy of generation %s: %w", live.Name, err)
	}
	return policy, nil
}

// pin returns how far the log is loaded: up to where the live generation is, and no further. Records behind that have
// not had their outputs published, and would never have them if the new generation had folded them already.
func (r *rebuilder) pin(ctx context.Context, live *Generation) (eventstore.Positions, error) {
	ends, err := r.log.Ends(ctx)
	if err != nil {
		return nil, err
	}
	at, err := r.livePositions(ctx, live)
	if err != nil || at == nil {
		return ends, err
	}
	for p := range ends {
		ends[p] = min(ends[p], at[p])
	}
	return ends, nil
}

// livePositions returns where the live generation is, nil when there is none that was folded from as many partitions.
func (r *rebuilder) livePositions(ctx context.Context, live *Generation) (eventstore.Positions, error) {
	if live == nil || live.Partitions != r.log.Partitions() {
		return nil, nil
	}
	return readPositions(ctx, r.pool, live.Name)
}

// readPositions returns how far each partition of a generation was folded.
func readPositions(ctx context.Context, from lister, schema string) (eventstore.Positions, error) {
	rows, err := from.Query(ctx, "SELECT next_offset FROM "+schema+".checkpoints ORDER BY partition")
	if err != nil {
		return nil, fmt.Errorf("read the positions of generation %s: %w", schema, err)
	}
	at, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("read the positions of generation %s: %w", schema, err)
	}
	return at, nil
}

// resume returns the schema of the generation that a rebuild with the properties of g left unfinished, empty when there
// is none.
func (r *rebuilder) resume(ctx context.Context, tx pgx.Tx, g generation) (schema string, err error) {
	const query = `SELECT g.id, g.schema_name FROM rapport.generations g JOIN rapport.rebuilds r ON r.generation = g.id
		WHERE g.state = 'loading' AND g.shown_at IS NULL AND g.state_format = $1 AND g.layout = $2 AND g.partitions = $3 AND g.policy_digest = $4
		ORDER BY g.id DESC LIMIT 1`
	err = tx.QueryRow(ctx, query, g.stateFormat, g.layout, g.partitions, g.policyDigest).Scan(&r.id, &schema)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("find an unfinished rebuild: %w", err)
	}
	return schema, nil
}

// create makes the tables of the generation, without keys, and the rows that tell how far it is.
func (r *rebuilder) create(ctx context.Context, tx pgx.Tx, g generation, policy *domain.Policy, pinned eventstore.Positions) (schema string, err error) {
	if schema, err = g.create(ctx, tx, policy, StateLoading); err != nil {
		return "", err
	}
	const insert = `INSERT INTO rapport.rebuilds (generation, phase)
		SELECT id, 'loading' FROM rapport.generations WHERE schema_name = $1 RETURNING generation`
	if err := tx.QueryRow(ctx, insert, schema).Scan(&r.id); err != nil {
		return "", err
	}
	const partitions = `INSERT INTO rapport.rebuild_partitions (generation, partition, pinned, shares_to)
		SELECT $1, p.number - 1, p.pinned, $3 FROM unnest($2::bigint[]) WITH ORDINALITY AS p (pinned, number)`
	_, err = tx.Exec(ctx, partitions, r.id, []int64(pinned), refold.Shares)
	return schema, err
}
