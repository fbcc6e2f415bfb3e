package pgview

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

// rowScan reads rows of the table customers, to compare them with rows that were folded in memory.
type rowScan struct {
	table *customerTable
	// columns is the list of columns, after the partition, and targets where they are read into.
	columns   string
	targets   []any
	partition *int
	numbers   []int64
	texts     []any
	identity  *string
}

func newRowScan(table *customerTable) *rowScan {
	r := &rowScan{table: table, partition: new(int), numbers: make([]int64, len(table.numbers))}
	r.targets = append(r.targets, r.partition)
	var names []string
	for i, c := range table.numbers {
		names = append(names, "c."+c.name+"::bigint")
		r.targets = append(r.targets, &r.numbers[i])
	}
	for _, c := range table.texts {
		name, target := "c."+c.name, any(new(string))
		switch c.sqlType {
		case "boolean":
			target = new(bool)
		case "text[]":
			target = new([]string)
		case "json":
			name, target = name+"::text", new(pgtype.Text)
		case "bytea":
			target = new(pgtype.DriverBytes)
		}
		if c.name == "id" {
			r.identity, _ = target.(*string)
		}
		names = append(names, name)
		r.texts = append(r.texts, target)
		r.targets = append(r.targets, target)
	}
	r.columns = strings.Join(names, ", ")
	return r
}

// id returns the id in the row.
func (r *rowScan) id() string { return *r.identity }

// differences returns the columns in which the row that was scanned differs from another.
func (r *rowScan) differences(want *row) ([]refold.Field, error) {
	var fields []refold.Field
	for i, c := range r.table.numbers {
		if got, want := r.numbers[i], c.value(want); got != want {
			fields = append(fields, refold.Field{Name: c.name, Live: strconv.FormatInt(got, 10), Log: strconv.FormatInt(want, 10)})
		}
	}
	one := []row{*want}
	for i, c := range r.table.texts {
		if c.name == "touched" {
			continue
		}
		got, err := shownText(r.texts[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
		had, err := shownText(c.values(one))
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
		if got != had {
			fields = append(fields, refold.Field{Name: c.name, Live: got, Log: had})
		}
	}
	return fields, nil
}

// shownText returns a value that was scanned, or the only one of a list of them, as text.
func shownText(value any) (string, error) {
	switch v := value.(type) {
	case *string:
		return *v, nil
	case []string:
		return v[0], nil
	case *bool:
		return strconv.FormatBool(*v), nil
	case []bool:
		return strconv.FormatBool(v[0]), nil
	case *[]string:
		return textArray(*v), nil
	case *pgtype.Text:
		return shownOptional(*v), nil
	case []pgtype.Text:
		return shownOptional(v[0]), nil
	case *pgtype.DriverBytes:
		return shortBytes(*v), nil
	case [][]byte:
		return shortBytes(v[0]), nil
	default:
		return "", fmt.Errorf("a %T cannot be compared", value)
	}
}

func shownOptional(t pgtype.Text) string {
	if !t.Valid {
		return refold.Absent
	}
	return t.String
}

// fingerprint returns a short name for some bytes.
func fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// scanMove reads a row of the table moves.
func scanMove(row interface{ Scan(...any) error }) (m projections.Move, err error) {
	var from, to, reason int16
	err = row.Scan(&m.Customer, &m.Seq, &m.At, &from, &to, &reason, &m.Inferred, &m.WonBack, &m.Dwell, &m.Evidence, &m.Policy)
	m.From, m.To, m.Reason = domain.Stage(from), domain.Stage(to), projections.Reason(reason)
	return m, err
}
