package pgview

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

// CompareQuarantine compares the records that were set aside in the shares of a pass.
func (n *Snapshot) CompareQuarantine(ctx context.Context, pass *refold.Pass, report Report) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	want := make(map[int64]projections.Quarantine)
	for _, s := range pass.Stores() {
		contents, err := s.Contents(0)
		if err != nil {
			return err
		}
		for _, q := range contents.Quarantine {
			want[q.Offset] = q
		}
	}
	query := n.store.sql(`SELECT partition, record_offset, recorded_at, customer, event, type, verdict, problems, version,
			status, resolved_at, resolved_by, reason, redriven
		FROM {g}.quarantine WHERE partition = $1 AND record_offset = ANY($2)`)
	rows, err := n.tx.Query(ctx, query, pass.Partition, slices.Collect(maps.Keys(want)))
	if err != nil {
		return fmt.Errorf("compare quarantine of partition %d: %w", pass.Partition, err)
	}
	entries, err := pgx.CollectRows(rows, scanQuarantine)
	if err != nil {
		return fmt.Errorf("compare quarantine of partition %d: %w", pass.Partition, err)
	}
	live := make(map[int64]projections.Quarantine, len(entries))
	for _, q := range entries {
		live[q.Offset] = q
	}
	compareMaps("quarantine", pass.Partition, live, want, report)
	return nil
}

// ComparePartition compares what a partition has apart from its streams: the checkpoint, the roll-ups with their cells, the number of
// records that were set aside, the parked customers with their queues, and the policies.
func (n *Snapshot) ComparePartition(ctx context.Context, partition int, want *refold.Total, report Report) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, part := range []func(context.Context, int, *refold.Total, Report) error{
		n.compareCheckpoint, n.compareRollups, n.compareCells, n.compareParking, n.comparePolicies,
	} {
		if err := part(ctx, partition, want, report); err != nil {
			return fmt.Errorf("compare partition %d: %w", partition, err)
		}
	}
	return nil
}

func (n *Snapshot) compareCheckpoint(ctx context.Context, partition int, want *refold.Total, report Report) error {
	query := n.store.sql(`SELECT next_offset, last, newest, recorded, coalesce(policy_offset, -1),
			(SELECT count(*) FROM {g}.quarantine q WHERE q.partition = p.partition), digest1, digest2
		FROM {g}.checkpoints p WHERE partition = $1`)
	var next, last, newest, recorded, policy, aside, digest1, digest2 int64
	if err := n.tx.QueryRow(ctx, query, partition).Scan(&next, &last, &newest, &recorded, &policy, &aside, &digest1, &digest2); err != nil {
		return err
	}
	published := int64(-1)
	if k := len(want.Policies); k > 0 {
		published = want.Policies[k-1].Offset
	}
	var fields []refold.Field
	for _, f := range []struct {
		name      string
		live, log int64
	}{
		{"digest1", digest1, int64(want.Digest[0])}, {"digest2", digest2, int64(want.Digest[1])},
		{"last", last, int64(want.Last)}, {"newest", newest, int64(want.Newest)}, {"next_offset", next, want.Next},
		{"policy_offset", policy, published}, {"quarantined", aside, want.Quarantined}, {"recorded", recorded, int64(want.Recorded)},
	} {
		if f.live != f.log {
			fields = append(fields, refold.Field{Name: f.name, Live: strconv.FormatInt(f.live, 10), Log: strconv.FormatInt(f.log, 10)})
		}
	}
	if len(fields) > 0 {
		report(refold.Difference{Partition: partition, Kind: "checkpoint", Fields: fields})
	}
	return nil
}

func (n *Snapshot) compareRollups(ctx context.Context, partition int, want *refold.Total, report Report) error {
	query := n.store.sql("SELECT kind, a, b, c, d, name, n1, n2, n3, n4 FROM {g}.rollups WHERE partition = $1 ORDER BY kind, a, b, c, d, name")
	rows, err := n.tx.Query(ctx, query, partition)
	if err != nil {
		return err
	}
	key := func(r rollup) string { return fmt.Sprint(r.kind, " ", r.a, " ", r.b, " ", r.c, " ", r.d, " ", r.name) }
	live, log := make(map[string][4]int64), make(map[string][4]int64)
	var r rollup
	fields := []any{&r.kind, &r.a, &r.b, &r.c, &r.d, &r.name, &r.n[0], &r.n[1], &r.n[2], &r.n[3]}
	_, err = pgx.ForEachRow(rows, fields, func() error {
		if r.n != [4]int64{} { // what was counted and taken back counts as absent
			live[key(r)] = r.n
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range rollupRows(&want.Rollups) {
		log[key(r)] = r.n
	}
	compareMaps("rollups", partition, live, log, report)
	return nil
}

func (n *Snapshot) compareCells(ctx context.Context, partition int, want *refold.Total, report Report) error {
	rows, err := n.tx.Query(ctx, n.store.sql("SELECT "+cellList()+" FROM {g}.cells WHERE partition = $1"), partition)
	if err != nil {
		return err
	}
	live, log := make(map[string]projections.CellCounts), make(map[string]projections.CellCounts)
	err = eachCell(rows, func(c projections.CellCount) {
		if c.Counts != (projections.CellCounts{}) { // what was counted and taken back counts as absent
			live[fmt.Sprintf("%+q", c.Cell)] = c.Counts
		}
	})
	if err != nil {
		return err
	}
	for _, c := range sortedCells(want.Rollups.Cells) {
		log[fmt.Sprintf("%+q", c.Cell)] = c.Counts
	}
	compareMaps("cells", partition, live, log, report)
	return nil
}

func (n *Snapshot) compareParking(ctx context.Context, partition int, want *refold.Total, report Report) error {
	live, log := make(map[string][]int64), make(map[string][]int64)
	for _, k := range want.Parked {
		log[k.Customer] = append(log[k.Customer], k.Offset)
	}
	for _, q := range want.Queued {
		log[q.Customer] = append(log[q.Customer], q.Offset)
	}
	query := n.store.sql(`SELECT customer, record_offset FROM (
			SELECT customer, record_offset, 0 AS place FROM {g}.parked WHERE partition = $1
			UNION ALL SELECT customer, record_offset, 1 FROM {g}.queued WHERE partition = $1
		) all_parked ORDER BY customer, place, record_offset`)
	rows, err := n.tx.Query(ctx, query, partition)
	if err != nil {
		return err
	}
	var id string
	var offset int64
	if _, err := pgx.ForEachRow(rows, []any{&id, &offset}, func() error { live[id] = append(live[id], offset); return nil }); err != nil {
		return err
	}
	compareMaps("parked", partition, live, log, report)
	return nil
}

func (n *Snapshot) comparePolicies(ctx context.Context, partition int, want *refold.Total, report Report) error {
	query := n.store.sql("SELECT record_offset, at, version, document FROM {g}.policies WHERE partition = $1 ORDER BY record_offset")
	rows, err := n.tx.Query(ctx, query, partition)
	if err != nil {
		return err
	}
	live, log := make(map[int64]projections.PublishedPolicy), make(map[int64]projections.PublishedPolicy)
	var p projections.PublishedPolicy
	_, err = pgx.ForEachRow(rows, []any{&p.Offset, &p.At, &p.Version, &p.Document}, func() error { live[p.Offset] = p; return nil })
	if err != nil {
		return err
	}
	for _, p := range want.Policies {
		log[p.Offset] = p
	}
	compareMaps("policies", partition, live, log, report)
	return nil
}

// compareMaps reports every key whose values look different.
func compareMaps[K cmp.Ordered, V any](kind string, partition int, live, log map[K]V, report Report) {
	all := maps.Clone(live)
	maps.Copy(all, log)
	show := func(m map[K]V, key K) string {
		if v, there := m[key]; there {
			return fmt.Sprintf("%+v", v)
		}
		return refold.Absent
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if a, b := show(live, key), show(log, key); a != b {
			fields := []refold.Field{{Name: "row", Live: a, Log: b}}
			report(refold.Difference{Partition: partition, Kind: kind, ID: fmt.Sprint(key), Fields: fields})
		}
	}
}
