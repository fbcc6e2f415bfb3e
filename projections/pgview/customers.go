package pgview

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// silentMoves is how many moves silence alone can bring: the end of an override, maturity, decline and termination.
const silentMoves = 4

// row is a customer with what its row says beyond the state.
type row struct {
	// entry is that of the batch which changed the customer, nil when it was folded in memory.
	entry    *entry
	customer *projections.Customer
	// coded is the state in its binary form.
	coded         []byte
	digest, state projections.Digest
	sealed        int

	profile *projections.Profile
	silent  [silentMoves]silentMove
	other   pgtype.Text
}

// silentMove is a move that silence alone will bring.
type silentMove struct {
	at domain.Instant
	to domain.Stage
}

// prepare computes what several columns of the row need.
func (r *row) prepare(fold *projections.Fold) error {
	r.profile = r.customer.Profile
	if r.profile == nil {
		r.profile = new(projections.Profile)
	}
	outlook := fold.Outlook(r.customer)
	if len(outlook) > silentMoves {
		return fmt.Errorf("customer %q: silence brings %d moves, want at most %d", r.customer.ID, len(outlook), silentMoves)
	}
	for i := range outlook {
		r.silent[i] = silentMove{outlook[i].At, outlook[i].To}
	}
	other := r.customer.Trade.Other()
	if len(other) == 0 {
		return nil
	}
	sums := make([]projections.CurrencyView, len(other))
	for i, s := range other {
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

// appendTail appends the open chunk of the stream's index, which has no form while it is empty: a customer may be parked
// on its first event.
func appendTail(dst []byte, r *row) []byte {
	if r.customer.Stream.Version() == 0 {
		return dst
	}
	return r.customer.Stream.AppendChunk(dst, r.sealed)
}

// lastContact returns when the newest contact came about.
func (r *row) lastContact() int64 {
	if r.customer.Contacts == nil {
		return 0
	}
	return int64(r.customer.Contacts.Last.At)
}

// appendOffsets appends ascending offsets, each as its distance from the one before.
func appendOffsets(dst []byte, offsets []int64) []byte {
	var last int64
	for _, o := range offsets {
		dst = binary.AppendVarint(dst, o-last)
		last = o
	}
	return dst
}

// readOffsets returns the offsets that appendOffsets wrote; nil for none.
func readOffsets(b []byte) ([]int64, error) {
	var offsets []int64
	var last int64
	for len(b) > 0 {
		distance, n := binary.Varint(b)
		if n <= 0 {
			return nil, errors.New("list of offsets is cut off")
		}
		last += distance
		offsets, b = append(offsets, last), b[n:]
	}
	return offsets, nil
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
	// encode appends the bytes of one row, for a column of bytes.
	encode func(dst []byte, r *row) []byte
}

// bytesOf returns a column of bytes.
func bytesOf(name string, encode func(dst []byte, r *row) []byte) textColumn {
	values := of(func(r *row) []byte { return encode([]byte{}, r) })
	return textColumn{name: name, sqlType: "bytea", values: values, encode: encode}
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
		{"value_class", "smallint", func(r *row) int64 { return int64(r.customer.ValueClass()) }},
		{"risk", "smallint", func(r *row) int64 { return int64(r.customer.Lifecycle.Risk) }},
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
		{name: "id", sqlType: "text", values: of(func(r *row) string { return r.customer.ID })},
		{name: "is_customer", sqlType: "boolean", values: of(func(r *row) bool { return r.customer.IsCustomer() })},
		{name: "name", sqlType: "text", values: of(func(r *row) string { return r.profile.Name })},
		{name: "party_type", sqlType: "text", values: of(func(r *row) string { return r.profile.PartyType })},
		{name: "org_unit", sqlType: "text", values: of(func(r *row) string { return r.customer.OrgUnit() })},
		{name: "owners", sqlType: "text[]", values: of(func(r *row) string { return textArray(r.profile.Owners) })},
		{name: "id_folded", sqlType: "text", values: of(func(r *row) string { return strings.ToLower(r.customer.ID) })},
		{name: "name_folded", sqlType: "text", values: of(func(r *row) string { return strings.ToLower(r.profile.Name) })},
		{name: "currency", sqlType: "text", values: of(func(r *row) string { return r.customer.Trade.Main.Currency })},
		{name: "other_sums", sqlType: "json", values: of(func(r *row) pgtype.Text { return r.other })},
		bytesOf("state", func(dst []byte, r *row) []byte { return append(dst, r.coded...) }),
		bytesOf("tail", appendTail),
		bytesOf("touched", func(dst []byte, r *row) []byte { return appendOffsets(dst, r.customer.Touched) }),
	}}
	for i := range silentMoves {
		t.numbers = append(t.numbers,
			numberColumn{fmt.Sprintf("silent%d_at", i+1), "bigint", func(r *row) int64 { return int64(r.silent[i].at) }},
			numberColumn{fmt.Sprintf("silent%d_stage", i+1), "smallint", func(r *row) int64 { return int64(r.silent[i].to) }},
		)
	}
	return t
}

// stage returns the statement that makes the table in which changed rows are gathered before they replace those of the
// generation. It belongs to one connection, which keeps it; at the end of a transaction it is empty.
func (t customerTable) stage(schema string) string {
	return "CREATE TEMPORARY TABLE IF NOT EXISTS " + staging(schema) + " (LIKE " + schema + ".customers) ON COMMIT DELETE ROWS"
}

// staging returns the name of that table.
func staging(schema string) string { return "staged_" + schema }

// replace returns the statement that replaces rows of the generation by the gathered ones.
func (t customerTable) replace(schema string) string {
	var updates []string
	for _, c := range t.numbers {
		updates = append(updates, c.name+" = s."+c.name)
	}
	for _, c := range t.texts {
		if c.name != "id" {
			updates = append(updates, c.name+" = s."+c.name)
		}
	}
	return "UPDATE " + schema + ".customers c SET " + strings.Join(updates, ", ") +
		" FROM " + staging(schema) + " s WHERE c.id = s.id"
}

// prepareRows computes what the rows need beside the states.
func (w *writer) prepareRows() error {
	fold := w.fold()
	for _, rows := range w.rows() {
		for i := range rows {
			if err := rows[i].prepare(fold); err != nil {
				return err
			}
		}
	}
	return nil
}

// fold returns the fold by which the changed customers are seen from this batch on, or from the end of the sweep on of
// which it is a part.
func (w *writer) fold() *projections.Fold {
	return cmp.Or(w.changes.Coming, w.changes.Fold, w.batch.fold)
}

// copyCustomers writes the rows of new customers, and gathers those of others.
func (w *writer) copyCustomers(ctx context.Context, tx pgx.Tx) error {
	s := w.batch.store
	encoder := customerEncoder{table: &s.customers, partition: w.batch.at.Partition}
	if err := encoder.copy(ctx, tx, s.schema+".customers", w.fresh); err != nil {
		return err
	}
	return encoder.copy(ctx, tx, staging(s.schema), w.known)
}

// copy writes rows into a table with the columns of customers.
func (e customerEncoder) copy(ctx context.Context, tx pgx.Tx, table string, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	chunks, stop := iter.Pull(slices.Chunk(rows, rowsAtATime))
	defer stop()
	return copyRows(ctx, tx, table, e.columns(), func(b *copyBuffer) (bool, error) {
		chunk, more := chunks()
		return more, e.encode(b, chunk)
	})
}

// copyChunks stores the chunks of stream indexes that were sealed by this batch.
func (w *writer) copyChunks(ctx context.Context, tx pgx.Tx) error {
	var chunks []sealedChunk
	for _, rows := range w.rows() {
		for i := range rows {
			chunks = rows[i].appendSealed(chunks, rows[i].entry.sealed)
		}
	}
	return copySealed(ctx, tx, w.batch.store.schema, chunks)
}

// sealedChunk is a chunk of a stream's index that will not change any more.
type sealedChunk struct {
	stream *projections.Customer
	number int
}

// appendSealed appends the sealed chunks of the row from the given number on.
func (r *row) appendSealed(chunks []sealedChunk, from int) []sealedChunk {
	for n := from; n < r.sealed; n++ {
		chunks = append(chunks, sealedChunk{r.customer, n})
	}
	return chunks
}

func copySealed(ctx context.Context, tx pgx.Tx, schema string, chunks []sealedChunk) error {
	return copyAll(ctx, tx, schema+".stream_chunks", "customer, number, chunk", chunks, func(b *copyBuffer, c *sealedChunk) error {
		b.row(3)
		b.text(c.stream.ID)
		b.integer(int64(c.number))
		b.appended(func(dst []byte) []byte { return c.stream.Stream.AppendChunk(dst, c.number) })
		return nil
	})
}
