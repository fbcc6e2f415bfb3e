package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/importer"
)

// importCmd appends the events of files straight to the log.
type importCmd struct {
	logFlags
	Files   []string `arg:"" name:"file" help:"Files to import; .gz and .zst are read as they are." type:"path"`
	Format  string   `help:"Form of the files: cloudevents (NDJSON or an array), csv (with --map), cdnow, online-retail." enum:"cloudevents,csv,cdnow,online-retail" required:""`
	Map     string   `help:"Mapping of the columns of a CSV file, see docs/import.md." type:"existingfile" placeholder:"M.YAML"`
	Source  string   `help:"Name of the source, on which the ids depend. Default: the name in the mapping, else the name of the file without .gz or .zst."`
	Rejects string   `help:"Write every rejected row to this file as NDJSON." type:"path" placeholder:"FILE"`
	State   string   `help:"File that records how far the import came. Default: in the data directory, or with --kafka in the user's cache." type:"path" placeholder:"FILE"`
	Resume  bool     `help:"Go on after the last row that an interrupted import recorded." default:"true" negatable:""`
	Restart bool     `help:"Begin anew whatever was recorded."`
}

// importResult is what all files of an import came to.
type importResult struct {
	importer.Counts
	Seconds         float64              `json:"seconds"`
	EventsPerSecond float64              `json:"events_per_second"`
	Positions       eventstore.Positions `json:"positions"`
	Files           []*importer.Result   `json:"files"`
}

// Run imports the files one after the other and prints what became of them.
func (c *importCmd) Run(ctx context.Context, a *app) (err error) {
	if (c.Format == string(importer.CSV)) != (c.Map != "") {
		return &exitError{exitUsage, errors.New("--map goes with --format csv, which needs it")}
	}
	if c.State != "" && len(c.Files) > 1 {
		return &exitError{exitUsage, errors.New("--state goes with one file")}
	}
	opts := importer.FileOptions{Format: importer.Format(c.Format), Source: c.Source}
	if c.Map != "" {
		if opts.Mapping, err = os.ReadFile(c.Map); err != nil {
			return fmt.Errorf("import: %w", err)
		}
	}
	states, err := c.states()
	if err != nil {
		return err
	}
	log, closeLog, err := a.createLog(ctx, c.logFlags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	rejects, err := openRejects(a.Stderr, c.Rejects, c.continues(states))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rejects.Close()) }()

	job := &importJob{app: a, log: log, file: opts, restart: c.Restart, rejects: rejects, sources: make(map[string]string)}
	total := &importResult{Files: []*importer.Result{}}
	for i, path := range c.Files {
		result, fault := job.run(ctx, path, states[i])
		if result != nil {
			total.add(result)
		}
		if fault != nil {
			err = fault
			break
		}
	}
	return errors.Join(err, printValue(a, total, (*printer).imported))
}

// importJob is what the files of one command have in common.
type importJob struct {
	app     *app
	log     *eventstore.Log
	file    importer.FileOptions
	restart bool
	rejects *rejectLog
	// sources holds the file of each source.
	sources map[string]string
}

// run imports one file. The result is nil when the file could not be opened.
func (j *importJob) run(ctx context.Context, path, state string) (*importer.Result, error) {
	f, err := importer.OpenFile(path, j.file)
	if err != nil {
		return nil, err
	}
	if other, taken := j.sources[f.Source()]; taken && other != path && j.file.Format != importer.CloudEvents {
		// Equal rows at equal numbers of the two would have the same ids, and count once.
		err := fmt.Errorf("import %s: %s has the source name %q too; import them one by one with different --source", path, other, f.Source())
		return nil, errors.Join(&exitError{exitUsage, err}, f.Close())
	}
	j.sources[f.Source()] = path
	show := newImportProgress(j.app, f.Source(), f.Size())
	result, err := importer.Import(ctx, j.log, f, importer.Options{
		State: state, Restart: j.restart, Reject: j.rejects.add, Progress: show.report, Logger: j.app.Logger,
	})
	show.end()
	err = errors.Join(err, f.Close())
	switch {
	case ctx.Err() != nil && err != nil && state != "":
		err = fmt.Errorf("%w; the same command goes on after row %d", err, result.Read)
	case err == nil && result.Appended == 0 && result.Invalid > 0:
		err = fmt.Errorf("import %s: nothing was appended: every row was rejected", f.Source())
	}
	return result, err
}

// states returns the state file of each file, empty for none.
func (c *importCmd) states() ([]string, error) {
	states := make([]string, len(c.Files))
	if !c.Resume {
		return states, nil
	}
	if c.State != "" {
		states[0] = c.State
		return states, nil
	}
	dir, target := c.Data, "data "+c.Data+" "+c.Topic
	if len(c.Kafka) > 0 {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("import: name a state file with --state: %w", err)
		}
		dir, target = filepath.Join(cache, "rapport"), "kafka "+strings.Join(c.Kafka, ",")+" "+c.Topic
	}
	for i, path := range c.Files {
		state, err := importer.StatePath(dir, target, path)
		if err != nil {
			return nil, err
		}
		states[i] = state
	}
	return states, nil
}

// continues reports whether any file has a state to go on from.
func (c *importCmd) continues(states []string) bool {
	for _, state := range states {
		if _, err := os.Stat(state); err == nil && !c.Restart {
			return true
		}
	}
	return false
}

// add adds the result of one file.
func (t *importResult) add(r *importer.Result) {
	t.Read += r.Read
	t.Skipped += r.Skipped
	t.Appended += r.Appended
	t.Invalid += r.Invalid
	// A resumed file counts as a whole, while its rate is that of this run.
	events := t.EventsPerSecond*t.Seconds + r.EventsPerSecond*r.Seconds
	if t.Seconds += r.Seconds; t.Seconds > 0 {
		t.EventsPerSecond = events / t.Seconds
	}
	t.Positions = t.Positions.Max(r.Positions)
	t.Files = append(t.Files, r)
}

func (p *printer) imported(t *importResult) {
	var rows []table.Row
	for _, r := range t.Files {
		rows = append(rows, table.Row{r.Source, r.Read, r.Skipped, r.Appended, r.Invalid, rate(r.Seconds, 1), rate(r.EventsPerSecond, 0)})
	}
	if len(t.Files) > 1 {
		rows = append(rows, table.Row{"all", t.Read, t.Skipped, t.Appended, t.Invalid, rate(t.Seconds, 1), rate(t.EventsPerSecond, 0)})
	}
	p.table(table.Row{"SOURCE", "ROWS READ", "FILTERED OUT", "EVENTS APPENDED", "REJECTED", "SECONDS", "EVENTS/S"}, rows)
	p.line("")
	p.fields("positions", t.Positions.String())
}

// rate returns a number with the given digits after the point.
func rate(f float64, digits int) amount { return amount(strconv.FormatFloat(f, 'f', digits, 64)) }
