package broker

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// writtenDir is a directory whose files grow at their ends, or are replaced.
type writtenDir struct {
	path string
	// written is the number of the last request that was to write here, synced that of the last one whose writes are on
	// disk.
	written, synced int64
	// files are the files as they are on disk, by name, and gone says that there is no directory. They belong to the
	// goroutine that syncs.
	files map[string]fs.FileInfo
	gone  bool
}

// sync brings the files that have changed since the last time to disk, and the directory itself when it has new ones. A
// directory that was removed has nothing to lose.
func (w *writtenDir) sync() error {
	first := len(w.files) == 0
	changed, added, err := w.changed()
	if w.gone = errors.Is(err, fs.ErrNotExist); w.gone {
		clear(w.files)
		return nil
	}
	if err != nil {
		return err
	}
	var group errgroup.Group
	for name := range changed {
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
	maps.Copy(w.files, changed)
	return nil
}

// changed returns the files that are not as they were when they were synced, and whether some are new.
func (w *writtenDir) changed() (changed map[string]fs.FileInfo, added bool, err error) {
	entries, err := os.ReadDir(w.path)
	if err != nil {
		return nil, false, err
	}
	changed = make(map[string]fs.FileInfo)
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
		// A topic that is made again begins its files anew, and files of settings are replaced: the length may be the same.
		before, known := w.files[entry.Name()]
		same := known && os.SameFile(before, info)
		if !same || before.Size() != info.Size() || !before.ModTime().Equal(info.ModTime()) {
			changed[entry.Name()] = info
			added = added || !same
		}
	}
	return changed, added, nil
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
