package importer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// appender is the part of an eventstore.Log that an import uses.
type appender interface {
	Partitions() int
	PartitionOf(key []byte) int
	Ends(ctx context.Context) (eventstore.Positions, error)
	Append(ctx context.Context, records []eventstore.Record) ([]eventstore.Appended, error)
}

// Options are the options of Import. The zero value keeps no state and reports nothing.
type Options struct {
	// State is the file that records how far the import came, see StatePath. It exists while the import is unfinished.
	// Default: none, an interrupted import begins anew.
	State string
	// Restart begins anew whatever the state says.
	Restart bool
	// RoundRows is after how many rows a round ends. Default: 16,384.
	RoundRows int
	// Reject is told of every row, or event of a row, that is left out because it breaks a rule. An error that it
	// returns stops the import. Default: they are counted only.
	Reject func(*Rejection) error
	// Progress is told after each round how far the import came, by one goroutine at a time. Default: nobody is told.
	Progress func(Progress)
	// Logger gets a line when an import goes on from a state or finds it unfit. Default: none.
	Logger *slog.Logger
}

// Progress says how far an import came.
type Progress struct {
	Counts
	// Offset is how much of the file's Size was read, in bytes. Reading is ahead of the counts.
	Offset, Size int64
}

// Result is what an import did.
type Result struct {
	Source string `json:"source"`
	// Counts are those of the whole file, the part that was imported before an interruption included. Of rows they
	// count those of which, and of all rows before them, every event is in the log.
	Counts
	// Resumed is the number of rows that an earlier, interrupted import had read.
	Resumed int64   `json:"resumed"`
	Seconds float64 `json:"seconds"`
	// EventsPerSecond is the rate of this run.
	EventsPerSecond float64 `json:"events_per_second"`
	// Positions cover all events that were appended.
	Positions eventstore.Positions `json:"positions"`
}

// Import appends the events of a file to the log and returns when each is acknowledged. Events of one subject are
// appended in the order of the file.
//
// When ctx ends, the rounds that were read are still appended, and the error is that of ctx. When the file cannot be
// read to its end, all rows before that are appended, and the error names the last of them. The result is never nil;
// it says how far the import came.
func Import(ctx context.Context, log appender, file *File, opts Options) (*Result, error) {
	x, err := newRun(ctx, log, file, opts)
	if err != nil {
		return &Result{Source: file.Source()}, fmt.Errorf("import %s: %w", file.Source(), err)
	}
	begin := time.Now()
	err = x.run(ctx)
	result := x.result(time.Since(begin))
	if err == nil && opts.State != "" {
		err = removeState(opts.State)
	}
	if err != nil {
		return result, fmt.Errorf("import %s: %w", file.Source(), err)
	}
	return result, nil
}

// run is one import.
type run struct {
	log         appender
	file        *File
	opts        Options
	fingerprint Fingerprint
	decoder     *domain.Decoder
	resumed     Counts
	interrupted <-chan struct{}

	// counts, key and filling belong to the goroutine that reads.
	counts  Counts
	key     []byte
	filling *round
	queues  []chan *round
	free    chan *round

	mu        sync.Mutex
	inFlight  []*round
	durable   Counts
	positions eventstore.Positions
}

func newRun(ctx context.Context, log appender, file *File, opts Options) (*run, error) {
	if opts.RoundRows <= 0 {
		opts.RoundRows = defaultRoundRows
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	x := &run{
		log: log, file: file, opts: opts, decoder: domain.NewDecoder(), interrupted: ctx.Done(),
		free: make(chan *round, rounds), positions: make(eventstore.Positions, log.Partitions()),
	}
	for range rounds {
		x.free <- &round{parts: make([]part, log.Partitions())}
	}
	for range log.Partitions() {
		x.queues = append(x.queues, make(chan *round, rounds))
	}
	var err error
	if x.fingerprint, err = file.fingerprint(); err != nil {
		return nil, err
	}
	if opts.State == "" || opts.Restart {
		return x, nil
	}
	return x, x.resume(ctx)
}

// resume takes over the state of an earlier import of the same file into the same log.
func (x *run) resume(ctx context.Context) error {
	s, err := loadState(x.opts.State)
	if s == nil || err != nil {
		return err
	}
	log := x.opts.Logger.With(slog.String("source", x.file.Source()))
	if s.Fingerprint != x.fingerprint {
		log.WarnContext(ctx, "import starts anew: the file or its mapping has changed")
		return nil
	}
	ends, err := x.log.Ends(ctx)
	if err != nil {
		return err
	}
	if !ends.Reached(s.Positions) || len(s.Positions) != len(x.positions) {
		log.WarnContext(ctx, "import starts anew: the log is not the one it began with")
		return nil
	}
	log.LogAttrs(ctx, slog.LevelInfo, "import goes on", slog.Int64("after_row", s.Counts.Read))
	x.resumed, x.counts, x.durable, x.positions = s.Counts, s.Counts, s.Counts, s.Positions
	return nil
}

// run reads the file in the calling goroutine while a goroutine for each partition appends.
func (x *run) run(ctx context.Context) error {
	// Interrupting the import must not cut off appends that are under way, so the group does not hear of it.
	group, stop := errgroup.WithContext(context.WithoutCancel(ctx))
	for p := range x.queues {
		group.Go(func() error { return x.send(stop, p) })
	}
	err := x.read(ctx, stop)
	for _, q := range x.queues {
		close(q)
	}
	return errors.Join(group.Wait(), err)
}

// read reads the rows into rounds and queues them.
func (x *run) read(ctx, stop context.Context) error {
	if x.filling = x.take(ctx, stop); x.filling == nil {
		return context.Cause(ctx)
	}
	for row, err := range x.file.Rows(x.resumed.Read) {
		if row.Number > x.counts.Read && x.filling.full(x.opts.RoundRows) {
			if err := x.queue(); err != nil {
				return err
			}
			if x.filling = x.take(ctx, stop); x.filling == nil {
				return context.Cause(ctx)
			}
		}
		rejected, ok := errors.AsType[*Rejection](err)
		if err != nil && !ok {
			return errors.Join(err, x.queue())
		}
		if err := x.row(row, rejected); err != nil {
			return err
		}
	}
	return x.queue()
}

// full reports whether a round of at most so many rows is to be appended.
func (r *round) full(rows int) bool { return r.rows >= rows || r.bytes >= roundBytes }

// row adds what a row yields to the round.
func (x *run) row(row Row, rejected *Rejection) error {
	if row.Number > x.counts.Read {
		x.counts.Read = row.Number
		x.filling.rows++
	}
	switch {
	case rejected != nil:
	case row.Event == nil:
		x.counts.Skipped++
		return nil
	default:
		if rejected = x.event(row); rejected == nil {
			x.counts.Appended++
			return nil
		}
		rejected.Source = x.file.Source()
	}
	x.counts.Invalid++
	if x.opts.Reject == nil {
		return nil
	}
	return x.opts.Reject(rejected)
}

// event adds an event to the round unless it breaks a rule.
func (x *run) event(row Row) *Rejection {
	ev := row.Event
	typ, _, err := x.decoder.DecodeEvent(ev)
	if err != nil {
		return reject(row, problemsOf(err)...)
	}
	if typ != nil && typ.Control {
		return reject(row, domain.Problem{Pointer: "/type", Rule: "control", Message: "control records are the engine's own"})
	}
	x.key = append(x.key[:0], ev.Subject...)
	if !x.filling.add(x.log.PartitionOf(x.key), ev) {
		return reject(row, domain.Problem{Rule: domain.RuleLength, Message: fmt.Sprintf("the event must have at most %d bytes", maxRecord)})
	}
	return nil
}

// take returns an empty round, or nil when the import was interrupted or a partition has failed.
func (x *run) take(ctx, stop context.Context) *round {
	if ctx.Err() != nil || stop.Err() != nil {
		return nil
	}
	select {
	case r := <-x.free:
		r.reset()
		return r
	case <-ctx.Done():
	case <-stop.Done():
	}
	return nil
}

// queue gives the round to the partitions it has records for.
func (x *run) queue() error {
	r := x.filling
	r.counts, r.open = x.counts, 0
	var to []int
	for p := range r.parts {
		if len(r.parts[p].ends) > 0 {
			to = append(to, p)
		}
	}
	x.mu.Lock()
	r.open = len(to)
	x.inFlight = append(x.inFlight, r)
	x.mu.Unlock()
	for _, p := range to {
		x.queues[p] <- r // never blocks: a queue holds as many rounds as there are
	}
	if len(to) > 0 {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.retire()
}

// result returns what the import did.
func (x *run) result(took time.Duration) *Result {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := &Result{
		Source: x.file.Source(), Counts: x.durable, Resumed: x.resumed.Read,
		Seconds: took.Seconds(), Positions: x.positions.Clone(),
	}
	if n := x.durable.Appended - x.resumed.Appended; n > 0 && took > 0 {
		r.EventsPerSecond = float64(n) / took.Seconds()
	}
	return r
}
