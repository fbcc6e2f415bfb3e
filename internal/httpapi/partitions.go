package httpapi

import (
	"context"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/obs"
	"github.com/rapport-crm/rapport/projections"
)

// positionsView is how far the views are, and the log.
type positionsView struct {
	Positions  eventstore.Positions `json:"positions" doc:"What the views reflect."`
	Ends       eventstore.Positions `json:"ends,omitempty" doc:"Where the log ends."`
	Lag        map[int]int64        `json:"lag,omitempty" doc:"For each partition how many records the views do not reflect yet."`
	Partitions []partitionView      `json:"partitions" nullable:"false"`
}

// partitionView is where one partition stands.
type partitionView struct {
	Partition     int            `json:"partition"`
	Next          int64          `json:"next" doc:"The offset of the next record to fold."`
	End           *int64         `json:"end,omitempty" doc:"The offset that the next record of the log will take."`
	LagRecords    *int64         `json:"lag_records,omitempty" doc:"How many records the views do not reflect yet."`
	LagSeconds    *float64       `json:"lag_seconds,omitempty" doc:"0 when the views reflect every record. Otherwise the seconds since the newest record was recorded that they reflect, which is at least the age of the first one they do not; left out when they reflect none."`
	Owner         string         `json:"owner,omitempty" doc:"The process that folds the partition."`
	Epoch         int64          `json:"epoch" doc:"Counts the owners of the partition."`
	Recorded      domain.Instant `json:"recorded_at,omitzero" doc:"When the newest record that the views reflect was recorded."`
	Newest        domain.Instant `json:"newest_at,omitzero" doc:"The newest time of an event, or the newest tick."`
	Due           domain.Instant `json:"next_due_at,omitzero" doc:"When the next timer fires."`
	PolicyVersion string         `json:"policy_version" doc:"The policy in force in the partition."`
}

// addPartitions registers what is about how far the views are.
func (a *api) addPartitions() {
	read(a, "/v1/positions", "positions", "How far the views are, and who folds them", a.positions)
}

func (a *api) positions(ctx context.Context, _ *struct{}) (*answer[positionsView], error) {
	partitions, ends, err := a.partitions(ctx)
	if err != nil {
		return nil, err
	}
	view := positionsView{Positions: make(eventstore.Positions, len(partitions)), Ends: ends, Partitions: make([]partitionView, len(partitions))}
	if ends != nil {
		view.Lag = make(map[int]int64, len(ends))
	}
	for i := range partitions {
		view.Positions[i] = partitions[i].Next
		p := a.partition(&partitions[i], ends)
		if view.Partitions[i] = p; p.LagRecords != nil {
			view.Lag[i] = *p.LagRecords
		}
	}
	return &answer[positionsView]{positionText(view.Positions), view}, nil
}

// partitions returns where the partitions stand and, when it is known, where the log ends. The views come first, so that
// a record that is appended meanwhile shows as one more to fold and never as one that was folded before it came.
func (a *api) partitions(ctx context.Context) ([]projections.PartitionView, eventstore.Positions, error) {
	partitions, err := a.Query.Partitions(ctx)
	if err != nil || a.Ends == nil {
		return partitions, nil, err
	}
	ends, err := a.Ends.Ends(ctx)
	return partitions, ends, err
}

// partition returns where a partition stands, given where the log ends.
func (a *api) partition(v *projections.PartitionView, ends eventstore.Positions) partitionView {
	p := partitionView{
		Partition: v.Partition, Next: v.Next, Owner: v.Owner, Epoch: v.Epoch, Recorded: v.Recorded, Newest: v.Newest,
		Due: v.Due, PolicyVersion: v.PolicyVersion,
	}
	if v.Partition >= len(ends) {
		return p
	}
	records := max(ends[v.Partition]-v.Next, 0)
	p.End, p.LagRecords = &ends[v.Partition], &records
	switch {
	case records == 0:
		p.LagSeconds = new(float64)
	case v.Recorded != 0:
		seconds := max(a.Now().Sub(v.Recorded.Time()), 0).Seconds()
		p.LagSeconds = &seconds
	}
	return p
}

// observePartitions returns what the metrics show of the partitions.
func (a *api) observePartitions(ctx context.Context) ([]obs.Partition, error) {
	partitions, ends, err := a.partitions(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]obs.Partition, len(partitions))
	for i := range partitions {
		p := a.partition(&partitions[i], ends)
		all[i] = obs.Partition{LagRecords: -1, Lag: -1, Owner: p.Owner}
		if p.LagRecords != nil {
			all[i].LagRecords = *p.LagRecords
		}
		if p.LagSeconds != nil {
			all[i].Lag = time.Duration(*p.LagSeconds * float64(time.Second))
		}
	}
	return all, nil
}

// observeBacklog returns what the metrics show of what waits for somebody.
func (a *api) observeBacklog(ctx context.Context) (obs.Backlog, error) {
	b, err := a.Query.Backlog(ctx)
	if err != nil {
		return obs.Backlog{}, err
	}
	return obs.Backlog{
		Quarantined: b.Quarantined, OldestQuarantined: a.age(b.OldestQuarantined),
		Parked: b.Parked, Queued: b.Queued, OldestParked: a.age(b.OldestParked),
	}, nil
}

// age returns how long ago an instant was, zero for none.
func (a *api) age(i domain.Instant) time.Duration {
	if i == 0 {
		return 0
	}
	return max(a.Now().Sub(i.Time()), 0)
}

// lagRecords returns by how many records the views lag.
func (a *api) lagRecords(ctx context.Context) (int64, error) {
	reflected, err := a.Query.Positions(ctx)
	if err != nil {
		return 0, err
	}
	ends, err := a.Ends.Ends(ctx)
	if err != nil {
		return 0, err
	}
	var lag int64
	for partition, end := range ends {
		if partition < len(reflected) {
			end -= reflected[partition]
		}
		lag += max(end, 0)
	}
	return lag, nil
}
