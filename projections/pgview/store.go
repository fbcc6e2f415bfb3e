package pgview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

var _ projections.Store = (*Store)(nil)

// DefaultCache is the number of customers that each partition keeps in memory.
const DefaultCache = 50_000

// Options are the settings of a store.
type Options struct {
	// Partitions is the number of partitions of the log. Required.
	Partitions int
	// Cache is how many customers each partition keeps in memory, so that those with many events are not read again
	// for every batch; a customer takes about 2 KiB, and one with a long stream counts as several. Negative keeps none.
	// Default: DefaultCache.
	Cache int
}

// Store is a projections.Store in PostgreSQL. It is safe for concurrent use, and so are several stores on one database.
type Store struct {
	pool       *pgxpool.Pool
	fold       *projections.Fold
	schema     string
	partitions []*partition
	memo       memo
	// customers is the table of that name, and upsert the statement that writes it.
	customers customerTable
	upsert    string
}

// Open returns the store of the live generation, after it has brought the schema of the database up to date. When the
// views there were made by another policy, format or number of partitions, a fresh and empty generation takes their
// place, to be folded from the log: its checkpoints are at the beginning. Stores that others have open on the replaced
// generation then return errors. The pool stays the caller's.
func Open(ctx context.Context, pool *pgxpool.Pool, fold *projections.Fold, options Options) (*Store, error) {
	if options.Partitions < 1 {
		return nil, fmt.Errorf("open views: %d partitions, want at least 1", options.Partitions)
	}
	g, err := generationOf(fold.Policy(), options.Partitions)
	if err != nil {
		return nil, fmt.Errorf("open views: %w", err)
	}
	if err := Migrate(ctx, pool); err != nil {
		return nil, fmt.Errorf("open views: %w", err)
	}
	s := &Store{pool: pool, fold: fold, customers: newCustomerTable()}
	err = underLock(ctx, pool, func(tx pgx.Tx) (err error) {
		s.schema, err = g.use(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open views: %w", err)
	}
	s.upsert = s.customers.upsert(s.schema)
	for p := range options.Partitions {
		s.partitions = append(s.partitions, &partition{number: p, capacity: max(cmp.Or(options.Cache, DefaultCache), 0)})
	}
	return s, nil
}

// Generation returns the schema that holds the tables of the store, for example "rapport_g1".
func (s *Store) Generation() string { return s.schema }

// Claim makes the caller the writer of a partition. It waits for a commit of another writer that is under way.
func (s *Store) Claim(ctx context.Context, p int) (projections.Checkpoint, error) {
	part, err := s.partition(p)
	if err != nil {
		return projections.Checkpoint{}, fmt.Errorf("claim partition: %w", err)
	}
	query := s.sql(`UPDATE {g}.checkpoints SET epoch = epoch + 1 WHERE partition = $1
		RETURNING epoch, next_offset, last, newest, recorded`)
	at := projections.Checkpoint{Partition: p}
	var last int64
	if err := s.pool.QueryRow(ctx, query, p).Scan(&at.Epoch, &at.Next, &last, &at.Newest, &at.Recorded); err != nil {
		return projections.Checkpoint{}, fmt.Errorf("claim partition %d: %w", p, err)
	}
	at.Last = uint64(last)
	part.keep(nil)
	return at, nil
}

func (s *Store) partition(p int) (*partition, error) {
	if p < 0 || p >= len(s.partitions) {
		return nil, fmt.Errorf("partition %d of %d does not exist", p, len(s.partitions))
	}
	return s.partitions[p], nil
}

// sql returns a statement with the schema of the generation in the places marked {g}.
func (s *Store) sql(text string) string { return strings.ReplaceAll(text, "{g}", s.schema) }

// moment is where the views stand within one read.
type moment struct {
	positions eventstore.Positions
	// newest is "now": the newest occurred_at that any partition has accepted.
	newest domain.Instant
	digest projections.Digest
}

// read calls f within a transaction that sees the views as of one moment, whatever is committed meanwhile.
func (s *Store) read(ctx context.Context, f func(tx pgx.Tx, now moment) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		now, err := s.moment(ctx, tx)
		if err != nil {
			return err
		}
		return f(tx, now)
	})
}

func (s *Store) moment(ctx context.Context, tx pgx.Tx) (moment, error) {
	query := s.sql("SELECT partition, next_offset, newest, digest1, digest2 FROM {g}.checkpoints ORDER BY partition")
	now := moment{positions: make(eventstore.Positions, len(s.partitions))}
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return now, fmt.Errorf("read checkpoints: %w", err)
	}
	var p int
	var next, digest1, digest2 int64
	var newest domain.Instant
	_, err = pgx.ForEachRow(rows, []any{&p, &next, &newest, &digest1, &digest2}, func() error {
		if p >= len(now.positions) {
			return errors.New("the generation has other partitions")
		}
		now.positions[p] = next
		now.newest = max(now.newest, newest)
		now.digest = now.digest.Add(digestOf(digest1, digest2))
		return nil
	})
	if err != nil {
		return now, fmt.Errorf("read checkpoints: %w", err)
	}
	return now, nil
}

// digestOf returns the digest that is stored in two signed columns.
func digestOf(one, two int64) projections.Digest { return projections.Digest{uint64(one), uint64(two)} }
