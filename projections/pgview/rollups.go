package pgview

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// rollupKind says what a row of the table rollups counts and what its columns mean.
type rollupKind int16

const (
	// kindVerdict: a is the verdict, n1 the records.
	kindVerdict rollupKind = iota
	// kindStage: a is the stage, n1 the customers.
	kindStage
	// kindType: name is the event type, n1 the events.
	kindType
	// kindFlow: a is the day, b and c are the stages left and entered, d is 1 for a customer won back; n1 counts the
	// moves and n2 sums the time spent in the stage left.
	kindFlow
	// kindCohort: a is the cohort, b the month, n1 the change.
	kindCohort
	// kindTrade: name is the currency; n1 to n4 are purchases, their sum, returns, their sum.
	kindTrade
	// kindOpen: name is the kind of matter, n1 the open ones.
	kindOpen
	// kindLate: n1 counts the late events.
	kindLate
	// kindWarning: a is the level of the open warning, n1 the customers.
	kindWarning
)

// rollup is a row of the table.
type rollup struct {
	kind       rollupKind
	a, b, c, d int32
	name       string
	n          [4]int64
}

func compareRollups(x, y rollup) int {
	return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b), cmp.Compare(x.c, y.c),
		cmp.Compare(x.d, y.d), cmp.Compare(x.name, y.name))
}

// rollupRows returns the rows of r that are not zero, in order of their key.
func rollupRows(r *projections.Rollups) []rollup {
	var rows []rollup
	add := func(row rollup) {
		if row.n != [4]int64{} {
			rows = append(rows, row)
		}
	}
	for v, n := range r.Verdicts {
		add(rollup{kind: kindVerdict, a: int32(v), n: [4]int64{n}})
	}
	for s, n := range r.Stages {
		add(rollup{kind: kindStage, a: int32(s), n: [4]int64{n}})
	}
	for level := domain.RiskWatch; level <= domain.RiskCritical; level++ {
		add(rollup{kind: kindWarning, a: int32(level), n: [4]int64{r.Warnings[level]}})
	}
	for name, n := range maps.All(r.Types) {
		add(rollup{kind: kindType, name: name, n: [4]int64{n}})
	}
	for k, f := range maps.All(r.Flows) {
		row := rollup{kind: kindFlow, a: int32(k.Day), b: int32(k.From), c: int32(k.To), n: [4]int64{f.Count, f.Dwell}}
		if k.WonBack {
			row.d = 1
		}
		add(row)
	}
	for k, n := range maps.All(r.Cohorts) {
		add(rollup{kind: kindCohort, a: int32(k.Cohort), b: int32(k.Month), n: [4]int64{n}})
	}
	for currency, s := range maps.All(r.Trade) {
		add(rollup{kind: kindTrade, name: currency, n: [4]int64{s.Purchases, s.Purchased, s.Returns, s.Returned}})
	}
	for kind, n := range maps.All(r.Open) {
		add(rollup{kind: kindOpen, name: string(kind), n: [4]int64{n}})
	}
	add(rollup{kind: kindLate, n: [4]int64{r.Late}})
	slices.SortFunc(rows, compareRollups)
	return rows
}

// rollups returns the row as roll-ups.
func (r *rollup) rollups() (*projections.Rollups, error) {
	out := new(projections.Rollups)
	switch {
	case r.kind == kindVerdict && r.a >= 0 && int(r.a) < len(out.Verdicts):
		out.Verdicts[r.a] = r.n[0]
	case r.kind == kindStage && r.a >= 0 && int(r.a) < len(out.Stages):
		out.Stages[r.a] = r.n[0]
	case r.kind == kindWarning && r.a >= 0 && int(r.a) < len(out.Warnings):
		out.Warnings[r.a] = r.n[0]
	case r.kind == kindType:
		out.Types = map[string]int64{r.name: r.n[0]}
	case r.kind == kindFlow:
		key := projections.FlowKey{Day: domain.Date(r.a), From: domain.Stage(r.b), To: domain.Stage(r.c), WonBack: r.d != 0}
		out.Flows = map[projections.FlowKey]projections.Flow{key: {Count: r.n[0], Dwell: r.n[1]}}
	case r.kind == kindCohort:
		out.Cohorts = map[projections.CohortKey]int64{{Cohort: domain.Month(r.a), Month: domain.Month(r.b)}: r.n[0]}
	case r.kind == kindTrade:
		out.Trade = map[string]projections.TradeSum{
			r.name: {Purchases: r.n[0], Purchased: r.n[1], Returns: r.n[2], Returned: r.n[3]},
		}
	case r.kind == kindOpen:
		out.Open = map[projections.MatterKind]int64{projections.MatterKind(r.name): r.n[0]}
	case r.kind == kindLate:
		out.Late = r.n[0]
	default:
		return nil, fmt.Errorf("roll-up of kind %d and key %d is unknown", r.kind, r.a)
	}
	return out, nil
}

func (w *writer) queueRollups() {
	upsert := w.batch.store.sql(`INSERT INTO {g}.rollups AS r (partition, kind, a, b, c, d, name, n1, n2, n3, n4)
		SELECT $1, kind, a, b, c, d, name, n1, n2, n3, n4
		FROM unnest($2::smallint[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::text[],
			$8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]) AS i (kind, a, b, c, d, name, n1, n2, n3, n4)
		ON CONFLICT (partition, kind, a, b, c, d, name) DO UPDATE SET
			n1 = rapport.sum64(r.n1, excluded.n1), n2 = rapport.sum64(r.n2, excluded.n2),
			n3 = rapport.sum64(r.n3, excluded.n3), n4 = rapport.sum64(r.n4, excluded.n4)`)
	for rows := range slices.Chunk(rollupRows(&w.changes.Effects.Rollups), rowsPerStatement) {
		sum := func(i int) []int64 { return column(rows, func(r *rollup) int64 { return r.n[i] }) }
		w.closing.Queue(upsert, w.batch.at.Partition,
			column(rows, func(r *rollup) int16 { return int16(r.kind) }),
			column(rows, func(r *rollup) int32 { return r.a }),
			column(rows, func(r *rollup) int32 { return r.b }),
			column(rows, func(r *rollup) int32 { return r.c }),
			column(rows, func(r *rollup) int32 { return r.d }),
			column(rows, func(r *rollup) string { return r.name }),
			sum(0), sum(1), sum(2), sum(3),
		)
	}
}

// readRollups returns the roll-ups of all partitions together. The sums are made here, where they keep the low 64 bits.
func (s *Store) readRollups(ctx context.Context, tx pgx.Tx) (projections.Rollups, error) {
	var sum projections.Rollups
	query := s.sql(`SELECT kind, a, b, c, d, name, n1, n2, n3, n4 FROM {g}.rollups
		ORDER BY partition, kind, a, b, c, d, name`)
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return sum, fmt.Errorf("read roll-ups: %w", err)
	}
	var r rollup
	fields := []any{&r.kind, &r.a, &r.b, &r.c, &r.d, &r.name, &r.n[0], &r.n[1], &r.n[2], &r.n[3]}
	_, err = pgx.ForEachRow(rows, fields, func() error {
		part, err := r.rollups()
		if err == nil {
			sum.Add(part)
		}
		return err
	})
	if err != nil {
		return sum, fmt.Errorf("read roll-ups: %w", err)
	}
	return sum, nil
}
