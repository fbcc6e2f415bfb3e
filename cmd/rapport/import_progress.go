package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/rapport-crm/rapport/internal/importer"
)

// importInterval is how often an import that is not watched on a terminal says how far it came.
const importInterval = 10 * time.Second

// importProgress shows how far an import came: a bar on a terminal, a line now and then elsewhere.
type importProgress struct {
	source string
	bar    *progressbar.ProgressBar
	logger *slog.Logger
	last   time.Time
}

func newImportProgress(a *app, source string, size int64) *importProgress {
	p := &importProgress{source: source, logger: a.Logger, last: time.Now()}
	if file, ok := a.Stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.bar = progressbar.NewOptions64(size, progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(clean(source)),
			progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	return p
}

// report is told of each round of the import.
func (p *importProgress) report(at importer.Progress) {
	if p.bar != nil {
		// A terminal that went away is no reason to stop.
		_ = p.bar.Set64(at.Offset)
		return
	}
	if now := time.Now(); now.Sub(p.last) >= importInterval {
		p.last = now
		p.logger.LogAttrs(context.Background(), slog.LevelInfo, "import goes on", slog.String("source", p.source),
			slog.Int64("read", at.Read), slog.Int64("appended", at.Appended), slog.Int64("invalid", at.Invalid),
			slog.Int64("offset_bytes", at.Offset), slog.Int64("size_bytes", at.Size))
	}
}

func (p *importProgress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// shownRejects is how many rejected rows are shown on standard error.
const shownRejects = 20

// rejectLog shows the first rejected rows and writes all of them to a file when there is one.
type rejectLog struct {
	show    io.Writer
	shown   int
	file    *os.File
	encoder *json.Encoder
}

// openRejects returns a rejectLog. path may be empty; a file that exists is written anew unless the import goes on.
func openRejects(show io.Writer, path string, goOn bool) (*rejectLog, error) {
	l := &rejectLog{show: show}
	if path == "" {
		return l, nil
	}
	how := os.O_TRUNC
	if goOn {
		how = os.O_APPEND
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|how, 0o600)
	if err != nil {
		return nil, fmt.Errorf("import: rejects: %w", err)
	}
	l.file, l.encoder = file, json.NewEncoder(file)
	return l, nil
}

// add takes a rejected row.
func (l *rejectLog) add(r *importer.Rejection) error {
	switch l.shown++; {
	case l.shown <= shownRejects:
		fmt.Fprintln(l.show, "rejected:", clean(r.Error()))
	case l.shown == shownRejects+1:
		fmt.Fprintln(l.show, "rejected: further rows are counted only")
	}
	if l.encoder == nil {
		return nil
	}
	if err := l.encoder.Encode(r); err != nil {
		return fmt.Errorf("rejects: %w", err)
	}
	return nil
}

// Close closes the file.
func (l *rejectLog) Close() error {
	if l.file == nil {
		return nil
	}
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("rejects: %w", err)
	}
	return nil
}
