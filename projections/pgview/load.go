package pgview

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/refold"
)

// loader writes the streams of a pass into the tables of a generation.
type loader struct {
	store    *Store
	tx       pgx.Tx
	pass     *refold.Pass
	contents []*memview.Contents
	// digest sums those of the rows.
	digest projections.Digest
	// sealed are the sealed chunks of all streams, moved their moves, and listed their cases: known when the customers were
	// written, and dropped when their own table is, because nothing counts them against the memory of a rebuild.
	sealed []sealedChunk
	moved  []dated
	listed []projections.Case
}

// dated is a move with its instant beside it, by which moves are put in order: looking each one up takes longer.
type dated struct {
	at   domain.Instant
	move *projections.Move
}

// load writes everything that the pass holds. The tables have no keys yet.
func (s *Store) load(ctx context.Context, tx pgx.Tx, pass *refold.Pass, logger *slog.Logger) (projections.Digest, error) {
	l := &loader{store: s, tx: tx, pass: pass}
	for _, share := range pass.Stores() {
		contents, err := share.Contents(0)
		if err != nil {
			return l.digest, err
		}
		l.contents = append(l.contents, contents)
	}
	tables := []struct {
		name  string
		write func(context.Context) error
	}{
		{"customers", l.customers}, {"cases", l.cases}, {"stream_chunks", l.chunks}, {"moves", l.moves}, {"rollups", l.rollups}, {"cells", l.cells},
		{"quarantine", l.quarantine}, {"parked", l.parking},
	}
	for _, t := range tables {
		begun := time.Now()
		if err := t.write(ctx); err != nil {
			return l.digest, err
		}
		logger.LogAttrs(ctx, slog.LevelDebug, "table written", slog.String("table", t.name),
			slog.Int("partition", pass.Partition), slog.Duration("writing", time.Since(begun)))
	}
	return l.digest, nil
}

// streams are those of all shares, with the fold in force.
func (l *loader) streams() iter.Seq2[loaded, *projections.Customer] {
	return func(yield func(loaded, *projections.Customer) bool) {
		for _, c := range l.contents {
			for stream, moves := range c.Streams() {
				if !yield(loaded{moves, c.Fold}, stream) {
					return
				}
			}
		}
	}
}

// loaded is what goes with a stream.
type loaded struct {
	moves []projections.Move
	fold  *projections.Fold
}

// rowsAtATime is how many rows of customers are made at a time.
const rowsAtATime = 64

func (l *loader) customers(ctx context.Context) error {
	next, stop := iter.Pull2(l.streams())
	defer stop()
	rows := make([]row, rowsAtATime)
	encoder := customerEncoder{table: &l.store.customers, partition: l.pass.Partition}
	return copyRows(ctx, l.tx, l.store.schema+".customers", encoder.columns(), func(b *copyBuffer) (bool, error) {
		n := 0
		for ; n < len(rows); n++ {
			with, stream, ok := next()
			if !ok {
				break
			}
			r := &rows[n]
			if err := r.fill(stream, with.moves, with.fold); err != nil {
				return false, err
			}
			l.digest = l.digest.Add(r.digest)
			l.gather(r, with.moves)
		}
		return n == len(rows), encoder.encode(b, rows[:n])
	})
}

// gather keeps what other tables hold of the stream of a row. The streams are gone through once: they are more than fits into
// the processor's caches.
func (l *loader) gather(r *row, moves []projections.Move) {
	l.sealed = r.appendSealed(l.sealed, 0)
	for i := range moves {
		l.moved = append(l.moved, dated{moves[i].At, &moves[i]})
	}
	for _, kind := range projections.CaseKinds() {
		l.listed = append(l.listed, r.customer.Cases(kind)...)
	}
}

// customerEncoder encodes rows of the table customers by its columns.
type customerEncoder struct {
	table     *customerTable
	partition int
}

func (e customerEncoder) columns() string {
	names := []string{"partition"}
	for _, c := range e.table.numbers {
		names = append(names, c.name)
	}
	for _, c := range e.table.texts {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

func (e customerEncoder) encode(b *copyBuffer, rows []row) error {
	texts := make([]any, len(e.table.texts))
	for i, c := range e.table.texts {
		if c.sqlType == "text[]" && c.name != "owners" {
			return fmt.Errorf("column %s: lists other than owners cannot be loaded", c.name)
		}
		if c.sqlType != "text[]" && c.encode == nil {
			texts[i] = c.values(rows)
		}
	}
	for i := range rows {
		b.row(1 + len(e.table.numbers) + len(texts))
		b.integer(int64(e.partition))
		for _, c := range e.table.numbers {
			switch v := c.value(&rows[i]); c.sqlType {
			case "bigint":
				b.bigint(v)
			case "integer":
				b.integer(v)
			case "smallint":
				b.smallint(v)
			default:
				return fmt.Errorf("column %s: numbers of type %s cannot be loaded", c.name, c.sqlType)
			}
		}
		for j := range texts {
			switch values := texts[j].(type) {
			case nil:
				if encode := e.table.texts[j].encode; encode != nil {
					b.appended(func(dst []byte) []byte { return encode(dst, &rows[i]) })
				} else {
					b.texts(rows[i].profile.Owners)
				}
			case []string:
				b.text(values[i])
			case []bool:
				b.boolean(values[i])
			case [][]byte:
				b.blob(values[i])
			case []pgtype.Text:
				if values[i].Valid {
					b.text(values[i].String)
				} else {
					b.null()
				}
			default:
				return fmt.Errorf("column %s: a %T cannot be loaded", e.table.texts[j].name, values)
			}
		}
	}
	return nil
}

func (l *loader) chunks(ctx context.Context) error {
	defer func() { l.sealed = nil }()
	return copySealed(ctx, l.tx, l.store.schema, l.sealed)
}

// moves are written in the order in which they took effect, on which the index on that instant relies.
func (l *loader) moves(ctx context.Context) error {
	defer func() { l.moved = nil }()
	slices.SortFunc(l.moved, func(a, b dated) int { return cmp.Compare(a.at, b.at) })
	return copyAll(ctx, l.tx, l.store.schema+".moves", moveColumns, l.moved, func(b *copyBuffer, m *dated) error {
		return encodeMove(b, m.move)
	})
}

// rollups adds the counts of the pass as rows of their own; those of all passes are summed before the table gets its key.
func (l *loader) rollups(ctx context.Context) error {
	var sum projections.Rollups
	for _, c := range l.contents {
		sum.Add(c.Rollups)
	}
	return copyRollups(ctx, l.tx, l.store.schema, l.pass.Partition, &sum)
}

func copyRollups(ctx context.Context, tx pgx.Tx, schema string, partition int, sum *projections.Rollups) error {
	return copyAll(ctx, tx, schema+".rollups", "partition, kind, a, b, c, d, name, n1, n2, n3, n4", rollupRows(sum), func(b *copyBuffer, r *rollup) error {
		b.row(11)
		b.integer(int64(partition))
		b.smallint(int64(r.kind))
		for _, v := range []int32{r.a, r.b, r.c, r.d} {
			b.integer(int64(v))
		}
		b.text(r.name)
		for _, v := range r.n {
			b.bigint(v)
		}
		return nil
	})
}

func (l *loader) quarantine(ctx context.Context) error {
	var all []projections.Quarantine
	for _, c := range l.contents {
		all = append(all, c.Quarantine...)
	}
	const columns = `partition, record_offset, recorded_at, customer, event, type, verdict, problems, version, status,
		resolved_at, resolved_by, reason, redriven`
	return copyAll(ctx, l.tx, l.store.schema+".quarantine", columns, all, func(b *copyBuffer, q *projections.Quarantine) error {
		problems, err := json.Marshal(q.Problems)
		if err != nil {
			return fmt.Errorf("problems of record %d: %w", q.Offset, err)
		}
		b.row(14)
		b.integer(int64(l.pass.Partition))
		b.bigint(q.Offset)
		b.bigint(int64(q.Recorded))
		b.text(q.Customer)
		b.text(q.Event)
		b.text(q.Type)
		b.smallint(int64(q.Verdict))
		b.blob(problems)
		b.bigint(q.Version)
		b.text(string(q.Status))
		b.bigint(int64(q.ResolvedAt))
		b.text(storableText(q.ResolvedBy))
		b.text(storableText(q.Reason))
		b.text(storableText(q.Redriven))
		return nil
	})
}

func (l *loader) parking(ctx context.Context) error {
	var parked []projections.Parked
	var queued []projections.Queued
	for _, c := range l.contents {
		parked, queued = append(parked, c.Parked...), append(queued, c.Queued...)
	}
	err := copyAll(ctx, l.tx, l.store.schema+".parked", "partition, customer, record_offset, at, error", parked, func(b *copyBuffer, p *projections.Parked) error {
		b.row(5)
		b.integer(int64(l.pass.Partition))
		b.text(p.Customer)
		b.bigint(p.Offset)
		b.bigint(int64(p.At))
		b.text(p.Error)
		return nil
	})
	if err != nil {
		return err
	}
	return copyAll(ctx, l.tx, l.store.schema+".queued", "partition, customer, record_offset", queued, func(b *copyBuffer, q *projections.Queued) error {
		b.row(3)
		b.integer(int64(l.pass.Partition))
		b.text(q.Customer)
		b.bigint(q.Offset)
		return nil
	})
}

// copyAll writes rows that are there already.
func copyAll[R any](ctx context.Context, tx pgx.Tx, table, columns string, rows []R, encode func(*copyBuffer, *R) error) error {
	if len(rows) == 0 {
		return nil
	}
	chunks, stop := iter.Pull(slices.Chunk(rows, rowsAtATime))
	defer stop()
	return copyRows(ctx, tx, table, columns, func(b *copyBuffer) (bool, error) {
		chunk, ok := chunks()
		for i := range chunk {
			if err := encode(b, &chunk[i]); err != nil {
				return false, err
			}
		}
		return ok, nil
	})
}
