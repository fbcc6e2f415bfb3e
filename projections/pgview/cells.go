package pgview

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// cellKey are the columns that name a cell within a partition, and cellSums those that count.
var (
	cellKey  = []string{"kind", "month", "unit", "name1", "name2", "name3", "name4", "employee", "role"}
	cellSums = cellColumns("n%d")
)

// cellColumns returns one text for each count of a cell, made of its number from 1.
func cellColumns(format string) []string {
	columns := make([]string, len(projections.CellCounts{}))
	for i := range columns {
		columns[i] = strings.ReplaceAll(format, "%d", fmt.Sprint(i+1))
	}
	return columns
}

// cellList are all columns of a cell but the partition.
func cellList() string { return strings.Join(cellKey, ", ") + ", " + strings.Join(cellSums, ", ") }

// Cells returns the cells that the filter selects.
func (s *Store) Cells(ctx context.Context, filter projections.CellFilter) (*projections.CellView, error) {
	sum := make(projections.CellSum)
	view := new(projections.CellView)
	err := s.read(ctx, func(tx pgx.Tx, now moment) error {
		st, err := s.standingAt(ctx, tx, now)
		if err != nil {
			return err
		}
		view.AsOf, view.Positions, view.Policy = st.AsOf, st.Positions, st.Policy
		sum.Add(st.SilentCells, &filter)
		l := list{}
		if !l.filterCells(&filter) {
			return nil
		}
		rows, err := tx.Query(ctx, s.sql("SELECT "+cellList()+" FROM {g}.cells WHERE "+l.all()), l.arguments...)
		if err != nil {
			return err
		}
		return eachCell(rows, func(c projections.CellCount) { sum.AddCount(c.Cell, &c.Counts) })
	})
	if err != nil {
		return nil, fmt.Errorf("read cells: %w", err)
	}
	view.Cells = sum.Sorted()
	return view, nil
}

// filterCells adds the conditions of the filter. It returns false when no stored cell can meet them.
func (l *list) filterCells(f *projections.CellFilter) bool {
	kinds := make([]int16, len(f.Kinds))
	for i, k := range f.Kinds {
		kinds[i] = int16(k)
	}
	l.where("kind = ANY(?::smallint[])", kinds)
	if f.From != 0 {
		l.where("month >= ?", int32(f.From))
	}
	if f.To != 0 {
		l.where("month <= ?", int32(f.To))
	}
	texts := map[string]string{"employee": f.Employee}
	for i, name := range f.Names {
		texts[cellKey[3+i]] = name
	}
	for _, column := range slices.Sorted(maps.Keys(texts)) {
		if value := texts[column]; value != "" {
			if !storable(value) {
				return false
			}
			l.where(column+" = ?", value)
		}
	}
	if f.Whole {
		l.conditions = append(l.conditions, "employee = ''")
	}
	return l.within("unit", f.OrgUnit)
}

// within adds the condition that a unit is the one of the path or lies below it. It returns false when no stored unit can
// meet it.
func (l *list) within(column, path string) bool {
	if path != "" {
		l.where("("+column+" = ? OR starts_with("+column+", ? || '/'))", path)
	}
	return storable(path)
}

// eachCell calls use with the cell of each row.
func eachCell(rows pgx.Rows, use func(projections.CellCount)) error {
	var c projections.CellCount
	var kind int16
	var month int32
	fields := []any{&kind, &month, &c.Unit, &c.Names[0], &c.Names[1], &c.Names[2], &c.Names[3], &c.Employee, &c.Role}
	for i := range c.Counts {
		fields = append(fields, &c.Counts[i])
	}
	_, err := pgx.ForEachRow(rows, fields, func() error {
		c.Kind, c.Month = projections.CellKind(kind), domain.Month(month)
		use(c)
		return nil
	})
	return err
}

// sortedCells returns the cells with a count other than zero, in order.
func sortedCells(cells map[projections.Cell]*projections.CellCounts) []projections.CellCount {
	sum := make(projections.CellSum, len(cells))
	for c, n := range cells {
		sum[c] = n
	}
	return sum.Sorted()
}

// queueCells adds the increments of the cells. A sum of more than 2^63 is an error: it takes more events than a log holds.
func (w *writer) queueCells() {
	sums := make([]string, len(cellSums))
	types := []string{"smallint[]", "integer[]"}
	for range cellKey[2:] {
		types = append(types, "text[]")
	}
	for i, n := range cellSums {
		sums[i] = n + " = r." + n + " + excluded." + n
		types = append(types, "bigint[]")
	}
	types = append(types, "bytea[]")
	for i := range types {
		types[i] = fmt.Sprintf("$%d::%s", i+2, types[i])
	}
	upsert := w.batch.store.sql(`INSERT INTO {g}.cells AS r (partition, ` + cellList() + `, texts)
		SELECT $1, i.* FROM unnest(` + strings.Join(types, ", ") + `) AS i
		ON CONFLICT (partition, kind, month, texts) DO UPDATE SET ` + strings.Join(sums, ", "))
	for rows := range slices.Chunk(sortedCells(w.changes.Effects.Rollups.Cells), rowsPerStatement) {
		arguments := []any{
			w.batch.at.Partition,
			column(rows, func(c *projections.CellCount) int16 { return int16(c.Kind) }),
			column(rows, func(c *projections.CellCount) int32 { return int32(c.Month) }),
			column(rows, func(c *projections.CellCount) string { return c.Unit }),
		}
		for i := range len(projections.Cell{}.Names) {
			arguments = append(arguments, column(rows, func(c *projections.CellCount) string { return c.Names[i] }))
		}
		arguments = append(arguments,
			column(rows, func(c *projections.CellCount) string { return c.Employee }),
			column(rows, func(c *projections.CellCount) string { return c.Role }))
		for i := range cellSums {
			arguments = append(arguments, column(rows, func(c *projections.CellCount) int64 { return c.Counts[i] }))
		}
		arguments = append(arguments, column(rows, textsOf))
		w.closing.Queue(upsert, arguments...)
	}
}

// copyCells writes cells into a table without a key.
func copyCells(ctx context.Context, tx pgx.Tx, schema string, partition int, cells []projections.CellCount) error {
	return copyAll(ctx, tx, schema+".cells", "partition, "+cellList()+", texts", cells, func(b *copyBuffer, c *projections.CellCount) error {
		b.row(2 + len(cellKey) + len(cellSums))
		b.integer(int64(partition))
		b.smallint(int64(c.Kind))
		b.integer(int64(c.Month))
		for _, text := range []string{c.Unit, c.Names[0], c.Names[1], c.Names[2], c.Names[3], c.Employee, c.Role} {
			b.text(text)
		}
		for _, n := range c.Counts {
			b.bigint(n)
		}
		b.blob(textsOf(c))
		return nil
	})
}

// textsOf returns the fingerprint of the texts that name a cell. Nobody can make two cells that have the same one.
func textsOf(c *projections.CellCount) []byte {
	sum := sha256.New()
	for _, text := range []string{c.Unit, c.Names[0], c.Names[1], c.Names[2], c.Names[3], c.Employee, c.Role} {
		// Writing to a sum never fails.
		_, _ = sum.Write(binary.AppendUvarint(nil, uint64(len(text))))
		_, _ = io.WriteString(sum, text)
	}
	return sum.Sum(nil)
}

// cells adds the cells of the pass as rows of their own, as rollups does.
func (l *loader) cells(ctx context.Context) error {
	sum := make(projections.CellSum)
	for _, c := range l.contents {
		for cell, n := range c.Rollups.Cells {
			sum.AddCount(cell, n)
		}
	}
	l.digest = l.digest.Add(projections.DigestOfCells(sum))
	return copyCells(ctx, l.tx, l.store.schema, l.pass.Partition, sum.Sorted())
}

// sumCells makes one row of the rows of the passes of a partition that count the same.
func (r *rebuilder) sumCells(ctx context.Context, tx pgx.Tx, partition int) error {
	rows, err := tx.Query(ctx, r.store.sql("DELETE FROM {g}.cells WHERE partition = $1 RETURNING "+cellList()), partition)
	if err != nil {
		return err
	}
	sum := make(projections.CellSum)
	if err := eachCell(rows, func(c projections.CellCount) { sum.AddCount(c.Cell, &c.Counts) }); err != nil {
		return err
	}
	return copyCells(ctx, tx, r.store.schema, partition, sum.Sorted())
}
