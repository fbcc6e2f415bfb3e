package pgview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

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
	pool *pgxpool.Pool
	// fold is that of the policy the generation begins with.
	fold       *projections.Fold
	generation generation
	schema     string
	partitions []*partition
	policies   policies
	memo       memo
	// customers is the table of that name, and replace the statement that changes its rows.
	customers customerTable
	replace   string

	// place guards what the store knows of its generation among the others: its era, and which one is live.
	place sync.Mutex
	era   int
	live  string
}

// Open returns the store of the generation of views that the fold makes of a log with the given number of partitions,
// after it has brought the schema of the database up to date. When the live generation was made by another policy,
// format or number of partitions, the store works on one that is not shown yet, a new and empty one if need be, which
// Show makes the live one. When there is nothing in the live generation, that is done at once and the empty one is
// dropped. The pool stays the caller's.
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
	var schema string
	err = underLock(ctx, pool, func(tx pgx.Tx) (err error) {
		schema, err = g.use(ctx, tx, fold.Policy())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open views: %w", err)
	}
	s := newStore(pool, fold, g, schema, options)
	if err := s.refresh(ctx); err != nil {
		return nil, fmt.Errorf("open views: %w", err)
	}
	return s, nil
}

// newStore returns the store of the generation in the given schema. It does not look at the database.
func newStore(pool *pgxpool.Pool, fold *projections.Fold, g generation, schema string, options Options) *Store {
	s := &Store{pool: pool, fold: fold, generation: g, schema: schema, customers: newCustomerTable()}
	s.replace = s.customers.replace(schema)
	for p := range options.Partitions {
		s.partitions = append(s.partitions, &partition{number: p, capacity: max(cmp.Or(options.Cache, DefaultCache), 0)})
	}
	return s
}

// Generation returns the schema that holds the tables of the store, for example "rapport_g1".
func (s *Store) Generation() string { return s.schema }

// Claim makes the caller the writer of a partition. It waits for a commit of another writer that is under way. It
// returns ErrFenced when another generation was shown in place of the store's.
func (s *Store) Claim(ctx context.Context, p int, owner string) (*projections.Resume, error) {
	part, err := s.partition(p)
	if err != nil {
		return nil, fmt.Errorf("claim partition: %w", err)
	}
	// The lock on the generation keeps it from being replaced until this statement is done; see show.
	query := s.sql(`WITH own AS (SELECT era FROM rapport.generations WHERE schema_name = $3 AND state <> 'kept' FOR SHARE)
		UPDATE {g}.checkpoints SET epoch = epoch + 1, owner = $2, claimed_at = now() FROM own WHERE partition = $1
		RETURNING epoch, next_offset, sweep, last, newest, recorded, policy_offset, own.era`)
	at := projections.Checkpoint{Partition: p}
	var last int64
	var policy *int64
	var era int
	err = s.pool.QueryRow(ctx, query, p, storableText(owner), s.schema).
		Scan(&at.Epoch, &at.Next, &at.Sweep, &last, &at.Newest, &at.Recorded, &policy, &era)
	if errors.Is(err, pgx.ErrNoRows) {
		err = projections.ErrFenced
	}
	if err != nil {
		return nil, fmt.Errorf("claim partition %d: %w", p, fenced(err))
	}
	at.Last = uint64(last)
	resume := &projections.Resume{Checkpoint: at}
	if policy != nil {
		published, err := s.policies.find(ctx, s.pool, s.schema, policyPlace{p, *policy})
		if err != nil {
			return nil, fmt.Errorf("claim partition %d: %w", p, err)
		}
		resume.Policy = &published.PublishedPolicy
	}
	s.place.Lock()
	s.era = era
	s.place.Unlock()
	part.keep(nil)
	return resume, nil
}

// fenced returns the error of a statement of a writer: when its tables are gone, it was replaced for good.
func fenced(err error) error {
	const missingTable, missingSchema = "42P01", "3F000"
	if server, ok := errors.AsType[*pgconn.PgError](err); ok && (server.Code == missingTable || server.Code == missingSchema) {
		return fmt.Errorf("%w: %w", projections.ErrFenced, err)
	}
	return err
}

func (s *Store) partition(p int) (*partition, error) {
	if p < 0 || p >= len(s.partitions) {
		return nil, fmt.Errorf("partition %d of %d does not exist", p, len(s.partitions))
	}
	return s.partitions[p], nil
}

// sql returns a statement with the schema of the generation in the places marked {g}.
func (s *Store) sql(text string) string { return strings.ReplaceAll(text, "{g}", s.schema) }

// storableText returns the text without what the database refuses.
func storableText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
