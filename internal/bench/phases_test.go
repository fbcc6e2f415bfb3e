package bench

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// phases takes from the log lines of rebuilds where their time goes: for each phase by the clock and in processor time of
// this process and of the server, and for each kind of step the sum over all of them. Steps of several partitions and
// tables run at the same time, so that their sums come to more than their phase.
type phases struct {
	b      *testing.B
	server server

	mu    sync.Mutex
	now   string
	since spent
	took  map[string]spent
	steps map[string]time.Duration
}

// spent is time by the clock and by the processor.
type spent struct{ clock, here, server time.Duration }

// newPhases begins the times of a rebuild on the server of the pool, and adds them to those of the rebuilds before, nil
// for none.
func newPhases(b *testing.B, pool *pgxpool.Pool, before *phases) *phases {
	b.Helper()
	p := &phases{b: b, server: serverOf(b, pool), now: "opening", took: make(map[string]spent), steps: make(map[string]time.Duration)}
	if before != nil {
		p.took, p.steps = before.took, before.steps
	}
	p.since = p.reading()
	return p
}

func (p *phases) reading() spent {
	return spent{time.Duration(time.Now().UnixNano()), cpuTime(p.b), p.server.cpuTime(p.b)}
}

// end ends the phase at hand and begins the next one.
func (p *phases) end(next string) {
	at, sum := p.reading(), p.took[p.now]
	sum.clock += at.clock - p.since.clock
	sum.here += at.here - p.since.here
	sum.server += at.server - p.since.server
	p.took[p.now] = sum
	p.now, p.since = next, at
}

// report shows the phases as metrics, in seconds a round, and the steps of all rounds as a line. n is the number of events.
func (p *phases) report(n int) {
	var processor time.Duration
	for _, name := range slices.Sorted(maps.Keys(p.took)) {
		s := p.took[name]
		processor += s.here + s.server
		p.b.ReportMetric(s.clock.Seconds()/float64(p.b.N), name+"-s")
		p.b.ReportMetric(s.here.Seconds()/float64(p.b.N), name+"-cpu-s")
		p.b.ReportMetric(s.server.Seconds()/float64(p.b.N), name+"-server-cpu-s")
	}
	p.b.ReportMetric(float64(processor.Nanoseconds())/float64(n)/1000, "cpu-µs/event")
	var steps []string
	for _, name := range slices.Sorted(maps.Keys(p.steps)) {
		if took := p.steps[name]; took >= shortStep {
			steps = append(steps, fmt.Sprintf("%s %.1f s", name, took.Seconds()))
		}
	}
	p.b.Log("steps: " + strings.Join(steps, ", "))
}

// shortStep is how long a step must take to be reported.
const shortStep = 50 * time.Millisecond

// cpuTime returns the processor time of this process. On a machine that others use it says more than the time that
// passed.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Enabled takes lines of every level.
func (p *phases) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs is not used by a rebuild.
func (p *phases) WithAttrs([]slog.Attr) slog.Handler { return p }

// WithGroup is not used by a rebuild.
func (p *phases) WithGroup(string) slog.Handler { return p }

// Handle takes a line. One with a phase begins it; durations are added up by message, their own name and the table.
func (p *phases) Handle(_ context.Context, line slog.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := line.Message
	line.Attrs(func(a slog.Attr) bool {
		if a.Key == "table" {
			of += " " + a.Value.String()
		}
		return true
	})
	line.Attrs(func(a slog.Attr) bool {
		switch {
		case a.Key == "phase":
			p.end(a.Value.String())
		case a.Value.Kind() == slog.KindDuration:
			p.steps[of+" "+a.Key] += a.Value.Duration()
		}
		return true
	})
	return nil
}

// server is the number of a PostgreSQL server's first process, the parent of all others.
type server int

// serverOf finds the server of a pool.
func serverOf(b *testing.B, pool *pgxpool.Pool) server {
	b.Helper()
	var backend int
	if err := pool.QueryRow(b.Context(), "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		b.Fatal(err)
	}
	stat, err := processStat(filepath.Join("/proc", strconv.Itoa(backend), "stat"))
	if err != nil {
		b.Fatal(err)
	}
	return server(stat.parent)
}

// cpuTime returns the processor time of the server: of its processes and of those that have ended.
func (s server) cpuTime(b *testing.B) time.Duration {
	b.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	var ticks int
	for _, file := range files {
		stat, err := processStat(file)
		switch {
		case err != nil: // it has ended meanwhile
		case stat.id == int(s):
			ticks += stat.own + stat.ended
		case stat.parent == int(s):
			ticks += stat.own
		}
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond
}

// ticksPerSecond is the unit of processor time in /proc on Linux (USER_HZ).
const ticksPerSecond = 100

// stat is what /proc says about a process: its own ticks of processor time and those of its children that have ended.
type stat struct{ id, parent, own, ended int }

// processStat reads a file /proc/ID/stat; see proc_pid_stat(5).
func processStat(file string) (s stat, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	// The name of the program, in parentheses, may have spaces.
	name := strings.LastIndexByte(string(text), ')')
	if _, err := fmt.Sscan(string(text), &s.id); err != nil || name < 0 {
		return s, fmt.Errorf("%s has another form: %w", file, err)
	}
	fields := strings.Fields(string(text[name+1:]))
	var user, system, endedUser, endedSystem int
	for place, field := range map[int]*int{1: &s.parent, 11: &user, 12: &system, 13: &endedUser, 14: &endedSystem} {
		if *field, err = strconv.Atoi(fields[place]); err != nil {
			return s, fmt.Errorf("%s has another form: %w", file, err)
		}
	}
	s.own, s.ended = user+system, endedUser+endedSystem
	return s, nil
}
