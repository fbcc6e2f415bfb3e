package pgview

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

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
		if filter.Class != "" {
			l.where("value_class = (?::smallint[])[partition + 1]", now.classPlaces(filter.Class))
		}
		page.Items, err = s.page(ctx, tx, &now, l, filter, after)
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

// page returns the items of a page and one more, when there is one. What time makes of the risk of a customer is not in the
// rows, so a filter by it takes in all customers with a timer that is due, looks at them and reads on until the page is full.
func (s *Store) page(ctx context.Context, tx pgx.Tx, now *moment, l list, filter projections.CustomerFilter, after *projections.Cursor) ([]projections.CustomerItem, error) {
	items := []projections.CustomerItem{}
	for {
		query, arguments, most := l.query(filter, after)
		rows, err := tx.Query(ctx, s.sql(query), arguments...)
		if err != nil {
			return nil, err
		}
		read, err := now.items(rows)
		if err != nil {
			return nil, err
		}
		for i := range read {
			if filter.Risk == domain.RiskLow || read[i].Risk == filter.Risk {
				items = append(items, read[i])
			}
		}
		if len(items) > filter.Limit || len(read) < most {
			return items, nil
		}
		after = filter.CursorAfter(&read[len(read)-1])
	}
}

// items returns the customers in rows as of the moment.
func (now *moment) items(rows pgx.Rows) ([]projections.CustomerItem, error) {
	items := []projections.CustomerItem{}
	err := now.each(rows, func(fold *projections.Fold, c *projections.Customer) { items = append(items, fold.Item(c, now.newest)) })
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
	if f.Risk != domain.RiskLow {
		l.where("(risk = ? OR next_due BETWEEN 1 AND $1)", int16(f.Risk))
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

// riskRows is how many customers are read at a time for a list by the level of the risk.
const riskRows = 500

// query returns the statement for one item more than the page has, which shows that there is a next page, its arguments, and
// the most rows it gives.
func (l list) query(f projections.CustomerFilter, after *projections.Cursor) (query string, arguments []any, most int) {
	l.conditions, l.arguments = slices.Clip(l.conditions), slices.Clip(l.arguments)
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
	most = f.Limit + 1
	if f.Risk != domain.RiskLow {
		most = max(most, riskRows)
	}
	query = "SELECT id, partition, state FROM {g}.customers WHERE " + l.all() + " ORDER BY " + order + " LIMIT " + l.place(most)
	return query, l.arguments, most
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
