package obs

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// patience bounds how long a scrape waits for the views and the log.
const patience = 2 * time.Second

// Partition says how far the views of a partition are and who folds it.
type Partition struct {
	// LagRecords is how many records of the log the views do not reflect. It is negative when the end of the log is not
	// known.
	LagRecords int64
	// Lag is how old what the views reflect is: zero when they reflect everything, negative when that is not known.
	Lag time.Duration
	// Owner names the process that folds the partition, empty for none.
	Owner string
}

// Backlog counts what waits for somebody to look at it.
type Backlog struct {
	// Quarantined counts the records that were set aside; OldestQuarantined is the age of the oldest, zero for none.
	Quarantined       int64
	OldestQuarantined time.Duration
	// Parked counts the parked streams and Queued the records behind them; OldestParked is the age of the oldest record
	// on which the fold of one broke down, zero for none.
	Parked       int64
	Queued       int64
	OldestParked time.Duration
}

// ShowPartitions adds the lag and the owner of each partition. ask is called for every scrape and returns the partitions
// in their order; on an error, or when it takes longer than two seconds, the scrape leaves them out. A second call panics.
func (m *Metrics) ShowPartitions(ask func(ctx context.Context) ([]Partition, error)) {
	records := prometheus.NewDesc("rapport_projection_lag_records", "Records of the log that the views do not reflect yet.", []string{"partition"}, nil)
	seconds := prometheus.NewDesc("rapport_projection_lag_seconds", "Age of the newest record that the views reflect, 0 when there is no newer one.", []string{"partition"}, nil)
	owner := prometheus.NewDesc("rapport_partition_owner", "1 for the process that folds the partition.", []string{"partition", "owner"}, nil)
	m.registry.MustRegister(&collector{descs: []*prometheus.Desc{records, seconds, owner}, collect: func(ctx context.Context, show show) {
		partitions, err := ask(ctx)
		if err != nil {
			return
		}
		for i := range partitions {
			p, name := &partitions[i], strconv.Itoa(i)
			if p.LagRecords >= 0 {
				show(records, float64(p.LagRecords), name)
			}
			if p.Lag >= 0 {
				show(seconds, p.Lag.Seconds(), name)
			}
			if p.Owner != "" {
				show(owner, 1, name, p.Owner)
			}
		}
	}})
}

// ShowBacklog adds what waits for somebody to look at it. ask is called for every scrape; on an error, or when it takes
// longer than two seconds, the scrape leaves it out. A second call panics.
func (m *Metrics) ShowBacklog(ask func(ctx context.Context) (Backlog, error)) {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	quarantined := desc("rapport_quarantine_open", "Records that were set aside and neither redriven nor discarded.")
	oldestQuarantined := desc("rapport_quarantine_oldest_age_seconds", "Age of the oldest of them, 0 without one.")
	parked := desc("rapport_parked_streams", "Streams that are parked because the fold broke down on one of their records.")
	queued := desc("rapport_parked_queue_records", "Records that wait behind parked streams.")
	oldestParked := desc("rapport_parked_oldest_age_seconds", "Age of the oldest record on which the fold of a parked stream broke down, 0 without one.")
	m.registry.MustRegister(&collector{
		descs: []*prometheus.Desc{quarantined, oldestQuarantined, parked, queued, oldestParked},
		collect: func(ctx context.Context, show show) {
			b, err := ask(ctx)
			if err != nil {
				return
			}
			show(quarantined, float64(b.Quarantined))
			show(oldestQuarantined, b.OldestQuarantined.Seconds())
			show(parked, float64(b.Parked))
			show(queued, float64(b.Queued))
			show(oldestParked, b.OldestParked.Seconds())
		},
	})
}

// show adds a value to a scrape.
type show func(desc *prometheus.Desc, value float64, labels ...string)

// collector asks for values when it is scraped.
type collector struct {
	descs   []*prometheus.Desc
	collect func(ctx context.Context, show show)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c.collect(ctx, func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	})
}
