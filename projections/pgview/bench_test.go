package pgview_test

import (
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

// BenchmarkCatchUp folds purchases of 20,000 customers, 10 each, into a durable server.
func BenchmarkCatchUp(b *testing.B) {
	for name, c := range map[string]struct{ partitions, cache, batch int }{
		"partitions=1/batch=5000/cache=all":   {1, 200_000, 5_000},
		"partitions=1/batch=5000/cache=none":  {1, -1, 5_000},
		"partitions=4/batch=5000/cache=all":   {4, 200_000, 5_000},
		"partitions=4/batch=5000/cache=none":  {4, -1, 5_000},
		"partitions=4/batch=50000/cache=all":  {4, 200_000, 50_000},
		"partitions=4/batch=50000/cache=none": {4, -1, 50_000},
	} {
		b.Run(name, func(b *testing.B) { catchUp(b, c.partitions, c.cache, c.batch) })
	}
}

func catchUp(b *testing.B, partitions, cache, batch int) {
	b.Helper()
	const customers, events = 20_000, 200_000
	server := pgtest.Server(b, &pgtest.Options{Settings: map[string]string{"shared_buffers": "512MB", "max_wal_size": "4GB"}})
	pool, err := pg.Open(b.Context(), server.URL(), pg.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	parts := viewtest.Shuffled(events, customers).Partition(partitions)
	fold := viewtest.DefaultFold()
	n := 0
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		store := renewed(b, pool, fold, pgview.Options{Partitions: partitions, Cache: cache})
		b.StartTimer()
		var group errgroup.Group
		for p, records := range parts {
			group.Go(func() error { return foldPartition(b, store, fold, p, partitions, records, batch) })
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
		n += events
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

func foldPartition(b *testing.B, store projections.Store, fold *projections.Fold, p, partitions int, records []eventstore.Record, batch int) error {
	b.Helper()
	folder := projections.NewFolder(fold, store, projections.FolderOptions{PartitionOf: viewtest.Owner(partitions)})
	at, err := folder.Claim(b.Context(), p)
	if err != nil {
		return err
	}
	for len(records) > 0 {
		n := min(batch, len(records))
		if at, err = folder.Fold(b.Context(), at, records[:n]); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}
