package pgview

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rapport-crm/rapport/projections"
)

// rowsPerStatement bounds the rows of one INSERT. Larger statements write no more rows per second.
const rowsPerStatement = 2000

// Commit writes the changes in one transaction, in one exchange with the server and a second one for its end. After an
// error that is not ErrFenced whether the changes are visible is not known; a new Claim tells.
func (b *batch) Commit(ctx context.Context, changes *projections.Changes) (projections.Checkpoint, error) {
	if b.ended {
		return projections.Checkpoint{}, errors.New("commit batch: it has ended")
	}
	defer b.Rollback()
	w := &writer{batch: b, changes: changes, digest: b.digest, queries: new(pgx.Batch)}
	if err := w.queue(); err != nil {
		return projections.Checkpoint{}, fmt.Errorf("commit batch on partition %d at offset %d: %w", b.at.Partition, b.at.Next, err)
	}
	if err := w.run(ctx); err != nil {
		return projections.Checkpoint{}, fmt.Errorf("commit batch on partition %d at offset %d: %w", b.at.Partition, b.at.Next, err)
	}
	next := b.at
	next.Next, next.Last, next.Newest, next.Recorded = changes.Next, changes.Last, changes.Newest, changes.Recorded
	b.settle(w.rows, next)
	return next, nil
}

// settle makes what was written the content of the cache and gives that back to the partition.
func (b *batch) settle(rows []row, at projections.Checkpoint) {
	for i := range rows {
		r := &rows[i]
		r.entry.stored, r.entry.digest, r.entry.state, r.entry.sealed = true, r.digest, r.state, r.sealed
		if b.cache.find(r.entry.customer.ID) == nil {
			b.cache.put(r.entry)
		}
	}
	b.cache.next = at.Next
	b.part.keep(b.cache)
}

// writer puts the changes of a batch into the statements of one transaction.
type writer struct {
	batch   *batch
	changes *projections.Changes
	rows    []row
	digest  projections.Digest
	queries *pgx.Batch
}

// queue prepares the statements. The checkpoint comes first: its row is the lock on which a writer that was replaced
// and its successor meet.
func (w *writer) queue() error {
	w.queries.BeginTx(pgx.TxOptions{})
	w.collect()
	w.queueCheckpoint()
	if err := w.queueCustomers(); err != nil {
		return err
	}
	w.queueMoves()
	w.queueRollups()
	return w.queueQuarantine()
}

// collect computes the digests of the changed customers and of the partition. Rows are written in order of id, so that
// neighbours share pages.
func (w *writer) collect() {
	moved := make(map[string]projections.Digest)
	for i := range w.changes.Effects.Moves {
		m := &w.changes.Effects.Moves[i]
		moved[m.Customer] = moved[m.Customer].Add(m.Digest())
	}
	var buf []byte
	w.rows = make([]row, 0, len(w.changes.Changed))
	for _, c := range w.changes.Changed {
		r := row{entry: w.batch.named[c.ID], sealed: max(c.Stream.Chunks()-1, 0)}
		r.state, buf = c.Digest(buf)
		change := r.state.Sub(r.entry.state).Add(moved[c.ID])
		r.digest = r.entry.digest.Add(change)
		w.digest = w.digest.Add(change)
		w.rows = append(w.rows, r)
	}
	slices.SortFunc(w.rows, func(a, b row) int { return cmp.Compare(a.entry.customer.ID, b.entry.customer.ID) })
}

func (w *writer) queueCheckpoint() {
	update := w.batch.store.sql(`UPDATE {g}.checkpoints
		SET next_offset = $4, last = $5, newest = $6, recorded = $7, digest1 = $8, digest2 = $9
		WHERE partition = $1 AND epoch = $2 AND next_offset = $3`)
	at, c := w.batch.at, w.changes
	w.queries.Queue(update, at.Partition, at.Epoch, at.Next,
		c.Next, int64(c.Last), int64(c.Newest), int64(c.Recorded), int64(w.digest[0]), int64(w.digest[1]),
	).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != 1 {
			return projections.ErrFenced
		}
		return nil
	})
}

func (w *writer) queueMoves() {
	insert := w.batch.store.sql(`INSERT INTO {g}.moves
		(customer, seq, at, from_stage, to_stage, reason, inferred, won_back, dwell, evidence, policy)
		SELECT customer, seq, at, from_stage, to_stage, reason, inferred, won_back, dwell, evidence::text[], policy
		FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::smallint[], $5::smallint[], $6::smallint[],
			$7::boolean[], $8::boolean[], $9::bigint[], $10::text[], $11::text[])
			AS m (customer, seq, at, from_stage, to_stage, reason, inferred, won_back, dwell, evidence, policy)`)
	for moves := range slices.Chunk(w.changes.Effects.Moves, rowsPerStatement) {
		w.queries.Queue(insert,
			column(moves, func(m *projections.Move) string { return m.Customer }),
			column(moves, func(m *projections.Move) int32 { return m.Seq }),
			column(moves, func(m *projections.Move) int64 { return int64(m.At) }),
			column(moves, func(m *projections.Move) int16 { return int16(m.From) }),
			column(moves, func(m *projections.Move) int16 { return int16(m.To) }),
			column(moves, func(m *projections.Move) int16 { return int16(m.Reason) }),
			column(moves, func(m *projections.Move) bool { return m.Inferred }),
			column(moves, func(m *projections.Move) bool { return m.WonBack }),
			column(moves, func(m *projections.Move) int64 { return m.Dwell }),
			column(moves, func(m *projections.Move) string { return textArray(m.Evidence) }),
			column(moves, func(m *projections.Move) string { return m.Policy }),
		)
	}
}

func (w *writer) queueQuarantine() error {
	insert := w.batch.store.sql(`INSERT INTO {g}.quarantine
		(partition, record_offset, recorded_at, customer, event, type, verdict, problems)
		SELECT $1, record_offset, recorded_at, customer, event, type, verdict, problems::json
		FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::text[])
			AS q (record_offset, recorded_at, customer, event, type, verdict, problems)`)
	type entry = projections.Quarantine
	for entries := range slices.Chunk(w.changes.Quarantined, rowsPerStatement) {
		problems := make([]string, len(entries))
		for i := range entries {
			text, err := json.Marshal(entries[i].Problems)
			if err != nil {
				return fmt.Errorf("problems of record %d: %w", entries[i].Offset, err)
			}
			problems[i] = string(text)
		}
		w.queries.Queue(insert, w.batch.at.Partition,
			column(entries, func(q *entry) int64 { return q.Offset }),
			column(entries, func(q *entry) int64 { return int64(q.Recorded) }),
			column(entries, func(q *entry) string { return q.Customer }),
			column(entries, func(q *entry) string { return q.Event }),
			column(entries, func(q *entry) string { return q.Type }),
			column(entries, func(q *entry) int16 { return int16(q.Verdict) }),
			problems,
		)
	}
	return nil
}

// run sends the statements and commits when all of them succeeded and the checkpoint was the batch's.
func (w *writer) run(ctx context.Context) error {
	conn, err := w.batch.store.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	results := conn.SendBatch(ctx, w.queries)
	tx := results.Tx()
	// A connection whose transaction cannot be rolled back is closed, which rolls it back too.
	defer func() { _ = tx.Rollback(ctx) }()
	if err := results.Close(); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
