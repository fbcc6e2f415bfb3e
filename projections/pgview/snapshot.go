package pgview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// ErrNoViews says that a database has no live generation.
var ErrNoViews = errors.New("the database has no views; start rapport on it first")

// ErrOtherVersion says that a generation was made by another version of the program, which has other tables or states.
var ErrOtherVersion = errors.New("the views were made by another version of the program")

// OpenLive returns the store of the live generation, and the policy that it began with. It changes nothing in the
// database. It returns ErrNoViews when there is none, and ErrOtherVersion when another version of the program made it.
func OpenLive(ctx context.Context, pool *pgxpool.Pool) (*Store, *domain.Policy, error) {
	const query = `SELECT schema_name, state_format, layout, partitions, policy_document FROM rapport.generations WHERE state = 'live'`
	var has Generation
	err := pool.QueryRow(ctx, query).Scan(&has.Name, &has.StateFormat, &has.Layout, &has.Partitions, &has.Policy)
	switch {
	case errors.Is(err, pgx.ErrNoRows) || errors.Is(fenced(err), projections.ErrFenced): // no row, or no such table
		return nil, nil, fmt.Errorf("open the live views: %w", ErrNoViews)
	case err != nil:
		return nil, nil, fmt.Errorf("open the live views: %w", err)
	}
	s, policy, err := openGeneration(pool, has)
	if err != nil {
		return nil, nil, fmt.Errorf("open the live views: %w", err)
	}
	return s, policy, s.refresh(ctx)
}

// openGeneration returns the store of a generation that this version of the program made, and the policy it began with.
func openGeneration(pool *pgxpool.Pool, has Generation) (*Store, *domain.Policy, error) {
	policy, err := domain.ParsePolicy([]byte(has.Policy))
	if err != nil {
		return nil, nil, fmt.Errorf("policy of generation %s: %w", has.Name, err)
	}
	g, err := generationOf(policy, has.Partitions)
	if err != nil {
		return nil, nil, err
	}
	if g.layout != has.Layout || g.stateFormat != has.StateFormat {
		return nil, nil, fmt.Errorf("generation %s: %w", has.Name, ErrOtherVersion)
	}
	return newStore(pool, projections.NewFold(policy), g, has.Name, Options{Partitions: has.Partitions}), policy, nil
}

// Snapshot is the views at one moment, to be compared with the log. It holds a connection until Close. It may be used
// by several goroutines, which then wait for each other.
type Snapshot struct {
	store *Store
	now   moment

	mu   sync.Mutex
	conn *pgxpool.Conn
	tx   pgx.Tx
}

// ErrSweeping says that the views stand in the middle of a control record that takes several batches, a published policy or
// a tick, and are those of no position of the log.
var ErrSweeping = errors.New("the views are in the middle of a control record; try again when it is folded")

// How often, and in which intervals, Snapshot tries to find the views between two records.
const (
	snapshotTries = 60
	snapshotPause = time.Second
)

// Snapshot takes the views as they are at this moment. What is committed later does not show, however long it is kept. It
// waits while the views are in the middle of a control record, and returns ErrSweeping when that takes a minute.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	for range snapshotTries {
		n, err := s.snapshot(ctx)
		if !errors.Is(err, ErrSweeping) {
			return n, err
		}
		select {
		case <-time.After(snapshotPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, fmt.Errorf("take a snapshot of the views: %w", ErrSweeping)
}

func (s *Store) snapshot(ctx context.Context) (*Snapshot, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("take a snapshot of the views: %w", err)
	}
	n := &Snapshot{store: s, conn: conn}
	if err := n.begin(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("take a snapshot of the views: %w", err), n.Close(ctx))
	}
	return n, nil
}

func (n *Snapshot) begin(ctx context.Context) (err error) {
	n.tx, err = n.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	// The log is folded while the transaction stands open.
	const unbounded = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
	if _, err := n.tx.Exec(ctx, unbounded); err != nil {
		return err
	}
	var sweeping bool
	query := n.store.sql("SELECT EXISTS (SELECT FROM {g}.checkpoints WHERE sweep <> '')")
	if err := n.tx.QueryRow(ctx, query).Scan(&sweeping); err != nil {
		return err
	}
	if sweeping {
		return ErrSweeping
	}
	n.now, err = n.store.moment(ctx, n.tx)
	return err
}

// Close lets go of the snapshot.
func (n *Snapshot) Close(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var err error
	if n.tx != nil {
		err = n.tx.Rollback(ctx)
	}
	n.conn.Release()
	return err
}

// Positions returns how far each partition was folded.
func (n *Snapshot) Positions() eventstore.Positions { return n.now.positions }

// AsOf returns "now": the newest occurred_at that was accepted, or the newest tick.
func (n *Snapshot) AsOf() domain.Instant { return n.now.newest }

// Digest returns the digest of what people see, as Summary shows it.
func (n *Snapshot) Digest(ctx context.Context) (projections.Digest, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	rollups, err := n.store.readRollups(ctx, n.tx)
	if err != nil {
		return projections.Digest{}, err
	}
	st := &projections.Standing{Rollups: rollups, Digest: n.now.digest}
	if err := n.store.advance(ctx, n.tx, n.now, st); err != nil {
		return projections.Digest{}, fmt.Errorf("advance customers to now: %w", err)
	}
	return st.Digest.Add(st.Rollups.Digest()), nil
}

// Sample returns where the records of some streams are, which are chosen by a hash of their ids. A parked stream is not
// among them: the record on which the fold panicked is in no posting list.
func (n *Snapshot) Sample(ctx context.Context, size int) ([]projections.StreamView, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	query := n.store.sql(`SELECT id, partition, touched FROM {g}.customers c
		WHERE NOT EXISTS (SELECT FROM {g}.parked p WHERE p.partition = c.partition AND p.customer = c.id)
		ORDER BY md5(id), id LIMIT $1`)
	rows, err := n.tx.Query(ctx, query, size)
	if err != nil {
		return nil, fmt.Errorf("choose streams: %w", err)
	}
	streams := make([]projections.StreamView, 0, size)
	var touched [][]byte
	v := projections.StreamView{Positions: n.now.positions}
	var control []byte
	_, err = pgx.ForEachRow(rows, []any{&v.ID, &v.Partition, &control}, func() error {
		streams, touched = append(streams, v), append(touched, control)
		control = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("choose streams: %w", err)
	}
	for i := range streams {
		v := &streams[i]
		var stream eventstore.Stream
		if err := n.store.readStream(ctx, n.tx, v.ID, &stream); err != nil {
			return nil, fmt.Errorf("stream %q: %w", v.ID, err)
		}
		v.Offsets = slices.Collect(stream.Offsets())
		if v.Control, err = n.store.control(ctx, n.tx, v.Partition, touched[i]); err != nil {
			return nil, fmt.Errorf("stream %q: %w", v.ID, err)
		}
	}
	return streams, nil
}
