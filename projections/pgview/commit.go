package pgview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rapport-crm/rapport/projections"
)

// rowsPerStatement bounds the rows of one INSERT. Larger statements write no more rows per second.
const rowsPerStatement = 2000

// Commit writes the changes in one transaction. What has many rows goes by COPY, which takes about half the work of
// statements with parameters on both sides. After an error that is not ErrFenced whether the changes are visible is not
// known; a new Claim tells.
func (b *batch) Commit(ctx context.Context, changes *projections.Changes) (projections.Checkpoint, error) {
	if b.ended {
		return projections.Checkpoint{}, errors.New("commit batch: it has ended")
	}
	defer b.Rollback()
	w := &writer{batch: b, changes: changes, digest: b.digest, opening: new(pgx.Batch), closing: new(pgx.Batch)}
	if err := w.prepare(); err != nil {
		return projections.Checkpoint{}, fmt.Errorf("commit batch on partition %d at offset %d: %w", b.at.Partition, b.at.Next, err)
	}
	if err := w.run(ctx); err != nil {
		return projections.Checkpoint{}, fmt.Errorf("commit batch on partition %d at offset %d: %w", b.at.Partition, b.at.Next, fenced(err))
	}
	next := b.at
	next.Next, next.Sweep, next.Last = changes.Next, changes.Sweep, changes.Last
	next.Newest, next.Recorded = changes.Newest, changes.Recorded
	b.settle(w, next)
	return next, nil
}

// settle makes what was written the content of the cache and gives that back to the partition.
func (b *batch) settle(w *writer, at projections.Checkpoint) {
	for _, rows := range w.rows() {
		for i := range rows {
			r := &rows[i]
			r.entry.stored, r.entry.digest, r.entry.state, r.entry.sealed = true, r.digest, r.state, r.sealed
			if b.cache.find(r.entry.customer.ID) == nil {
				b.cache.put(r.entry)
			}
		}
	}
	b.cache.at = at
	b.part.keep(b.cache)
}

// writer writes the changes of a batch in one transaction.
type writer struct {
	batch   *batch
	changes *projections.Changes
	// fresh are the rows of customers that the table does not have yet, and known those of the others, in order of id.
	fresh, known []row
	digest       projections.Digest
	// opening and closing are the statements before and after the rows that are copied.
	opening, closing *pgx.Batch
}

// prepare computes what is to be written.
func (w *writer) prepare() error {
	w.collect()
	if err := w.prepareRows(); err != nil {
		return err
	}
	w.queueOpening()
	return w.queueClosing()
}

// rows returns the rows of all changed customers.
func (w *writer) rows() [2][]row { return [2][]row{w.fresh, w.known} }

// collect computes the digests of the changed customers and of the partition. Rows are written in order of id, so that
// neighbours share pages.
func (w *writer) collect() {
	moved := make(map[string]projections.Digest)
	for i := range w.changes.Effects.Moves {
		m := &w.changes.Effects.Moves[i]
		moved[m.Customer] = moved[m.Customer].Add(m.Digest())
	}
	known := 0
	for _, c := range w.changes.Changed {
		if w.batch.named[c.ID].stored {
			known++
		}
	}
	w.known, w.fresh = make([]row, 0, known), make([]row, 0, len(w.changes.Changed)-known)
	w.digest = w.digest.Add(projections.DigestOfCells(w.changes.Effects.Rollups.Cells))
	var coded []byte
	for _, c := range w.sorted() {
		begin := len(coded)
		coded = c.AppendState(coded)
		r := row{entry: w.batch.named[c.ID], customer: c, coded: coded[begin:], sealed: max(c.Stream.Chunks()-1, 0)}
		r.state = c.DigestOf(r.coded)
		change := r.state.Sub(r.entry.state).Add(moved[c.ID])
		r.digest = r.entry.digest.Add(change)
		w.digest = w.digest.Add(change)
		if r.entry.stored {
			w.known = append(w.known, r)
		} else {
			w.fresh = append(w.fresh, r)
		}
	}
}

// sorted returns the changed customers in order of id.
func (w *writer) sorted() []*projections.Customer {
	return slices.SortedFunc(slices.Values(w.changes.Changed), func(a, b *projections.Customer) int { return cmp.Compare(a.ID, b.ID) })
}

// queueOpening prepares the statements that begin the transaction.
func (w *writer) queueOpening() {
	w.opening.BeginTx(pgx.TxOptions{})
	w.queueCheckpoint()
	if len(w.known) > 0 {
		w.opening.Queue(w.batch.store.customers.stage(w.batch.store.schema))
		// The gathered rows have no statistics; each of them is to be found by the key.
		w.opening.Queue("SET LOCAL enable_hashjoin = off")
		w.opening.Queue("SET LOCAL enable_mergejoin = off")
	}
}

func (w *writer) queueCheckpoint() {
	update := w.batch.store.sql(`UPDATE {g}.checkpoints
		SET next_offset = $5, sweep = $6, last = $7, newest = $8, recorded = $9, digest1 = $10, digest2 = $11,
			policy_offset = coalesce($12, policy_offset)
		WHERE partition = $1 AND epoch = $2 AND next_offset = $3 AND sweep = $4`)
	at, c := w.batch.at, w.changes
	var policy *int64
	if c.Policy != nil {
		policy = &c.Policy.Offset
	}
	w.opening.Queue(update, at.Partition, at.Epoch, at.Next, at.Sweep,
		c.Next, c.Sweep, int64(c.Last), int64(c.Newest), int64(c.Recorded), int64(w.digest[0]), int64(w.digest[1]), policy,
	).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != 1 {
			return projections.ErrFenced
		}
		return nil
	})
}

// queueClosing prepares the statements for what has few rows.
func (w *writer) queueClosing() error {
	if len(w.known) > 0 {
		w.closing.Queue(w.batch.store.replace).Exec(func(tag pgconn.CommandTag) error {
			if n := tag.RowsAffected(); n != int64(len(w.known)) {
				return fmt.Errorf("%d customers were found to be changed, want %d", n, len(w.known))
			}
			return nil
		})
	}
	w.queueRollups()
	w.queueCells()
	w.queueCases()
	if err := w.queueQuarantine(); err != nil {
		return err
	}
	w.queueParking()
	w.queuePolicy()
	w.closing.Queue("SELECT pg_notify($1, $2)", commitChannel, w.batch.store.progress(w.batch.at.Partition, w.changes.Next))
	return nil
}

// copyMoves writes the moves.
func (w *writer) copyMoves(ctx context.Context, tx pgx.Tx) error {
	return copyAll(ctx, tx, w.batch.store.schema+".moves", moveColumns, w.changes.Effects.Moves, encodeMove)
}

// run writes everything and commits. The checkpoint comes first: its row is the lock on which a writer that was
// replaced and its successor meet.
func (w *writer) run(ctx context.Context) error {
	conn, err := w.batch.store.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	results := conn.SendBatch(ctx, w.opening)
	tx := results.Tx()
	// A connection whose transaction cannot be rolled back is closed, which rolls it back too.
	defer func() { _ = tx.Rollback(ctx) }()
	if err := results.Close(); err != nil {
		return err
	}
	for _, table := range []func(context.Context, pgx.Tx) error{w.copyCustomers, w.copyChunks, w.copyMoves} {
		if err := table(ctx, tx); err != nil {
			return err
		}
	}
	if err := tx.SendBatch(ctx, w.closing).Close(); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
