package pgview

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// batch is an open batch of a partition. It holds no connection: states were read before they were handed out, and
// nothing is written before Commit.
type batch struct {
	store *Store
	part  *partition
	at    projections.Checkpoint
	// digest is that of the partition at the checkpoint, and fold the one in force there.
	digest projections.Digest
	fold   *projections.Fold
	cache  *cache
	named  map[string]*entry
	ended  bool
}

// Begin reads the states of the named customers that are not in memory. That the checkpoint is read first and not
// within one transaction with the states is enough: a writer that takes over in between moves the epoch, and then the
// commit of this batch has no effect.
func (s *Store) Begin(ctx context.Context, at projections.Checkpoint, customers iter.Seq[string]) (projections.Batch, error) {
	part, err := s.partition(at.Partition)
	if err != nil {
		return nil, fmt.Errorf("begin batch: %w", err)
	}
	b := &batch{store: s, part: part, at: at, cache: part.take(at), named: make(map[string]*entry)}
	if err := b.begin(ctx, customers); err != nil {
		return nil, fmt.Errorf("begin batch on partition %d at offset %d: %w", at.Partition, at.Next, fenced(err))
	}
	return b, nil
}

// begin compares the checkpoint with the database's and reads the named customers.
func (b *batch) begin(ctx context.Context, customers iter.Seq[string]) error {
	unknown := b.name(customers)
	queries := new(pgx.Batch)
	check := b.store.sql(`SELECT digest1, digest2, policy_offset FROM {g}.checkpoints
		WHERE partition = $1 AND epoch = $2 AND next_offset = $3 AND sweep = $4`)
	var policy *int64
	queries.Queue(check, b.at.Partition, b.at.Epoch, b.at.Next, b.at.Sweep).QueryRow(func(row pgx.Row) error {
		var one, two int64
		err := row.Scan(&one, &two, &policy)
		b.digest = digestOf(one, two)
		if errors.Is(err, pgx.ErrNoRows) {
			return projections.ErrFenced
		}
		return err
	})
	if err := b.load(ctx, queries, unknown); err != nil {
		return err
	}
	b.fold = b.store.fold
	if policy != nil {
		published, err := b.store.policies.find(ctx, b.store.pool, b.store.schema, policyPlace{b.at.Partition, *policy})
		if err != nil {
			return err
		}
		b.fold = published.fold
	}
	return nil
}

// name enters the customers into the batch and returns the ids of those that are not in memory. Keys that no stream can
// have, which only records to be quarantined bear, are left out, because the database refuses them.
func (b *batch) name(customers iter.Seq[string]) (unknown []string) {
	for id := range customers {
		if _, named := b.named[id]; named || !storable(id) {
			continue
		}
		if e := b.cache.find(id); e != nil {
			b.named[e.customer.ID] = e
			continue
		}
		e := &entry{customer: projections.Customer{ID: strings.Clone(id)}}
		b.named[e.customer.ID] = e
		unknown = append(unknown, e.customer.ID)
	}
	return unknown
}

// storable reports whether the database can hold the text.
func storable(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// Customer returns the state of a named customer. Another id is a mistake of the caller, whose effect would be a stream
// that starts over, so it panics.
func (b *batch) Customer(id string) *projections.Customer {
	e := b.named[id]
	if e == nil {
		panic(fmt.Sprintf("pgview: customer %q was not named when the batch began", id))
	}
	return &e.customer
}

// Rollback ends the batch. The states that were handed out are forgotten with it.
func (b *batch) Rollback() {
	b.ended = true
	b.cache, b.named = nil, nil
}

// Due adds the customers whose timers are due. The index customers_due has their order.
func (b *batch) Due(ctx context.Context, until domain.Instant, limit int) ([]*projections.Customer, error) {
	const query = `SELECT id FROM {g}.customers WHERE partition = $1 AND next_due > 0 AND next_due <= $2
		ORDER BY next_due, id LIMIT $3`
	due, err := b.find(ctx, query, int64(until), limit)
	if err != nil {
		return nil, fmt.Errorf("find due customers of partition %d: %w", b.at.Partition, fenced(err))
	}
	return due, nil
}

// After adds the streams that come after an id. It follows the key of the table and passes over the streams of other
// partitions.
func (b *batch) After(ctx context.Context, id string, limit int) ([]*projections.Customer, error) {
	const query = "SELECT id FROM {g}.customers WHERE partition = $1 AND id > $2 ORDER BY id LIMIT $3"
	streams, err := b.find(ctx, query, id, limit)
	if err != nil {
		return nil, fmt.Errorf("find streams of partition %d: %w", b.at.Partition, fenced(err))
	}
	return streams, nil
}

// find adds the streams that the query names to the batch, and returns them in its order.
func (b *batch) find(ctx context.Context, query string, from any, limit int) ([]*projections.Customer, error) {
	rows, err := b.store.pool.Query(ctx, b.store.sql(query), b.at.Partition, from, limit)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	if err := b.load(ctx, new(pgx.Batch), b.name(slices.Values(ids))); err != nil {
		return nil, err
	}
	found := make([]*projections.Customer, len(ids))
	for i, id := range ids {
		found[i] = b.Customer(id)
	}
	return found, nil
}

// load sends the queries together with those for the customers with the given ids.
func (b *batch) load(ctx context.Context, queries *pgx.Batch, ids []string) error {
	if len(ids) > 0 {
		// A record may name a stream of another partition, which is unknown in this one.
		states := b.store.sql(`SELECT id, digest1, digest2, sealed, state, tail, touched FROM {g}.customers
			WHERE id = ANY($1) AND partition = $2`)
		queries.Queue(states, ids, b.at.Partition).Query(b.scanStates)
	}
	if queries.Len() == 0 {
		return nil
	}
	if err := b.store.pool.SendBatch(ctx, queries).Close(); err != nil {
		return err
	}
	return b.loadStreams(ctx, ids)
}

// scanStates fills the entries of the customers in rows. The tail of a stream with sealed chunks must wait for those.
func (b *batch) scanStates(rows pgx.Rows) error {
	var row struct {
		id       string
		one, two int64
		sealed   int
		state    pgtype.DriverBytes
		tail     pgtype.DriverBytes
		touched  pgtype.DriverBytes
	}
	var buf []byte
	for rows.Next() {
		if err := rows.Scan(&row.id, &row.one, &row.two, &row.sealed, &row.state, &row.tail, &row.touched); err != nil {
			return err
		}
		e := b.named[row.id]
		if e == nil {
			return fmt.Errorf("customer %q was not asked for", row.id)
		}
		e.stored, e.sealed, e.digest = true, row.sealed, digestOf(row.one, row.two)
		if err := e.customer.LoadState(row.state); err != nil {
			return fmt.Errorf("customer %q: %w", row.id, err)
		}
		touched, err := readOffsets(row.touched)
		if err != nil {
			return fmt.Errorf("customer %q: %w", row.id, err)
		}
		e.customer.Touched = touched
		e.state, buf = e.customer.Digest(buf)
		if e.sealed > 0 {
			continue
		}
		if len(row.tail) > 0 {
			if err := e.customer.Stream.LoadChunk(row.tail); err != nil {
				return fmt.Errorf("stream %q: %w", row.id, err)
			}
		}
		b.cache.put(e)
	}
	return rows.Err()
}

// loadStreams reads the index of those of the customers that have sealed chunks.
func (b *batch) loadStreams(ctx context.Context, ids []string) error {
	var long []string
	for _, id := range ids {
		if b.named[id].sealed > 0 {
			long = append(long, id)
		}
	}
	if len(long) == 0 {
		return nil
	}
	rows, err := b.store.pool.Query(ctx, b.store.sql(longStreams), long)
	if err != nil {
		return fmt.Errorf("read streams: %w", err)
	}
	var id string
	var chunk pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&id, &chunk}, func() error { return b.named[id].customer.Stream.LoadChunk(chunk) })
	if err != nil {
		return fmt.Errorf("read streams: %w", err)
	}
	for _, id := range long {
		e := b.named[id]
		if n := e.customer.Stream.Chunks(); n != e.sealed+1 {
			return fmt.Errorf("read streams: stream %q has %d chunks, want %d", id, n, e.sealed+1)
		}
		b.cache.put(e)
	}
	return nil
}

// longStreams reads all chunks of the index of the streams $1, the open one last.
const longStreams = `SELECT customer, chunk FROM (
		SELECT customer, number, chunk FROM {g}.stream_chunks WHERE customer = ANY($1)
		UNION ALL
		SELECT id, sealed, tail FROM {g}.customers WHERE id = ANY($1) AND tail <> ''
	) chunks ORDER BY customer, number`
