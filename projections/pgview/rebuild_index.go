package pgview

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/projections"
)

// indexers is how many tables get their keys and indexes at a time. The server may use several processes for each.
const indexers = 2

// index sums the roll-ups of the passes and makes the keys and indexes of the tables, unless that was done before.
func (r *rebuilder) index(ctx context.Context) error {
	if err := r.phase(ctx, PhaseIndexing, ""); err != nil {
		return err
	}
	if err := r.sumRollups(ctx); err != nil {
		return fmt.Errorf("sum the roll-ups: %w", err)
	}
	tables, err := r.store.generation.indexStatements(r.store.schema)
	if err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(indexers)
	for _, t := range tables {
		group.Go(func() error { return r.indexTable(inner, t) })
	}
	return group.Wait()
}

// tableIndexes are the statements that make the key and the indexes of a table; the key comes first.
type tableIndexes struct {
	table      string
	statements []string
}

// comments matches the comments of a layout file.
var comments = regexp.MustCompile(`(?m)--.*$`)

// indexStatements returns the statements of the layout by table, in their order.
func (g generation) indexStatements(schema string) ([]tableIndexes, error) {
	text, err := g.render(indexesFile, schema)
	if err != nil {
		return nil, err
	}
	var tables []tableIndexes
	for statement := range strings.SplitSeq(comments.ReplaceAllString(text, ""), ";") {
		_, after, found := strings.Cut(statement, schema+".")
		if !found {
			continue
		}
		table, _, _ := strings.Cut(after, " ")
		if n := len(tables); n == 0 || tables[n-1].table != table {
			tables = append(tables, tableIndexes{table: table})
		}
		last := &tables[len(tables)-1]
		last.statements = append(last.statements, statement)
	}
	return tables, nil
}

// indexTable makes the key and the indexes of a table in one transaction; a table that has a key has all of them.
func (r *rebuilder) indexTable(ctx context.Context, t tableIndexes) error {
	table := r.store.schema + "." + t.table
	err := pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		var done bool
		const query = "SELECT EXISTS (SELECT FROM pg_index WHERE indrelid = $1::regclass AND indisprimary)"
		if err := tx.QueryRow(ctx, query, table).Scan(&done); err != nil || done {
			return err
		}
		if _, err := tx.Exec(ctx, bulkSettings); err != nil {
			return err
		}
		begun := time.Now()
		for _, statement := range t.statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		indexed := time.Now()
		if _, err := tx.Exec(ctx, "ANALYZE "+table); err != nil {
			return err
		}
		r.options.Logger.LogAttrs(ctx, slog.LevelInfo, "table indexed", slog.String("table", t.table),
			slog.Duration("indexing", indexed.Sub(begun)), slog.Duration("analysing", time.Since(indexed)))
		return nil
	})
	if err != nil {
		return fmt.Errorf("index %s: %w", table, err)
	}
	return nil
}

// sumRollups makes one row of the rows of the passes that count the same.
func (r *rebuilder) sumRollups(ctx context.Context) error {
	return pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		for p := range r.parts {
			rows, err := tx.Query(ctx, r.store.sql("DELETE FROM {g}.rollups WHERE partition = $1 RETURNING kind, a, b, c, d, name, n1, n2, n3, n4"), p)
			if err != nil {
				return err
			}
			var sum projections.Rollups
			if err := addRollups(rows, &sum); err != nil {
				return err
			}
			if err := copyRollups(ctx, tx, r.store.schema, p, &sum); err != nil {
				return err
			}
			if err := r.sumCells(ctx, tx, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// addRollups adds rows of the table rollups to a sum, which keeps the low 64 bits.
func addRollups(rows pgx.Rows, sum *projections.Rollups) error {
	var r rollup
	fields := []any{&r.kind, &r.a, &r.b, &r.c, &r.d, &r.name, &r.n[0], &r.n[1], &r.n[2], &r.n[3]}
	_, err := pgx.ForEachRow(rows, fields, func() error {
		part, err := r.rollups()
		if err == nil {
			sum.Add(part)
		}
		return err
	})
	return err
}
