package main

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/rapport-crm/rapport/projections/refold"
)

// foldInterval is how often work that is not watched on a terminal says how far it came.
const foldInterval = 10 * time.Second

// foldProgress shows how much of a log was folded: a bar on a terminal, a line now and then elsewhere. It may be told by
// several goroutines.
type foldProgress struct {
	what   string
	bar    *progressbar.ProgressBar
	logger *slog.Logger

	mu    sync.Mutex
	done  []float64
	begun time.Time
	last  time.Time
}

func newFoldProgress(a *app, what string, partitions int) *foldProgress {
	p := &foldProgress{what: what, logger: a.Logger, done: make([]float64, partitions), begun: time.Now(), last: time.Now()}
	if file, ok := a.Stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.bar = progressbar.NewOptions(1000, progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(what),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	return p
}

// report is told of each window of a partition.
func (p *foldProgress) report(at refold.Progress) { p.tell(context.Background(), at) }

func (p *foldProgress) tell(ctx context.Context, at refold.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[at.Partition] = at.Done()
	var all float64
	for _, d := range p.done {
		all += d / float64(len(p.done))
	}
	if p.bar != nil {
		// A terminal that went away is no reason to stop.
		_ = p.bar.Set(int(1000 * all))
		return
	}
	if now := time.Now(); now.Sub(p.last) >= foldInterval {
		p.last = now
		p.logger.LogAttrs(ctx, slog.LevelInfo, "fold of the log goes on", slog.String("for", p.what),
			slog.Float64("done", math.Round(1000*all)/1000), slog.Duration("elapsed", now.Sub(p.begun).Round(time.Second)))
	}
}

func (p *foldProgress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// byteSize is a number of bytes, written with a unit: 512MiB, 1GiB, or a plain number.
type byteSize int64

// sizeUnits are the units of sizes, the longest first.
var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {"", 1}}

// UnmarshalText reads a size.
func (b *byteSize) UnmarshalText(text []byte) error {
	for _, u := range sizeUnits {
		number, fits := strings.CutSuffix(string(text), u.name)
		if !fits {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			break
		}
		*b = byteSize(n * u.bytes)
		return nil
	}
	return fmt.Errorf("%q is not a size such as 512MiB or 1GiB", text)
}
