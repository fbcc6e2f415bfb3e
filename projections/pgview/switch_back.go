package pgview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections/refold"
)

// GenerationStatus is a generation as people see it. Its JSON form is part of the public contract.
type GenerationStatus struct {
	ID            int    `json:"id"`
	Name          string `json:"name"`
	State         State  `json:"state"`
	PolicyVersion string `json:"policy_version"`
	Partitions    int    `json:"partitions"`
	Era           int    `json:"era"`
	// Customers counts the customers in all stages; of a generation that is loaded, those whose shares are done.
	Customers int64                `json:"customers"`
	Positions eventstore.Positions `json:"positions"`
	// Usable says that this version of the program can read it.
	Usable    bool      `json:"usable"`
	CreatedAt time.Time `json:"created_at"`
	ShownAt   time.Time `json:"shown_at,omitzero"`
	Note      string    `json:"note,omitempty"`
	// Rebuild says how far the rebuild that makes or made it is, nil when none did.
	Rebuild *RebuildStatus `json:"rebuild,omitempty"`
}

// ErrNoGeneration says that there is no such generation.
var ErrNoGeneration = errors.New("there is no such generation")

// ListGenerations returns the generations of a database, the oldest first, with the progress of rebuilds.
func ListGenerations(ctx context.Context, pool *pgxpool.Pool) ([]GenerationStatus, error) {
	var list []GenerationStatus
	err := readAtOneMoment(ctx, pool, func(tx pgx.Tx) (err error) {
		list, err = listGenerations(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	return list, nil
}

func listGenerations(ctx context.Context, tx pgx.Tx) ([]GenerationStatus, error) {
	const query = `SELECT id, schema_name, state, policy_version, policy_document, partitions, era, state_format, layout, created_at,
			shown_at, note
		FROM rapport.generations ORDER BY id`
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s GenerationStatus, err error) {
		var has Generation
		var shown *time.Time
		err = row.Scan(&s.ID, &s.Name, &s.State, &s.PolicyVersion, &has.Policy, &s.Partitions, &s.Era, &has.StateFormat, &has.Layout,
			&s.CreatedAt, &shown, &s.Note)
		s.CreatedAt = s.CreatedAt.UTC()
		if shown != nil {
			s.ShownAt = shown.UTC()
		}
		has.Name, has.Partitions = s.Name, s.Partitions
		if err == nil {
			_, _, other := openGeneration(nil, has)
			s.Usable = other == nil
		}
		return s, err
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if err := list[i].read(ctx, tx); err != nil {
			return nil, dropped(list[i].Name, err)
		}
	}
	return list, nil
}

// read fills in what stands in other tables.
func (s *GenerationStatus) read(ctx context.Context, tx pgx.Tx) (err error) {
	if s.Positions, err = readPositions(ctx, tx, s.Name); err != nil {
		return err
	}
	count := "SELECT coalesce(sum(n1), 0)::bigint FROM " + s.Name + ".rollups WHERE kind = $1"
	if err := tx.QueryRow(ctx, count, int16(kindStage)).Scan(&s.Customers); err != nil {
		return fmt.Errorf("count the customers of %s: %w", s.Name, err)
	}
	r := &RebuildStatus{Generation: s.Name}
	const query = `SELECT phase, detail, started_at, updated_at,
			EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
				AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = $2)
		FROM rapport.rebuilds WHERE generation = $1`
	err = tx.QueryRow(ctx, query, s.ID, int64(rebuildLock)).Scan(&r.Phase, &r.Detail, &r.StartedAt, &r.UpdatedAt, &r.Running)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the rebuild of %s: %w", s.Name, err)
	}
	r.StartedAt, r.UpdatedAt = r.StartedAt.UTC(), r.UpdatedAt.UTC()
	r.Running = r.Running && s.State == StateLoading
	if r.Partitions, err = readRebuildPartitions(ctx, tx, s.ID); err != nil {
		return err
	}
	s.Rebuild = r
	return nil
}

// Rollback shows a generation again that was live before and is kept: the one with the given number, or, for 0, the one
// that was shown last. First it is folded up to where the live one is, without outputs. The two are not compared:
// whoever goes back wants what was there before. It returns ErrNoGeneration when there is none that can be shown, and
// ErrOtherVersion when another version of the program made it.
func Rollback(ctx context.Context, pool *pgxpool.Pool, log RebuildLog, id int, options RebuildOptions) (*Rebuilt, error) {
	options.Accept = true
	done, err := withRebuilder(ctx, pool, log, options, func(r *rebuilder) (*Rebuilt, error) {
		if err := r.takeUp(ctx, id); err != nil {
			return nil, err
		}
		done, err := r.replace(ctx)
		if err != nil {
			const update = "UPDATE rapport.generations SET state = 'kept' WHERE id = $1 AND state = 'loading'"
			_, fault := r.pool.Exec(context.WithoutCancel(ctx), update, r.id)
			err = errors.Join(err, fault)
		}
		return done, err
	})
	if err != nil {
		return nil, fmt.Errorf("go back to a generation: %w", err)
	}
	return done, nil
}

// takeUp opens a kept generation, or one that an earlier rollback took up and did not show.
func (r *rebuilder) takeUp(ctx context.Context, id int) error {
	all, err := ListGenerations(ctx, r.pool)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b GenerationStatus) int { return b.ShownAt.Compare(a.ShownAt) })
	at := slices.IndexFunc(all, func(g GenerationStatus) bool {
		return (id == 0 || g.ID == id) && !g.ShownAt.IsZero() && (g.State == StateKept || g.State == StateLoading)
	})
	if at < 0 {
		return ErrNoGeneration
	}
	g := all[at]
	if g.Partitions != r.log.Partitions() {
		return fmt.Errorf("generation %d was folded from %d partitions and the log has %d: %w", g.ID, g.Partitions, r.log.Partitions(), ErrOtherVersion)
	}
	r.id = g.ID
	return underLock(ctx, r.pool, func(tx pgx.Tx) error {
		const query = "SELECT schema_name, state_format, layout, partitions, policy_document FROM rapport.generations WHERE id = $1"
		var has Generation
		if err := tx.QueryRow(ctx, query, g.ID).Scan(&has.Name, &has.StateFormat, &has.Layout, &has.Partitions, &has.Policy); err != nil {
			return err
		}
		var err error
		if r.store, _, err = openGeneration(r.pool, has); err != nil {
			return err
		}
		return r.follows(ctx, tx, g.Positions)
	})
}

// follows makes the generation one that is loaded, so that nobody else takes it up, up to where it is.
func (r *rebuilder) follows(ctx context.Context, tx pgx.Tx, at eventstore.Positions) (err error) {
	if _, err := tx.Exec(ctx, "UPDATE rapport.generations SET state = 'loading' WHERE id = $1", r.id); err != nil {
		return err
	}
	const row = `INSERT INTO rapport.rebuilds (generation, phase) VALUES ($1, 'catching_up')
		ON CONFLICT (generation) DO UPDATE SET phase = 'catching_up', detail = '', started_at = now(), updated_at = now()`
	if _, err := tx.Exec(ctx, row, r.id); err != nil {
		return err
	}
	const partitions = `INSERT INTO rapport.rebuild_partitions (generation, partition, pinned, shares_done, shares_to)
		SELECT $1, p.number - 1, p.pinned, $3, $3 FROM unnest($2::bigint[]) WITH ORDINALITY AS p (pinned, number)
		ON CONFLICT (generation, partition) DO UPDATE SET pinned = excluded.pinned`
	if _, err := tx.Exec(ctx, partitions, r.id, []int64(at), refold.Shares); err != nil {
		return err
	}
	r.parts, err = readRebuildPartitions(ctx, tx, r.id)
	return err
}

// DropGeneration removes a generation that is not live, with its tables. It returns ErrNoGeneration when there is no
// such generation, and ErrRebuildRunning when a process is at work on it.
func DropGeneration(ctx context.Context, pool *pgxpool.Pool, id int) error {
	err := underLock(ctx, pool, func(tx pgx.Tx) error {
		var schema string
		var state State
		var free bool
		const query = "SELECT schema_name, state, pg_try_advisory_xact_lock($2) FROM rapport.generations WHERE id = $1"
		err := tx.QueryRow(ctx, query, id, int64(rebuildLock)).Scan(&schema, &state, &free)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return ErrNoGeneration
		case err != nil:
			return err
		case state == StateLive:
			return errors.New("it is the live one")
		case state == StateLoading && !free:
			return ErrRebuildRunning
		}
		return drop(ctx, tx, schema)
	})
	if err != nil {
		return fmt.Errorf("drop generation %d: %w", id, err)
	}
	return nil
}
