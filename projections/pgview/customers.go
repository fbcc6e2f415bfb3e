package pgview

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/projections"
)

// silentMoves is how many moves silence alone can bring: the end of an override, maturity, decline and termination.
const silentMoves = 4

// row is a changed customer with what its new row says beyond the state.
type row struct {
	entry         *entry
	digest, state projections.Digest
	sealed        int

	customer *projections.Customer
	profile  *projections.Profile
	silent   [silentMoves]projections.Move
	other    pgtype.Text
}

// prepare computes what several columns of the row need.
func (r *row) prepare(fold *projections.Fold) error {
	r.customer = &r.entry.customer
	r.profile = r.customer.Profile
	if r.profile == nil {
		r.profile = new(projections.Profile)
	}
	outlook := fold.Outlook(r.customer)
	if len(outlook) > silentMoves {
		return fmt.Errorf("customer %q: silence brings %d moves, want at most %d", r.customer.ID, len(outlook), silentMoves)
	}
	copy(r.silent[:], outlook)
	if len(r.customer.Trade.Other) == 0 {
		return nil
	}
	sums := make([]projections.CurrencyView, len(r.customer.Trade.Other))
	for i, s := range r.customer.Trade.Other {
		sums[i] = projections.CurrencyView{Currency: s.Currency, PurchasedMinor: s.Purchased, ReturnedMinor: s.Returned}
	}
	text, err := json.Marshal(sums)
	if err != nil {
		return fmt.Errorf("customer %q: sums: %w", r.customer.ID, err)
	}
	r.other = pgtype.Text{String: string(text), Valid: true}
	return nil
}

// lastOffset returns where the newest accepted record is.
func (r *row) lastOffset() int64 {
	for _, offset := range r.customer.Stream.LastOffsets(1) {
		return offset
	}
	return -1
}

// lastContact returns when the newest contact came about.
func (r *row) lastContact() int64 {
	if r.customer.Contacts == nil {
		return 0
	}
	return int64(r.customer.Contacts.Last.At)
}

// numberColumn is a column of the table customers that holds a number, and its value for a row.
type numberColumn struct {
	name, sqlType string
	value         func(*row) int64
}

// textColumn is a column of the table customers that holds text or bytes, and its values for some rows.
type textColumn struct {
	name, sqlType string
	values        func(rows []row) any
}

// of returns the values of a column by the value of one row.
func of[V any](value func(*row) V) func([]row) any {
	return func(rows []row) any { return column(rows, value) }
}

// customerTable is the columns of the table customers that a batch writes, all but the partition.
type customerTable struct {
	numbers []numberColumn
	texts   []textColumn
}

func newCustomerTable() customerTable {
	t := customerTable{numbers: []numberColumn{
		{"events", "bigint", func(r *row) int64 { return r.customer.Events }},
		{"last_offset", "bigint", (*row).lastOffset},
		{"first_event_at", "bigint", func(r *row) int64 { return int64(r.customer.First) }},
		{"last_event_at", "bigint", func(r *row) int64 { return int64(r.customer.Last) }},
		{"stage", "smallint", func(r *row) int64 { return int64(r.customer.Lifecycle.Stage) }},
		{"since", "bigint", func(r *row) int64 { return int64(r.customer.Lifecycle.Since) }},
		{"cohort", "integer", func(r *row) int64 { return int64(r.customer.Lifecycle.Cohort) }},
		{"next_due", "bigint", func(r *row) int64 { return int64(r.customer.NextDue()) }},
		{"purchases", "bigint", func(r *row) int64 { return r.customer.Trade.Purchases }},
		{"purchased_minor", "bigint", func(r *row) int64 { return r.customer.Trade.Main.Purchased }},
		{"returned_minor", "bigint", func(r *row) int64 { return r.customer.Trade.Main.Returned }},
		{"last_purchase_at", "bigint", func(r *row) int64 { return int64(r.customer.Trade.LastPurchase) }},
		{"last_contact_at", "bigint", (*row).lastContact},
		{"open_matters", "integer", func(r *row) int64 { return int64(len(r.customer.Matters.Open)) }},
		{"digest1", "bigint", func(r *row) int64 { return int64(r.digest[0]) }},
		{"digest2", "bigint", func(r *row) int64 { return int64(r.digest[1]) }},
		{"sealed", "integer", func(r *row) int64 { return int64(r.sealed) }},
	}, texts: []textColumn{
		{"id", "text", of(func(r *row) string { return r.customer.ID })},
		{"is_customer", "boolean", of(func(r *row) bool { return r.customer.IsCustomer() })},
		{"name", "text", of(func(r *row) string { return r.profile.Name })},
		{"party_type", "text", of(func(r *row) string { return r.profile.PartyType })},
		{"org_unit", "text", of(func(r *row) string { return r.customer.OrgUnit() })},
		{"owners", "text[]", of(func(r *row) string { return textArray(r.profile.Owners) })},
		{"id_folded", "text", of(func(r *row) string { return strings.ToLower(r.customer.ID) })},
		{"name_folded", "text", of(func(r *row) string { return strings.ToLower(r.profile.Name) })},
		{"currency", "text", of(func(r *row) string { return r.customer.Trade.Main.Currency })},
		{"other_sums", "json", of(func(r *row) pgtype.Text { return r.other })},
		{"state", "bytea", of(func(r *row) []byte { return r.customer.AppendState(nil) })},
		{"tail", "bytea", of(func(r *row) []byte { return r.customer.Stream.AppendChunk(nil, r.sealed) })},
	}}
	for i := range silentMoves {
		t.numbers = append(t.numbers,
			numberColumn{fmt.Sprintf("silent%d_at", i+1), "bigint", func(r *row) int64 { return int64(r.silent[i].At) }},
			numberColumn{fmt.Sprintf("silent%d_stage", i+1), "smallint", func(r *row) int64 { return int64(r.silent[i].To) }},
		)
	}
	return t
}

// upsert returns the statement that inserts or replaces rows. $1 is the partition, $2 the numbers of all rows one row
// after the other, and the parameters after them are the other columns. The numbers are taken out of their array by
// position because unnest with an array for each of them would take longer than the writing itself.
func (t customerTable) upsert(schema string) string {
	var names, values, parameters, unnested []string
	for i, c := range t.numbers {
		names = append(names, c.name)
		values = append(values, fmt.Sprintf("($2::bigint[])[(r.position - 1) * %d + %d]::%s", len(t.numbers), i+1, c.sqlType))
	}
	for i, c := range t.texts {
		element := c.sqlType
		// Arrays of arrays and of JSON travel as text.
		if element == "text[]" || element == "json" {
			element = "text"
		}
		names, unnested = append(names, c.name), append(unnested, c.name)
		values = append(values, "r."+c.name+"::"+c.sqlType)
		parameters = append(parameters, fmt.Sprintf("$%d::%s[]", i+3, element))
	}
	var updates []string
	for _, name := range names {
		if name != "id" {
			updates = append(updates, name+" = excluded."+name)
		}
	}
	return "INSERT INTO " + schema + ".customers (partition, " + strings.Join(names, ", ") + ")" +
		" SELECT $1, " + strings.Join(values, ", ") +
		" FROM unnest(" + strings.Join(parameters, ", ") + ") WITH ORDINALITY AS r (" + strings.Join(unnested, ", ") + ", position)" +
		" ON CONFLICT (id) DO UPDATE SET " + strings.Join(updates, ", ")
}

// arguments returns the parameters of the statement for some rows.
func (t customerTable) arguments(partition int, rows []row) []any {
	numbers := make([]int64, 0, len(rows)*len(t.numbers))
	for i := range rows {
		for j := range t.numbers {
			numbers = append(numbers, t.numbers[j].value(&rows[i]))
		}
	}
	arguments := []any{partition, numbers}
	for _, c := range t.texts {
		arguments = append(arguments, c.values(rows))
	}
	return arguments
}

func (w *writer) queueCustomers() error {
	s := w.batch.store
	for i := range w.rows {
		if err := w.rows[i].prepare(s.fold); err != nil {
			return err
		}
	}
	for rows := range slices.Chunk(w.rows, rowsPerStatement) {
		w.queries.Queue(s.upsert, s.customers.arguments(w.batch.at.Partition, rows)...)
	}
	w.queueChunks()
	return nil
}

// queueChunks stores the chunks of stream indexes that were sealed by this batch.
func (w *writer) queueChunks() {
	insert := w.batch.store.sql(`INSERT INTO {g}.stream_chunks (customer, number, chunk)
		SELECT customer, number, chunk FROM unnest($1::text[], $2::integer[], $3::bytea[]) AS c (customer, number, chunk)`)
	var customers []string
	var numbers []int32
	var chunks [][]byte
	for i := range w.rows {
		r := &w.rows[i]
		for n := r.entry.sealed; n < r.sealed; n++ {
			customers = append(customers, r.entry.customer.ID)
			numbers = append(numbers, int32(n))
			chunks = append(chunks, r.entry.customer.Stream.AppendChunk(nil, n))
		}
	}
	if len(customers) > 0 {
		w.queries.Queue(insert, customers, numbers, chunks)
	}
}
