package broker

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// writtenDir is a directory whose files grow at their ends.
type writtenDir struct {
	path string
	// written is the number of the last request that was to write here, synced that of the last one whose writes are on
	// disk.
	written, synced int64
	// sizes are the lengths of the files as they are on disk, by name. They belong to the goroutine that syncs.
	sizes map[string]int64
}

// sync brings the files that have changed since the last time to disk, and the directory itself when it has new ones. A
// directory that was removed has nothing to lose.
func (w *writtenDir) sync() error {
	first := len(w.sizes) == 0
	grown, added, err := w.grown()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var group errgroup.Group
	for name := range grown {
		group.Go(func() error { return syncPath(filepath.Join(w.path, name)) })
	}
	if added {
		group.Go(func() error { return syncPath(w.path) })
	}
	if first {
		group.Go(func() error { return syncPath(filepath.Dir(w.path)) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for name, size := range grown {
		w.sizes[name] = size
	}
	return nil
}

// grown returns the files that are not as long as they were when they were synced, with their lengths, and whether some
// are new.
func (w *writtenDir) grown() (grown map[string]int64, added bool, err error) {
	entries, err := os.ReadDir(w.path)
	if err != nil {
		return nil, false, err
	}
	grown = make(map[string]int64)
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		size, known := w.sizes[entry.Name()]
		if !known || size != info.Size() {
			grown[entry.Name()] = info.Size()
			added = added || !known
		}
	}
	return grown, added, nil
}

// syncPath syncs a file or a directory. One that was removed has nothing to lose.
func syncPath(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
