package pgview

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

// comparedCustomers is how many customers with different digests are named.
const comparedCustomers = 20

// generationComparison compares a generation with the live one, both at the same positions, whose writers wait.
type generationComparison struct {
	tx          pgx.Tx
	live        *heldGeneration
	store       *Store
	differences []refold.Difference
}

// exact reports whether both generations must hold the same: they began with the same policy and have states of the same
// form.
func (c *generationComparison) exact() bool {
	g := c.store.generation
	return c.live.PolicyDigest == g.policyDigest && c.live.StateFormat == g.stateFormat
}

// run returns the differences, "live" standing for the live generation and "log" for the new one.
func (c *generationComparison) run(ctx context.Context) ([]refold.Difference, error) {
	c.differences = []refold.Difference{}
	if err := c.counts(ctx); err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	if !c.exact() {
		return c.differences, nil
	}
	if err := c.rollups(ctx); err != nil {
		return nil, fmt.Errorf("compare roll-ups: %w", err)
	}
	return c.differences, c.digests(ctx)
}

// countedStreams is the number of streams up to which their rows are counted: to count them all their pages are read,
// while live writers wait. Beyond it the digests and the roll-ups, which every row has a part in, stand for them.
const countedStreams = 1_000_000

// counts compares the numbers of rows; under different policies only those that no policy changes.
func (c *generationComparison) counts(ctx context.Context) error {
	var tables []string
	var streams float64
	if err := c.tx.QueryRow(ctx, "SELECT reltuples FROM pg_class WHERE oid = $1::regclass", c.store.schema+".customers").Scan(&streams); err != nil {
		return err
	}
	if streams <= countedStreams {
		tables = append(tables, "customers")
	}
	if c.exact() {
		tables = append(tables, "quarantine", "parked", "queued", "policies")
	}
	for _, table := range tables {
		live, err := c.count(ctx, c.live.Name, table)
		if err != nil {
			return err
		}
		fresh, err := c.count(ctx, c.store.schema, table)
		if err != nil {
			return err
		}
		for p := range c.live.positions {
			c.differ(p, table, "", "rows", strconv.FormatInt(live[p], 10), strconv.FormatInt(fresh[p], 10))
		}
	}
	return nil
}

func (c *generationComparison) count(ctx context.Context, schema, table string) (map[int]int64, error) {
	rows, err := c.tx.Query(ctx, "SELECT partition, count(*) FROM "+schema+"."+table+" GROUP BY partition ORDER BY partition")
	if err != nil {
		return nil, err
	}
	counts := make(map[int]int64)
	var partition int
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&partition, &n}, func() error { counts[partition] = n; return nil })
	return counts, err
}

// rollups compares the roll-ups of each partition.
func (c *generationComparison) rollups(ctx context.Context) error {
	for p := range c.live.positions {
		live, err := c.partitionRollups(ctx, c.live.Name, p)
		if err != nil {
			return err
		}
		fresh, err := c.partitionRollups(ctx, c.store.schema, p)
		if err != nil {
			return err
		}
		c.differ(p, "rollups", "", "digest", live.Digest().String(), fresh.Digest().String())
		for v := range live.Verdicts {
			name := eventstore.Verdict(v).String()
			c.differ(p, "rollups", name, "records", strconv.FormatInt(live.Verdicts[v], 10), strconv.FormatInt(fresh.Verdicts[v], 10))
		}
		if c.live.Layout != c.store.generation.layout {
			continue // the cells of another version may count otherwise
		}
		if err := c.cells(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// cells compares the cells of a partition by their digest.
func (c *generationComparison) cells(ctx context.Context, partition int) error {
	var digests [2]projections.Digest
	for i, schema := range []string{c.live.Name, c.store.schema} {
		rows, err := c.tx.Query(ctx, "SELECT "+cellList()+" FROM "+schema+".cells WHERE partition = $1", partition)
		if err != nil {
			return err
		}
		if err := eachCell(rows, func(n projections.CellCount) { digests[i] = digests[i].Add(n.Digest()) }); err != nil {
			return err
		}
	}
	c.differ(partition, "cells", "", "digest", digests[0].String(), digests[1].String())
	return nil
}

func (c *generationComparison) partitionRollups(ctx context.Context, schema string, partition int) (*projections.Rollups, error) {
	query := "SELECT kind, a, b, c, d, name, n1, n2, n3, n4 FROM " + schema + ".rollups WHERE partition = $1 ORDER BY kind, a, b, c, d, name"
	rows, err := c.tx.Query(ctx, query, partition)
	if err != nil {
		return nil, err
	}
	sum := new(projections.Rollups)
	return sum, addRollups(rows, sum)
}

// digests compares the digests of each partition, and names customers of those that differ.
func (c *generationComparison) digests(ctx context.Context) error {
	query := `SELECT l.partition, l.digest1, l.digest2, f.digest1, f.digest2
		FROM ` + c.live.Name + `.checkpoints l JOIN ` + c.store.schema + `.checkpoints f USING (partition)
		WHERE (l.digest1, l.digest2) <> (f.digest1, f.digest2) ORDER BY l.partition`
	rows, err := c.tx.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("compare digests: %w", err)
	}
	var differ []int
	var p int
	var l1, l2, f1, f2 int64
	_, err = pgx.ForEachRow(rows, []any{&p, &l1, &l2, &f1, &f2}, func() error {
		c.differ(p, "digest", "", "digest", digestOf(l1, l2).String(), digestOf(f1, f2).String())
		differ = append(differ, p)
		return nil
	})
	if err != nil {
		return fmt.Errorf("compare digests: %w", err)
	}
	for _, p := range differ {
		// Whose digests differ is good to know and no more: when it takes too long, the partition stands for them.
		err := pgx.BeginFunc(ctx, c.tx, func(tx pgx.Tx) error { return c.customers(ctx, tx, p) })
		if server, ok := errors.AsType[*pgconn.PgError](err); ok && server.Code == queryCanceled {
			break
		}
		if err != nil {
			return fmt.Errorf("compare customers: %w", err)
		}
	}
	_, err = c.tx.Exec(ctx, "SET LOCAL statement_timeout = 0")
	return err
}

// queryCanceled is the SQLSTATE of a statement that took too long.
const queryCanceled = "57014"

// customers names customers of a partition whose rows differ, with what people look at first.
func (c *generationComparison) customers(ctx context.Context, tx pgx.Tx, partition int) error {
	if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = '3s'"); err != nil {
		return err
	}
	columns := []string{"events", "stage", "since", "purchases", "digest1"}
	query := "SELECT coalesce(l.id, f.id)"
	for _, name := range columns {
		query += fmt.Sprintf(", coalesce(l.%s::text, '%s'), coalesce(f.%s::text, '%s')", name, refold.Absent, name, refold.Absent)
	}
	query += fmt.Sprintf(` FROM (SELECT * FROM %s.customers WHERE partition = $1) l
		FULL JOIN (SELECT * FROM %s.customers WHERE partition = $1) f USING (id)
		WHERE (l.digest1, l.digest2) IS DISTINCT FROM (f.digest1, f.digest2) ORDER BY 1 LIMIT %d`, c.live.Name, c.store.schema, comparedCustomers)
	rows, err := tx.Query(ctx, query, partition)
	if err != nil {
		return err
	}
	values := make([]string, 1+2*len(columns))
	targets := make([]any, len(values))
	for i := range values {
		targets[i] = &values[i]
	}
	_, err = pgx.ForEachRow(rows, targets, func() error {
		d := refold.Difference{Partition: partition, Kind: "customer", ID: values[0]}
		for i, name := range columns {
			if live, fresh := values[1+2*i], values[2+2*i]; live != fresh {
				d.Fields = append(d.Fields, refold.Field{Name: name, Live: live, Log: fresh})
			}
		}
		c.differences = append(c.differences, d)
		return nil
	})
	return err
}

// differ adds a difference when the values are not the same.
func (c *generationComparison) differ(partition int, kind, id, field, live, fresh string) {
	if live != fresh {
		fields := []refold.Field{{Name: field, Live: live, Log: fresh}}
		c.differences = append(c.differences, refold.Difference{Partition: partition, Kind: kind, ID: id, Fields: fields})
	}
}
