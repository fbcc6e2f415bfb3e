package pgview

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// State is what a generation is there for.
type State string

const (
	// StateLoading is that of a generation whose tables a rebuild fills.
	StateLoading State = "loading"
	// StateBuilding is that of a generation that is folded and was not shown yet.
	StateBuilding State = "building"
	// StateLive is that of the generation that analysts and readers are shown.
	StateLive State = "live"
	// StateKept is that of a generation that was live and can be shown again.
	StateKept State = "kept"
)

// Generation is a complete set of views.
type Generation struct {
	// Name is the schema of its tables.
	Name          string
	State         State
	StateFormat   int
	Layout        string
	Partitions    int
	PolicyVersion string
	PolicyDigest  string
	// Policy is the policy it begins with, as a document.
	Policy string
	// Era goes up when a generation with other results is shown.
	Era       int
	CreatedAt time.Time
	// ShownAt is when it was made live the last time, zero when it never was.
	ShownAt time.Time
	Note    string
}

// Show makes the generation of the store the live one, which is to be done once it has caught up with the log: analysts
// and the readers of stores opened from now on see it. The generation that was live before is kept, and its writers
// are fenced. All of this is one transaction; it changes nothing when the generation is live already.
func (s *Store) Show(ctx context.Context) error {
	err := underLock(ctx, s.pool, func(tx pgx.Tx) error { return s.generation.show(ctx, tx, s.schema, true) })
	if err != nil {
		return fmt.Errorf("show generation %s: %w", s.schema, err)
	}
	return s.refresh(ctx)
}

// Drop removes a generation with its tables; it must be neither live nor that of the store. Its readers get errors from
// then on, and its writers are fenced.
func (s *Store) Drop(ctx context.Context, name string) error {
	err := underLock(ctx, s.pool, func(tx pgx.Tx) error {
		var state State
		err := tx.QueryRow(ctx, "SELECT state FROM rapport.generations WHERE schema_name = $1", name).Scan(&state)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return errNoGeneration
		case err != nil:
			return err
		case state == StateLive || name == s.schema:
			return errors.New("it is in use")
		}
		return drop(ctx, tx, name)
	})
	if err != nil {
		return fmt.Errorf("drop generation %s: %w", name, err)
	}
	return nil
}

// errNoGeneration says that there is no such generation.
var errNoGeneration = fmt.Errorf("the generation does not exist: %w", pgx.ErrNoRows)

// Generations returns all generations, the oldest first.
func (s *Store) Generations(ctx context.Context) ([]Generation, error) {
	const query = `SELECT schema_name, state, state_format, layout, partitions, policy_version, policy_digest, policy_document,
			era, created_at, shown_at, note FROM rapport.generations ORDER BY id`
	rows, err := s.pool.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (g Generation, err error) {
		var shown *time.Time
		err = row.Scan(&g.Name, &g.State, &g.StateFormat, &g.Layout, &g.Partitions, &g.PolicyVersion, &g.PolicyDigest, &g.Policy,
			&g.Era, &g.CreatedAt, &shown, &g.Note)
		if shown != nil {
			g.ShownAt = *shown
		}
		return g, err
	})
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	return all, nil
}

// Era returns the number of the store's generation in the sequences of derived events, as of the latest Open, Claim,
// Show or message to Watch. A generation gets its number when it is shown.
func (s *Store) Era() int {
	s.place.Lock()
	defer s.place.Unlock()
	return s.era
}

// Live reports whether the store's generation was the live one at the latest Open, Show or message to Watch.
func (s *Store) Live() bool { return s.liveName() == s.schema }

// refresh learns which generation is live, and the era of the store's own.
func (s *Store) refresh(ctx context.Context) error {
	const query = `SELECT coalesce((SELECT era FROM rapport.generations WHERE schema_name = $1), 0),
			coalesce((SELECT schema_name FROM rapport.generations WHERE state = 'live'), '')`
	var era int
	var live string
	if err := s.pool.QueryRow(ctx, query, s.schema).Scan(&era, &live); err != nil {
		return fmt.Errorf("read the state of generation %s: %w", s.schema, err)
	}
	s.place.Lock()
	defer s.place.Unlock()
	s.era, s.live = era, live
	return nil
}

// replaceEmpty shows the generation when none is live, or in place of a live one that holds nothing, which is dropped.
func (g generation) replaceEmpty(ctx context.Context, tx pgx.Tx, schema string) error {
	live, err := liveGeneration(ctx, tx)
	if err != nil {
		return err
	}
	if live.Name != "" {
		var filled bool
		// The tables of a generation may be those of another layout; this much all of them have.
		query := "SELECT EXISTS (SELECT FROM " + live.Name + ".checkpoints WHERE next_offset > 0)"
		if err := tx.QueryRow(ctx, query).Scan(&filled); err != nil {
			return fmt.Errorf("look into generation %s: %w", live.Name, err)
		}
		if filled {
			return nil
		}
	}
	if err := g.show(ctx, tx, schema, true); err != nil {
		return fmt.Errorf("show generation %s: %w", schema, err)
	}
	if live.Name == "" {
		return nil
	}
	if err := drop(ctx, tx, live.Name); err != nil {
		return fmt.Errorf("drop generation %s: %w", live.Name, err)
	}
	return nil
}

// liveGeneration returns what show has to know of the live generation; the name is empty when there is none.
func liveGeneration(ctx context.Context, tx pgx.Tx) (g Generation, err error) {
	const query = "SELECT schema_name, state_format, layout, policy_digest, era FROM rapport.generations WHERE state = 'live'"
	err = tx.QueryRow(ctx, query).Scan(&g.Name, &g.StateFormat, &g.Layout, &g.PolicyDigest, &g.Era)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return g, fmt.Errorf("find the live generation: %w", err)
	}
	return g, nil
}

// show makes the generation the live one in place of another, which is kept. Its era is that of the other when both
// come to the same results, by their policy and format and, where they were compared, by what was found; otherwise it is a
// new one. The caller holds the start lock.
func (g generation) show(ctx context.Context, tx pgx.Tx, schema string, equal bool) error {
	live, err := liveGeneration(ctx, tx)
	if err != nil || live.Name == schema {
		return err
	}
	// A claim holds its row of this table until it has its epoch. So the state changes first and the epochs go up
	// afterwards: no claim can slip in between.
	if _, err := tx.Exec(ctx, "UPDATE rapport.generations SET state = 'kept' WHERE state = 'live'"); err != nil {
		return err
	}
	const update = `UPDATE rapport.generations SET state = 'live', shown_at = now(),
			era = CASE WHEN $2 THEN $3 ELSE (SELECT coalesce(max(era) + 1, 0) FROM rapport.generations WHERE shown_at IS NOT NULL) END
		WHERE schema_name = $1 AND state <> 'loading'`
	same := equal && live.Name != "" && live.PolicyDigest == g.policyDigest && live.StateFormat == g.stateFormat
	tag, err := tx.Exec(ctx, update, schema, same, live.Era)
	switch {
	case err != nil:
		return err
	case tag.RowsAffected() == 0:
		return errNoGeneration
	}
	if live.Name != "" {
		if _, err := tx.Exec(ctx, "UPDATE "+live.Name+".checkpoints SET epoch = epoch + 1"); err != nil {
			return fmt.Errorf("fence the writers of generation %s: %w", live.Name, err)
		}
	}
	if err := g.showViews(ctx, tx, schema, live.Layout != g.layout); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "SELECT pg_notify($1, $2)", switchChannel, schema)
	return err
}

// showViews lets the views for analysts show the generation. Views with the same columns are replaced in place; with a new
// layout they are made anew. What was granted on them stays granted.
func (g generation) showViews(ctx context.Context, tx pgx.Tx, schema string, anew bool) error {
	if !anew {
		return g.execute(ctx, tx, viewsFile, schema)
	}
	grants, err := viewGrants(ctx, tx)
	if err != nil {
		return fmt.Errorf("read the rights on the views: %w", err)
	}
	if err := dropViews(ctx, tx); err != nil {
		return err
	}
	if err := g.execute(ctx, tx, viewsFile, schema); err != nil {
		return err
	}
	for _, grant := range grants {
		if _, err := tx.Exec(ctx, grant); err != nil {
			return fmt.Errorf("grant the rights on the views again: %w", err)
		}
	}
	return nil
}

// viewGrants returns the statements that grant again what others than the owner may do with the views. Rights on a view
// that is not made again are left out when they are granted.
func viewGrants(ctx context.Context, tx pgx.Tx) ([]string, error) {
	const query = `SELECT format('DO $do$ BEGIN IF to_regclass(%L) IS NOT NULL THEN GRANT %s ON %s TO %s%s; END IF; END $do$',
			'rapport.' || quote_ident(c.relname), a.privilege_type, 'rapport.' || quote_ident(c.relname),
			CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
			CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
		WHERE n.nspname = 'rapport' AND c.relkind = 'v' AND a.grantee <> c.relowner
		ORDER BY 1`
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func dropViews(ctx context.Context, tx pgx.Tx) error {
	const query = "SELECT viewname FROM pg_views WHERE schemaname = 'rapport' ORDER BY viewname"
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := tx.Exec(ctx, "DROP VIEW "+pgx.Identifier{"rapport", name}.Sanitize()); err != nil {
			return err
		}
	}
	return nil
}

// drop removes a generation. Those who read or write one begin with its checkpoints: whoever has them gets the other
// tables as well, and no two wait for one another.
func drop(ctx context.Context, tx pgx.Tx, schema string) error {
	lock := "LOCK TABLE " + pgx.Identifier{schema, "checkpoints"}.Sanitize() + " IN ACCESS EXCLUSIVE MODE"
	if _, err := tx.Exec(ctx, lock); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DROP SCHEMA "+pgx.Identifier{schema}.Sanitize()+" CASCADE"); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM rapport.generations WHERE schema_name = $1", schema)
	return err
}
