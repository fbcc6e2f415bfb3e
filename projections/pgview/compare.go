package pgview

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
	"github.com/rapport-crm/rapport/projections/refold"
)

// Report takes a difference between the views and the log.
type Report func(refold.Difference)

// Compare compares the rows of the streams of a pass, which was folded up to the positions of the snapshot, column by
// column: customers with their states and indexes, their moves and their cases. It returns how many streams there were. Which ticks
// touched a stream is not compared, because ticks that come together count as one of them.
func (n *Snapshot) Compare(ctx context.Context, pass *refold.Pass, report Report) (int64, error) {
	return n.compare(ctx, pass, "c.partition = $1", pass.Partition, report)
}

// CompareStream is Compare for the only stream of a pass.
func (n *Snapshot) CompareStream(ctx context.Context, pass *refold.Pass, id string, report Report) error {
	_, err := n.compare(ctx, pass, "c.id = $1", id, report)
	return err
}

func (n *Snapshot) compare(ctx context.Context, pass *refold.Pass, where string, argument any, report Report) (int64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := &comparison{snapshot: n, pass: pass, where: where, argument: argument, report: report}
	for _, s := range pass.Stores() {
		contents, err := s.Contents(0)
		if err != nil {
			return 0, err
		}
		c.shares = append(c.shares, contents)
	}
	for _, part := range []func(context.Context) error{c.customers, c.moves, c.chunks, c.cases} {
		if err := part(ctx); err != nil {
			return 0, fmt.Errorf("compare partition %d: %w", pass.Partition, err)
		}
	}
	return c.checked, nil
}

// comparison compares the rows of some streams with a pass.
type comparison struct {
	snapshot *Snapshot
	pass     *refold.Pass
	shares   []*memview.Contents
	// where selects the rows of customers, which have the name c, by one argument.
	where    string
	argument any
	report   Report
	checked  int64
}

// share returns the contents of the share of a stream, nil when it is none of the pass.
func (c *comparison) share(id string) *memview.Contents {
	if !c.pass.Has(id) {
		return nil
	}
	return c.shares[refold.ShareOf(id)-c.pass.From]
}

func (c *comparison) differ(kind, id string, fields ...refold.Field) {
	if len(fields) > 0 {
		slices.SortFunc(fields, func(a, b refold.Field) int { return strings.Compare(a.Name, b.Name) })
		c.report(refold.Difference{Partition: c.pass.Partition, Kind: kind, ID: id, Fields: fields})
	}
}

// customers compares the rows of the table customers.
func (c *comparison) customers(ctx context.Context) error {
	s := c.snapshot.store
	scan := newRowScan(&s.customers)
	query := "SELECT c.partition, " + scan.columns + " FROM " + s.schema + ".customers c WHERE " + c.where
	rows, err := c.snapshot.tx.Query(ctx, query, c.argument)
	if err != nil {
		return err
	}
	seen := make(map[string]struct{})
	_, err = pgx.ForEachRow(rows, scan.targets, func() error {
		contents := c.share(scan.id())
		if contents == nil {
			return nil
		}
		seen[strings.Clone(scan.id())] = struct{}{}
		return c.customer(scan, contents)
	})
	if err != nil {
		return err
	}
	for _, contents := range c.shares {
		c.checked += int64(contents.Len())
		for stream := range contents.Streams() {
			if _, stored := seen[stream.ID]; !stored {
				c.differ("customer", stream.ID, refold.Field{Name: "row", Live: refold.Absent, Log: "present"})
			}
		}
	}
	return nil
}

// customer compares the row that was scanned.
func (c *comparison) customer(scan *rowScan, contents *memview.Contents) error {
	stream, moves := contents.Stream(scan.id())
	if stream == nil {
		c.differ("customer", scan.id(), refold.Field{Name: "row", Live: "present", Log: refold.Absent})
		return nil
	}
	var want row
	if err := want.fill(stream, moves, contents.Fold); err != nil {
		return err
	}
	fields, err := scan.differences(&want)
	if err != nil {
		return err
	}
	if *scan.partition != c.pass.Partition {
		fields = append(fields, refold.Field{Name: "partition", Live: strconv.Itoa(*scan.partition), Log: strconv.Itoa(c.pass.Partition)})
	}
	c.differ("customer", stream.ID, fields...)
	return nil
}

// fill makes r the row of a stream that was folded in memory. It uses the memory of the row that r was before.
func (r *row) fill(stream *projections.Customer, moves []projections.Move, fold *projections.Fold) error {
	coded := stream.AppendState(r.coded[:0])
	*r = row{customer: stream, coded: coded, state: stream.DigestOf(coded), sealed: max(stream.Stream.Chunks()-1, 0)}
	r.digest = r.state
	for i := range moves {
		r.digest = r.digest.Add(moves[i].Digest())
	}
	return r.prepare(fold)
}

// moves compares the moves of each stream by their digests, and names the numbers of those that differ.
func (c *comparison) moves(ctx context.Context) error {
	query := c.snapshot.store.sql(`SELECT m.customer, m.seq, m.at, m.from_stage, m.to_stage, m.reason, m.inferred, m.won_back,
			m.dwell, m.evidence, m.policy
		FROM {g}.moves m JOIN {g}.customers c ON c.id = m.customer WHERE ` + c.where)
	rows, err := c.snapshot.tx.Query(ctx, query, c.argument)
	if err != nil {
		return err
	}
	live := make(map[string]map[int32]projections.Digest)
	_, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (struct{}, error) {
		m, err := scanMove(r)
		if err == nil && c.pass.Has(m.Customer) {
			if live[m.Customer] == nil {
				live[m.Customer] = make(map[int32]projections.Digest)
			}
			live[m.Customer][m.Seq] = m.Digest()
		}
		return struct{}{}, err
	})
	if err != nil {
		return err
	}
	for _, contents := range c.shares {
		for stream, moves := range contents.Streams() {
			c.differ("moves", stream.ID, moveDifferences(live[stream.ID], moves)...)
		}
	}
	return nil
}

func moveDifferences(live map[int32]projections.Digest, moves []projections.Move) []refold.Field {
	log := make(map[int32]projections.Digest, len(moves))
	for i := range moves {
		log[moves[i].Seq] = moves[i].Digest()
	}
	if maps.Equal(live, log) {
		return nil
	}
	all := maps.Clone(log)
	maps.Copy(all, live)
	show := func(m map[int32]projections.Digest, seq int32) string {
		if d, there := m[seq]; there {
			return d.String()
		}
		return refold.Absent
	}
	var fields []refold.Field
	for seq := range all {
		if a, b := show(live, seq), show(log, seq); a != b {
			fields = append(fields, refold.Field{Name: "move " + strconv.Itoa(int(seq)), Live: a, Log: b})
		}
	}
	return fields
}

// chunks compares the sealed chunks of the indexes of streams.
func (c *comparison) chunks(ctx context.Context) error {
	query := c.snapshot.store.sql(`SELECT s.customer, s.number, s.chunk
		FROM {g}.stream_chunks s JOIN {g}.customers c ON c.id = s.customer WHERE ` + c.where)
	rows, err := c.snapshot.tx.Query(ctx, query, c.argument)
	if err != nil {
		return err
	}
	live := make(map[string]map[int]string)
	var id string
	var number int
	var chunk pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&id, &number, &chunk}, func() error {
		if c.pass.Has(id) {
			if live[id] == nil {
				live[id] = make(map[int]string)
			}
			live[id][number] = shortBytes(chunk)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, contents := range c.shares {
		for stream := range contents.Streams() {
			for number := range max(stream.Stream.Chunks()-1, len(live[stream.ID]), 0) {
				want := refold.Absent
				if number < stream.Stream.Chunks()-1 {
					want = shortBytes(stream.Stream.AppendChunk(nil, number))
				}
				if got, there := live[stream.ID][number]; got != want {
					if !there {
						got = refold.Absent
					}
					c.differ("index", stream.ID, refold.Field{Name: "chunk " + strconv.Itoa(number), Live: got, Log: want})
				}
			}
		}
	}
	return nil
}

// shortBytes returns bytes in a form that can be shown: short ones in hexadecimal digits, long ones by a fingerprint.
func shortBytes(b []byte) string {
	if len(b) <= 16 {
		return hex.EncodeToString(b)
	}
	return fmt.Sprintf("%d bytes %s", len(b), fingerprint(b))
}
