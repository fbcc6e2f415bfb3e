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

// customerColumn is a column of the table customers with its type in SQL, an array element's.
type customerColumn struct{ name, sqlType string }

// customerColumns are the columns that a batch writes, in the order of customerRows.arguments.
var customerColumns = []customerColumn{
	{"id", "text"}, {"is_customer", "boolean"}, {"events", "bigint"}, {"last_offset", "bigint"},
	{"first_event_at", "bigint"}, {"last_event_at", "bigint"},
	{"stage", "smallint"}, {"since", "bigint"}, {"cohort", "integer"}, {"next_due", "bigint"},
	{"silent1_at", "bigint"}, {"silent1_stage", "smallint"}, {"silent2_at", "bigint"}, {"silent2_stage", "smallint"},
	{"silent3_at", "bigint"}, {"silent3_stage", "smallint"}, {"silent4_at", "bigint"}, {"silent4_stage", "smallint"},
	{"name", "text"}, {"party_type", "text"}, {"org_unit", "text"}, {"owners", "text[]"},
	{"id_folded", "text"}, {"name_folded", "text"},
	{"purchases", "bigint"}, {"currency", "text"}, {"purchased_minor", "bigint"}, {"returned_minor", "bigint"},
	{"other_sums", "json"}, {"last_purchase_at", "bigint"}, {"last_contact_at", "bigint"}, {"open_matters", "integer"},
	{"digest1", "bigint"}, {"digest2", "bigint"}, {"sealed", "integer"}, {"state", "bytea"}, {"tail", "bytea"},
}

// upsertCustomers returns the statement that inserts or replaces rows of customers. $1 is the partition, the others
// are the columns.
func upsertCustomers(schema string) string {
	var names, values, parameters, updates []string
	for i, c := range customerColumns {
		names = append(names, c.name)
		value, element := c.name, c.sqlType
		// Arrays of arrays and of JSON travel as text.
		if element == "text[]" || element == "json" {
			value, element = c.name+"::"+c.sqlType, "text"
		}
		values = append(values, value)
		parameters = append(parameters, fmt.Sprintf("$%d::%s[]", i+2, element))
		if c.name != "id" {
			updates = append(updates, c.name+" = excluded."+c.name)
		}
	}
	list := strings.Join(names, ", ")
	return "INSERT INTO " + schema + ".customers (partition, " + list + ") SELECT $1, " + strings.Join(values, ", ") +
		" FROM unnest(" + strings.Join(parameters, ", ") + ") AS c (" + list + ") ON CONFLICT (id) DO UPDATE SET " +
		strings.Join(updates, ", ")
}

func (w *writer) queueCustomers() error {
	s := w.batch.store
	upsert := upsertCustomers(s.schema)
	for rows := range slices.Chunk(w.rows, rowsPerStatement) {
		columns, err := newCustomerRows(s.fold, rows)
		if err != nil {
			return err
		}
		w.queries.Queue(upsert, append([]any{w.batch.at.Partition}, columns.arguments()...)...)
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

// customerRows are rows of the table customers by column.
type customerRows struct {
	id, name, partyType, orgUnit, owners, idFolded, nameFolded, currency []string

	isCustomer                                                []bool
	events, lastOffset, first, last, since, nextDue           []int64
	purchases, purchased, returned, lastPurchase, lastContact []int64
	digest1, digest2                                          []int64
	stage                                                     []int16
	cohort, openMatters, sealed                               []int32
	silentAt                                                  [silentMoves][]int64
	silentStage                                               [silentMoves][]int16
	otherSums                                                 []pgtype.Text
	state, tail                                               [][]byte
}

// newCustomerRows returns the columns of the given rows.
func newCustomerRows(fold *projections.Fold, rows []row) (*customerRows, error) {
	t := new(customerRows)
	for i := range rows {
		r := &rows[i]
		c := &r.entry.customer
		t.addStream(c, r)
		t.addProfile(c)
		if err := t.addTrade(c); err != nil {
			return nil, fmt.Errorf("customer %q: %w", c.ID, err)
		}
		if err := t.addLifecycle(c, fold.Outlook(c)); err != nil {
			return nil, fmt.Errorf("customer %q: %w", c.ID, err)
		}
	}
	return t, nil
}

func (t *customerRows) addStream(c *projections.Customer, r *row) {
	t.id = append(t.id, c.ID)
	t.idFolded = append(t.idFolded, strings.ToLower(c.ID))
	t.isCustomer = append(t.isCustomer, c.IsCustomer())
	t.events = append(t.events, c.Events)
	last := int64(-1)
	for _, offset := range c.Stream.LastOffsets(1) {
		last = offset
	}
	t.lastOffset = append(t.lastOffset, last)
	t.first = append(t.first, int64(c.First))
	t.last = append(t.last, int64(c.Last))
	t.digest1 = append(t.digest1, int64(r.digest[0]))
	t.digest2 = append(t.digest2, int64(r.digest[1]))
	t.sealed = append(t.sealed, int32(r.sealed))
	t.state = append(t.state, c.AppendState(nil))
	t.tail = append(t.tail, c.Stream.AppendChunk(nil, r.sealed))
}

func (t *customerRows) addProfile(c *projections.Customer) {
	p := c.Profile
	if p == nil {
		p = new(projections.Profile)
	}
	t.name = append(t.name, p.Name)
	t.nameFolded = append(t.nameFolded, strings.ToLower(p.Name))
	t.partyType = append(t.partyType, p.PartyType)
	t.orgUnit = append(t.orgUnit, c.OrgUnit())
	t.owners = append(t.owners, textArray(p.Owners))
	var contact int64
	if c.Contacts != nil {
		contact = int64(c.Contacts.Last.At)
	}
	t.lastContact = append(t.lastContact, contact)
	t.openMatters = append(t.openMatters, int32(len(c.Matters.Open)))
}

func (t *customerRows) addTrade(c *projections.Customer) error {
	t.purchases = append(t.purchases, c.Trade.Purchases)
	t.currency = append(t.currency, c.Trade.Main.Currency)
	t.purchased = append(t.purchased, c.Trade.Main.Purchased)
	t.returned = append(t.returned, c.Trade.Main.Returned)
	t.lastPurchase = append(t.lastPurchase, int64(c.Trade.LastPurchase))
	var other pgtype.Text
	if len(c.Trade.Other) > 0 {
		sums := make([]projections.CurrencyView, len(c.Trade.Other))
		for i, s := range c.Trade.Other {
			sums[i] = projections.CurrencyView{Currency: s.Currency, PurchasedMinor: s.Purchased, ReturnedMinor: s.Returned}
		}
		text, err := json.Marshal(sums)
		if err != nil {
			return fmt.Errorf("sums: %w", err)
		}
		other = pgtype.Text{String: string(text), Valid: true}
	}
	t.otherSums = append(t.otherSums, other)
	return nil
}

func (t *customerRows) addLifecycle(c *projections.Customer, outlook []projections.Move) error {
	l := &c.Lifecycle
	t.stage = append(t.stage, int16(l.Stage))
	t.since = append(t.since, int64(l.Since))
	t.cohort = append(t.cohort, int32(l.Cohort))
	t.nextDue = append(t.nextDue, int64(c.NextDue()))
	if len(outlook) > silentMoves {
		return fmt.Errorf("silence brings %d moves, want at most %d", len(outlook), silentMoves)
	}
	for i := range silentMoves {
		var m projections.Move
		if i < len(outlook) {
			m = outlook[i]
		}
		t.silentAt[i] = append(t.silentAt[i], int64(m.At))
		t.silentStage[i] = append(t.silentStage[i], int16(m.To))
	}
	return nil
}

// arguments returns the columns in the order of customerColumns.
func (t *customerRows) arguments() []any {
	return []any{
		t.id, t.isCustomer, t.events, t.lastOffset, t.first, t.last, t.stage, t.since, t.cohort, t.nextDue,
		t.silentAt[0], t.silentStage[0], t.silentAt[1], t.silentStage[1],
		t.silentAt[2], t.silentStage[2], t.silentAt[3], t.silentStage[3],
		t.name, t.partyType, t.orgUnit, t.owners, t.idFolded, t.nameFolded,
		t.purchases, t.currency, t.purchased, t.returned, t.otherSums, t.lastPurchase, t.lastContact, t.openMatters,
		t.digest1, t.digest2, t.sealed, t.state, t.tail,
	}
}
