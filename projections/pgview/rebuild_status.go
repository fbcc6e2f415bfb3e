package pgview

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rapport-crm/rapport/projections/refold"
)

// Phase says where a rebuild is.
type Phase string

// The phases of a rebuild: the log is folded into its tables, keys and indexes are made, it follows the live generation,
// it is compared and shown. It ends as different or done.
const (
	PhaseLoading    Phase = "loading"
	PhaseIndexing   Phase = "indexing"
	PhaseCatchingUp Phase = "catching_up"
	PhaseSwitching  Phase = "switching"
	PhaseDifferent  Phase = "different"
	PhaseDone       Phase = "done"
)

// RebuildStatus says how far a rebuild is. Its JSON form is part of the public contract.
type RebuildStatus struct {
	Generation string `json:"generation"`
	Phase      Phase  `json:"phase"`
	Detail     string `json:"detail,omitempty"`
	// Running says that a process is at work on it, or on another generation.
	Running    bool                `json:"running"`
	StartedAt  time.Time           `json:"started_at"`
	UpdatedAt  time.Time           `json:"updated_at"`
	Partitions []*RebuildPartition `json:"partitions"`
}

// Done returns the part of the loading that is done, 0 to 1.
func (s *RebuildStatus) Done() float64 {
	var all, done float64
	for _, p := range s.Partitions {
		all += float64(p.Pinned)
		done += float64(p.Pinned) * p.Done()
	}
	if all == 0 {
		return 1
	}
	return done / all
}

// RebuildPartition says how far the loading of a partition is.
type RebuildPartition struct {
	Partition int `json:"partition"`
	// Pinned is the offset before which all records are loaded.
	Pinned int64 `json:"pinned"`
	// SharesDone of refold.Shares shares of the streams are in the tables; the pass at hand goes up to SharesTo and has
	// read the records before ReadTo.
	SharesDone int   `json:"shares_done"`
	SharesTo   int   `json:"shares_to"`
	ReadTo     int64 `json:"read_to"`
	// Seconds is how long it took so far.
	Seconds float64 `json:"seconds"`
}

// Done returns the part of the partition that is loaded, 0 to 1.
func (p *RebuildPartition) Done() float64 {
	if p.SharesDone == refold.Shares {
		return 1
	}
	return refold.Progress{From: p.SharesDone, To: max(p.SharesTo, p.SharesDone), Next: p.ReadTo, End: p.Pinned}.Done()
}

// Records returns how many records that part stands for.
func (p *RebuildPartition) Records() int64 { return int64(p.Done() * float64(p.Pinned)) }

// Rate returns the records a second, zero while nothing is known.
func (p *RebuildPartition) Rate() float64 {
	if p.Seconds == 0 {
		return 0
	}
	return float64(p.Records()) / p.Seconds
}

// Remaining returns how long the rest will take at that rate, zero while nothing is known or nothing is left.
func (p *RebuildPartition) Remaining() time.Duration {
	if rate := p.Rate(); rate > 0 {
		return time.Duration(float64(p.Pinned-p.Records()) / rate * float64(time.Second))
	}
	return 0
}

// readRebuildPartitions returns how far the partitions are, in their order.
func readRebuildPartitions(ctx context.Context, from lister, generation int) ([]*RebuildPartition, error) {
	const query = `SELECT partition, pinned, shares_done, shares_to, read_to, seconds
		FROM rapport.rebuild_partitions WHERE generation = $1 ORDER BY partition`
	rows, err := from.Query(ctx, query, generation)
	if err != nil {
		return nil, fmt.Errorf("read how far the rebuild is: %w", err)
	}
	parts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*RebuildPartition, error) {
		p := new(RebuildPartition)
		return p, row.Scan(&p.Partition, &p.Pinned, &p.SharesDone, &p.SharesTo, &p.ReadTo, &p.Seconds)
	})
	if err != nil {
		return nil, fmt.Errorf("read how far the rebuild is: %w", err)
	}
	return parts, nil
}

// board tells the database how far a rebuild is.
type board struct {
	mu    sync.Mutex
	parts map[int]*boardLine
}

// boardLine is how far a partition is.
type boardLine struct {
	latest refold.Progress
	begun  time.Time
	before float64
	told   bool
}

func (b *board) begin(parts []*RebuildPartition) {
	b.parts = make(map[int]*boardLine, len(parts))
	for _, p := range parts {
		b.parts[p.Partition] = &boardLine{before: p.Seconds, told: true}
	}
}

// report takes the progress of a partition.
func (b *board) report(p refold.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	line := b.parts[p.Partition]
	if line.begun.IsZero() {
		line.begun = time.Now()
	}
	line.latest, line.told = p, false
}

// boardEvery is how often the database is told.
const boardEvery = time.Second

// show tells the database now and then until ctx ends.
func (b *board) show(ctx context.Context, pool *pgxpool.Pool, generation int) error {
	beat := time.NewTicker(boardEvery)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
			if err := b.tell(ctx, pool, generation); err != nil && ctx.Err() == nil {
				return fmt.Errorf("note how far the rebuild is: %w", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// tell writes the lines that changed. A line of a pass that was finished meanwhile changes nothing.
func (b *board) tell(ctx context.Context, pool *pgxpool.Pool, generation int) error {
	b.mu.Lock()
	queries := new(pgx.Batch)
	for n, line := range b.parts {
		if line.told {
			continue
		}
		line.told = true
		seconds := line.before + time.Since(line.begun).Seconds()
		queries.Queue(`UPDATE rapport.rebuild_partitions SET shares_to = $3, read_to = $4, seconds = $5
			WHERE generation = $1 AND partition = $2 AND shares_done = $6`, generation, n, line.latest.To, line.latest.Next, seconds, line.latest.From)
	}
	b.mu.Unlock()
	queries.Queue("UPDATE rapport.rebuilds SET updated_at = now() WHERE generation = $1", generation)
	return pool.SendBatch(ctx, queries).Close()
}
