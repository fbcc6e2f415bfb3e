package pgview

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// caseColumns are the columns of the table cases.
const caseColumns = "kind, customer, id, unit, holder, topic, opened_at, near_at, due_at, waits_from, ended_at, detail"

// Cases returns the cases that the filter selects.
func (s *Store) Cases(ctx context.Context, filter projections.CaseFilter) (*projections.CasePage, error) {
	filter, after, err := filter.Check()
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	page := new(projections.CasePage)
	err = s.read(ctx, func(tx pgx.Tx, now moment) error {
		page.AsOf, page.Positions, page.Policy = now.newest, now.positions, now.policy
		selection, err := projections.NewCaseSelection(filter, now.newest)
		if err != nil {
			return err
		}
		l := list{}
		if l.filterCases(&filter, after, now.newest) {
			rows, err := tx.Query(ctx, s.sql(l.caseQuery(&filter)), l.arguments...)
			if err != nil {
				return err
			}
			if err := eachCase(rows, selection.Add); err != nil {
				return err
			}
		}
		if filter.Kind.MovesInSilence() {
			if err := s.silentCases(ctx, tx, &now, &filter, selection.Add); err != nil {
				return err
			}
		}
		page.Items, page.Next = selection.Page()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	return page, nil
}

// silentCases calls use with the cases of the streams whose timers are due by now, as silence has made them. What is stored of
// them is left out by filterCases.
func (s *Store) silentCases(ctx context.Context, tx pgx.Tx, now *moment, filter *projections.CaseFilter, use func(projections.Case)) error {
	query := s.sql(`SELECT c.id, c.partition, c.state FROM {g}.checkpoints p
		JOIN {g}.customers c ON c.partition = p.partition AND c.next_due > 0 AND c.next_due <= $1
		WHERE $2 IN ('', c.id)`)
	customer := filter.Customer
	if !storable(customer) {
		return nil
	}
	rows, err := tx.Query(ctx, query, int64(now.newest), customer)
	if err != nil {
		return err
	}
	var id string
	var partition int
	var state pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&id, &partition, &state}, func() error {
		c := projections.Customer{ID: id}
		if err := c.LoadState(state); err != nil {
			return fmt.Errorf("customer %q: %w", id, err)
		}
		snapshot, _ := now.folds[partition].At(&c, now.newest)
		if filter.MayWant(&snapshot) {
			for _, x := range snapshot.Cases(filter.Kind) {
				use(x)
			}
		}
		return nil
	})
	return err
}

// filterCases adds the conditions of the filter. It returns false when no stored case can meet them.
func (l *list) filterCases(f *projections.CaseFilter, after *projections.CaseCursor, now domain.Instant) bool {
	if f.Kind == projections.CaseWarning {
		l.conditions = append(l.conditions, "kind = 'warning'") // as the index of their ids has it
	} else {
		l.where("kind = ?", string(f.Kind))
	}
	if f.Kind.MovesInSilence() {
		l.where("NOT EXISTS (SELECT FROM {g}.customers s WHERE s.id = customer AND s.next_due BETWEEN 1 AND ?)", int64(now))
	}
	switch f.Snoozed {
	case projections.OnlyThose:
		l.where("waits_from > ?", int64(now))
	case projections.NoneSuch:
		l.where("waits_from <= ?", int64(now))
	}
	if f.Unanswered {
		l.where("waits_from BETWEEN 1 AND ?", int64(now))
	}
	switch f.Status {
	case projections.CaseEnded:
		l.conditions = append(l.conditions, "ended_at <> 0")
	case projections.CaseOpen, projections.CaseNear, projections.CaseOverdue:
		l.conditions = append(l.conditions, "ended_at = 0")
	}
	if f.Status == projections.CaseOverdue {
		l.where("due_at BETWEEN 1 AND ?", int64(now))
	}
	if f.Status == projections.CaseNear {
		l.where("near_at BETWEEN 1 AND ? AND (due_at = 0 OR due_at > ?)", int64(now))
	}
	for _, text := range [][2]string{{"topic", f.Topic}, {"holder", f.Holder}, {"customer", f.Customer}, {"id", f.ID}} {
		if column, value := text[0], text[1]; value != "" {
			if !storable(value) {
				return false
			}
			l.where(column+" = ?", value)
		}
	}
	if f.From != 0 {
		l.where("opened_at >= ?", int64(f.From))
	}
	if f.To != 0 {
		l.where("opened_at < ?", int64(f.To))
	}
	if after != nil {
		if !storable(after.Customer) || !storable(after.ID) {
			return false
		}
		l.where(caseOrder(f.Sort)+" >= ?", after.Value)
		place := fmt.Sprintf("%s > $%d", caseOrder(f.Sort), len(l.arguments))
		l.where("("+place+" OR (customer, id) > (?, "+l.place(after.ID)+"))", after.Customer)
	}
	return l.within("unit", f.OrgUnit)
}

// caseOrder is what a list of cases is sorted by.
func caseOrder(sort projections.CaseSort) string {
	if sort == projections.SortDue {
		return "(CASE WHEN due_at = 0 THEN 9223372036854775807 ELSE due_at END)"
	}
	return "(-opened_at)"
}

// caseQuery returns the statement for one case more than the page has, which shows that there is a next page.
func (l *list) caseQuery(f *projections.CaseFilter) string {
	query := "SELECT " + caseColumns + " FROM {g}.cases WHERE " + l.all()
	if f.Limit == projections.AllCases {
		return query
	}
	return query + " ORDER BY " + caseOrder(f.Sort) + ", customer, id LIMIT " + l.place(f.Limit+1)
}

// eachCase calls use with the case of each row.
func eachCase(rows pgx.Rows, use func(projections.Case)) error {
	var c projections.Case
	var kind, detail string
	fields := []any{
		&kind, &c.Customer, &c.ID, &c.OrgUnit, &c.Holder, &c.Topic, &c.Opened, &c.Near, &c.Due, &c.Waits, &c.Ended, &detail,
	}
	_, err := pgx.ForEachRow(rows, fields, func() error {
		c.Kind, c.Detail = projections.CaseKind(kind), json.RawMessage(detail)
		use(c)
		return nil
	})
	return err
}

// queueCases deletes the rows of the cases that changed and writes those that are there now.
func (w *writer) queueCases() {
	changed := make(map[projections.CaseRef]bool)
	var refs []projections.CaseRef
	for _, ref := range w.changes.Effects.Cases {
		if !changed[ref] {
			changed[ref] = true
			refs = append(refs, ref)
		}
	}
	if len(refs) == 0 {
		return
	}
	w.closing.Queue(w.batch.store.sql(`DELETE FROM {g}.cases c USING unnest($1::text[], $2::text[], $3::text[]) AS i (customer, kind, id)
		WHERE c.customer = i.customer AND c.kind = i.kind AND c.id = i.id`),
		column(refs, func(r *projections.CaseRef) string { return r.Customer }),
		column(refs, func(r *projections.CaseRef) string { return string(r.Kind) }),
		column(refs, func(r *projections.CaseRef) string { return r.ID }))
	w.insertCases(w.casesOf(refs, changed))
}

// casesOf returns the cases among those named that are there.
func (w *writer) casesOf(refs []projections.CaseRef, named map[projections.CaseRef]bool) []projections.Case {
	type stream struct {
		customer string
		kind     projections.CaseKind
	}
	seen := make(map[stream]bool)
	var cases []projections.Case
	for _, ref := range refs {
		of := stream{ref.Customer, ref.Kind}
		if seen[of] {
			continue
		}
		seen[of] = true
		for _, c := range w.batch.named[ref.Customer].customer.Cases(ref.Kind) {
			if named[projections.CaseRef{Customer: c.Customer, Kind: c.Kind, ID: c.ID}] {
				cases = append(cases, c)
			}
		}
	}
	return cases
}

func (w *writer) insertCases(cases []projections.Case) {
	if len(cases) == 0 {
		return
	}
	text := func(value func(*projections.Case) string) []string { return column(cases, value) }
	instant := func(value func(*projections.Case) domain.Instant) []int64 {
		return column(cases, func(c *projections.Case) int64 { return int64(value(c)) })
	}
	w.closing.Queue(w.batch.store.sql(`INSERT INTO {g}.cases (`+caseColumns+`)
		SELECT kind, customer, id, unit, holder, topic, opened_at, near_at, due_at, waits_from, ended_at, detail::json
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
			$7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[]) AS i (`+caseColumns+`)`),
		text(func(c *projections.Case) string { return string(c.Kind) }),
		text(func(c *projections.Case) string { return c.Customer }),
		text(func(c *projections.Case) string { return c.ID }),
		text(func(c *projections.Case) string { return c.OrgUnit }),
		text(func(c *projections.Case) string { return c.Holder }),
		text(func(c *projections.Case) string { return c.Topic }),
		instant(func(c *projections.Case) domain.Instant { return c.Opened }),
		instant(func(c *projections.Case) domain.Instant { return c.Near }),
		instant(func(c *projections.Case) domain.Instant { return c.Due }),
		instant(func(c *projections.Case) domain.Instant { return c.Waits }),
		instant(func(c *projections.Case) domain.Instant { return c.Ended }),
		text(func(c *projections.Case) string { return string(c.Detail) }))
}

// cases writes the cases of all streams.
func (l *loader) cases(ctx context.Context) error {
	defer func() { l.listed = nil }()
	return copyAll(ctx, l.tx, l.store.schema+".cases", caseColumns, l.listed, func(b *copyBuffer, c *projections.Case) error {
		b.row(12)
		for _, text := range []string{string(c.Kind), c.Customer, c.ID, c.OrgUnit, c.Holder, c.Topic} {
			b.text(text)
		}
		for _, at := range []domain.Instant{c.Opened, c.Near, c.Due, c.Waits, c.Ended} {
			b.bigint(int64(at))
		}
		b.blob(c.Detail)
		return nil
	})
}
