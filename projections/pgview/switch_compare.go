package pgview

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

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

// counts compares the numbers of rows; under different policies only those that no policy changes.
func (c *generationComparison) counts(ctx context.Context) error {
	tables := []struct{ name, from string }{{"streams", "customers GROUP BY partition"}}
	if c.exact() {
		tables = append(tables,
			struct{ name, from string }{"quarantined records", "quarantine GROUP BY partition"},
			struct{ name, from string }{"parked customers", "parked GROUP BY partition"},
			struct{ name, from string }{"queued records", "queued GROUP BY partition"},
			struct{ name, from string }{"policies", "policies GROUP BY partition"},
		)
	}
	for _, t := range tables {
		live, err := c.count(ctx, c.live.Name, t.from)
		if err != nil {
			return err
		}
		fresh, err := c.count(ctx, c.store.schema, t.from)
		if err != nil {
			return err
		}
		for p := range c.live.positions {
			c.differ(p, t.name, "", "count", strconv.FormatInt(live[p], 10), strconv.FormatInt(fresh[p], 10))
		}
	}
	return nil
}

func (c *generationComparison) count(ctx context.Context, schema, from string) (map[int]int64, error) {
	rows, err := c.tx.Query(ctx, "SELECT partition, count(*) FROM "+schema+"."+from)
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
	}
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
		if err := c.customers(ctx, p); err != nil {
			return fmt.Errorf("compare customers: %w", err)
		}
	}
	return nil
}

// customers names customers of a partition whose rows differ, with what people look at first.
func (c *generationComparison) customers(ctx context.Context, partition int) error {
	columns := []string{"events", "stage", "since", "purchases", "digest1"}
	query := "SELECT coalesce(l.id, f.id)"
	for _, name := range columns {
		query += fmt.Sprintf(", coalesce(l.%s::text, '%s'), coalesce(f.%s::text, '%s')", name, refold.Absent, name, refold.Absent)
	}
	query += fmt.Sprintf(` FROM (SELECT * FROM %s.customers WHERE partition = $1) l
		FULL JOIN (SELECT * FROM %s.customers WHERE partition = $1) f USING (id)
		WHERE (l.digest1, l.digest2) IS DISTINCT FROM (f.digest1, f.digest2) ORDER BY 1 LIMIT %d`, c.live.Name, c.store.schema, comparedCustomers)
	rows, err := c.tx.Query(ctx, query, partition)
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
