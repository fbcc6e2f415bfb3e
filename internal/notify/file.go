package notify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// File is a Memory that is kept in a file, for one process: every change is a line of JSON, and opening the file makes
// them all again. The lines that matter for promises are on the disk before a method returns: subscriptions, new
// deliveries, and those that are asked for again. The end of a delivery may be lost with the power, and its request is
// made again then.
type File struct {
	*Memory
	path string

	mu   sync.Mutex
	file *os.File
	// size is the length of the file, and compacted what it was when it held nothing that is past.
	size, compacted int64
	// synced is how much of the file is known to be on the disk.
	synced int64
	// fault is why nothing can be written any more.
	fault error

	// syncing is held by the one that asks the disk, for those that wait behind it.
	syncing sync.Mutex
}

var _ Store = (*File)(nil)

// OpenFile opens the store in a file, which need not exist, and writes it anew without what is past. The file holds
// secrets and can be read by its owner only. The last line of a file may be incomplete after a crash and is left out then.
func OpenFile(ctx context.Context, path string) (*File, error) {
	f := &File{Memory: NewMemory(), path: path}
	if err := f.replay(ctx); err != nil {
		return nil, fmt.Errorf("open webhooks in %s: %w", path, err)
	}
	if err := f.compact(); err != nil {
		return nil, fmt.Errorf("open webhooks in %s: %w", path, err)
	}
	return f, nil
}

// Close puts everything on the disk and closes the file.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := errors.Join(f.file.Sync(), f.file.Close())
	if f.fault == nil {
		f.fault = os.ErrClosed
	}
	if err != nil {
		return fmt.Errorf("close webhooks in %s: %w", f.path, err)
	}
	return nil
}

// replay makes the changes that the file tells of.
func (f *File) replay(ctx context.Context) error {
	content, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	lines := bufio.NewReader(content)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(bytes.TrimSpace(line), &e); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if err := e.apply(ctx, f.Memory); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

// compact writes the file anew without what is past. The caller holds the lock, or has the store to itself.
func (f *File) compact() (err error) {
	fresh, err := os.OpenFile(f.path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = fresh.Close()
		}
	}()
	w := bufio.NewWriter(fresh)
	out := json.NewEncoder(w)
	for _, e := range f.snapshot() {
		if err := out.Encode(e); err != nil {
			return err
		}
	}
	if err := errors.Join(w.Flush(), fresh.Sync()); err != nil {
		return err
	}
	size, err := fresh.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if err := os.Rename(fresh.Name(), f.path); err != nil {
		return err
	}
	// From here on what is written elsewhere is lost, also when the folder cannot be synced.
	if f.file != nil {
		_ = f.file.Close() // what it holds is in the new one
	}
	f.file, f.size, f.synced, f.compacted = fresh, size, size, size
	if f.fault = syncFolder(filepath.Dir(f.path)); f.fault != nil {
		return f.fault
	}
	return nil
}

// syncFolder puts the names in a folder on the disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// record makes a change and writes the entry that it returns; no entry is no change. When record returns a durable change
// is on the disk, and so is what was there before one that changes nothing: another caller may be waiting for it still.
func (f *File) record(durable bool, change func() (*entry, error)) error {
	end, err := f.write(change)
	if err == nil && durable {
		err = f.sync(end)
	}
	return err
}

// write returns the length of the file after the entry.
func (f *File) write(change func() (*entry, error)) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault != nil {
		return 0, fmt.Errorf("write webhooks to %s: %w", f.path, f.fault)
	}
	e, err := change()
	if err != nil || e == nil {
		return f.size, err
	}
	line, err := json.Marshal(e)
	if err == nil {
		var n int
		n, err = f.file.Write(append(line, '\n'))
		f.size += int64(n)
	}
	if err != nil {
		// The memory is ahead of the file, and a part of a line may be in it.
		f.fault = err
		return 0, fmt.Errorf("write webhooks to %s: %w", f.path, err)
	}
	return f.size, nil
}

// sync returns when the file is on the disk up to the given length. Those that wait at the same time share one request to
// the disk.
func (f *File) sync(end int64) error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	f.mu.Lock()
	file, size, synced := f.file, f.size, f.synced
	f.mu.Unlock()
	if synced >= end {
		return nil
	}
	err := file.Sync()
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.file != file: // written anew meanwhile, and on the disk
	case err != nil:
		f.fault = err
		return fmt.Errorf("write webhooks to %s: %w", f.path, err)
	default:
		f.synced = size
	}
	return nil
}

// compactAfter is how much a file must have grown to be written anew.
const compactAfter = 16 << 20

// Prune implements Journal. It also writes the file anew when most of it is past.
func (f *File) Prune(ctx context.Context, delivered, dead time.Time) (n int, err error) {
	// Who asks for the dead deliveries again does not mean those that are forgotten.
	err = f.record(false, func() (*entry, error) {
		if n, err = f.Memory.Prune(ctx, delivered, dead); err != nil || n == 0 {
			return nil, err
		}
		return &entry{Pruned: &pruned{delivered, dead}}, nil
	})
	if err != nil {
		return n, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil && f.size > compactAfter+4*f.compacted {
		err = f.compact()
	}
	return n, err
}
