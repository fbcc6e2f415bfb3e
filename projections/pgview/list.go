package pgview

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// The stage of a customer and its beginning as of $1: those of the last silent move by then, or the stored ones.
const (
	stageNow = `CASE WHEN silent4_at BETWEEN 1 AND $1 THEN silent4_stage WHEN silent3_at BETWEEN 1 AND $1 THEN silent3_stage
		WHEN silent2_at BETWEEN 1 AND $1 THEN silent2_stage WHEN silent1_at BETWEEN 1 AND $1 THEN silent1_stage ELSE stage END`
	sinceNow = `CASE WHEN silent4_at BETWEEN 1 AND $1 THEN silent4_at WHEN silent3_at BETWEEN 1 AND $1 THEN silent3_at
		WHEN silent2_at BETWEEN 1 AND $1 THEN silent2_at WHEN silent1_at BETWEEN 1 AND $1 THEN silent1_at ELSE since END`
)

// Customers returns a page of customers. Lists by id, by newest event and by newest purchase follow an index; one by
// the entry into the stage, which time changes, looks at every customer that the filter leaves, as a search for a text
// does.
func (s *Store) Customers(ctx context.Context, filter projections.CustomerFilter) (*projections.CustomerPage, error) {
	filter, after, err := filter.Check()
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	if after != nil && (!storable(after.ID) || filter.Sort == projections.SortID && after.Value != 0) {
		return nil, fmt.Errorf("list customers: %w: cursor is not one of ours", projections.ErrFilter)
	}
	page := &projections.CustomerPage{Items: []projections.CustomerItem{}}
	err = s.read(ctx, func(tx pgx.Tx, now moment) error {
		page.AsOf, page.Positions = now.newest, now.positions
		l := list{arguments: []any{int64(now.newest)}, conditions: []string{"is_customer", "events > 0", "$1::bigint IS NOT NULL"}}
		if !l.filter(filter) {
			return nil
		}
		rows, err := tx.Query(ctx, s.sql(l.query(filter, after)), l.arguments...)
		if err != nil {
			return err
		}
		page.Items, err = now.items(rows)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	if len(page.Items) > filter.Limit {
		page.Items = page.Items[:filter.Limit]
		page.Next = filter.NextCursor(&page.Items[filter.Limit-1])
	}
	return page, nil
}

// items returns the customers in rows as of the moment.
func (now *moment) items(rows pgx.Rows) ([]projections.CustomerItem, error) {
	items := []projections.CustomerItem{}
	var id string
	var partition int
	var state pgtype.DriverBytes
	_, err := pgx.ForEachRow(rows, []any{&id, &partition, &state}, func() error {
		c := projections.Customer{ID: id}
		if err := c.LoadState(state); err != nil {
			return fmt.Errorf("customer %q: %w", id, err)
		}
		items = append(items, now.folds[partition].Item(&c, now.newest))
		return nil
	})
	return items, err
}

// list collects the conditions of a list and their arguments. In a list of customers the first is the instant "now".
type list struct {
	conditions []string
	arguments  []any
}

// where adds a condition, in which ? stands for the value.
func (l *list) where(condition string, value any) {
	l.conditions = append(l.conditions, strings.ReplaceAll(condition, "?", l.place(value)))
}

// place adds an argument and returns its place in the statement.
func (l *list) place(value any) string {
	l.arguments = append(l.arguments, value)
	return fmt.Sprintf("$%d", len(l.arguments))
}

// all returns the conditions together.
func (l *list) all() string { return strings.Join(l.conditions, " AND ") }

// filter adds the conditions of the filter. It returns false when no stored text can meet them.
func (l *list) filter(f projections.CustomerFilter) bool {
	if !storable(f.OrgUnit) || !storable(f.Owner) {
		return false
	}
	if f.Stage != domain.StageNone {
		l.where(stageNow+" = ?::smallint", int16(f.Stage))
	}
	if f.OrgUnit != "" {
		// The range serves the index: in byte order every path below a unit lies before the unit followed by 0, the
		// character after the slash.
		l.where("org_unit <> '' AND org_unit >= ? AND org_unit < ? || '0' AND (org_unit = ? OR starts_with(org_unit, ? || '/'))", f.OrgUnit)
	}
	if f.Owner != "" {
		l.where("? = ANY(owners)", f.Owner)
	}
	if text := strings.ToLower(f.Text); text != "" {
		if !storable(text) {
			return false
		}
		l.where("(strpos(id_folded, ?) > 0 OR strpos(name_folded, ?) > 0)", text)
	}
	return true
}

// query returns the statement for one item more than the page has, which shows that there is a next page.
func (l *list) query(f projections.CustomerFilter, after *projections.Cursor) string {
	var value, order string
	switch f.Sort {
	case projections.SortLastEvent:
		value = "last_event_at"
	case projections.SortLastPurchase:
		value = "last_purchase_at"
	case projections.SortSince:
		value = "(" + sinceNow + ")"
	}
	if value == "" {
		order = "id"
	} else {
		order = value + " DESC, id"
	}
	if after != nil {
		l.after(value, after)
	}
	return "SELECT id, partition, state FROM {g}.customers WHERE " + l.all() + " ORDER BY " + order + " LIMIT " + l.place(f.Limit+1)
}

// after adds the condition that an item comes after the place of the cursor. In a list by id every item has the value
// zero, and so has a cursor that was made there.
func (l *list) after(value string, c *projections.Cursor) {
	if value == "" {
		l.where("id > ?", c.ID)
		return
	}
	// The first condition alone is what the index can follow.
	l.where(value+" <= ?::bigint", int64(c.Value))
	newer := fmt.Sprintf("%s < $%d", value, len(l.arguments))
	l.where("("+newer+" OR id > ?)", c.ID)
}
