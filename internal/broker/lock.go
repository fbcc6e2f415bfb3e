package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	lockFile = "broker.lock"
	noteFile = "broker.json"
)

// ErrLocked means that another broker has the data directory open. See LockedError.
var ErrLocked = errors.New("data directory is in use")

// LockedError reports who holds a data directory.
type LockedError struct {
	Dir string
	// PID is the process that holds the directory, or 0 when it has not written its number yet.
	PID int
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("data directory %s is in use by another process", e.Dir)
	}
	return fmt.Sprintf("data directory %s is in use by process %d", e.Dir, e.PID)
}

// Is reports whether target is ErrLocked.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// dirLock is an advisory lock on a directory. The operating system releases it when the process ends in any way. It
// holds a bare descriptor: an os.File is closed, and the lock with it, when the garbage collector finds that nobody
// refers to it, and a program that runs a broker until it exits need not keep the Broker.
type dirLock struct{ fd int }

// lockDir creates dir if need be and locks it.
func lockDir(dir string) (*dirLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create data directory: %w", err)
	}
	// Find holds the lock for a moment when it looks whether anybody has it, so one refusal proves nothing.
	const attempts = 10
	for attempt := 1; ; attempt++ {
		lock, err := tryLock(dir)
		if err == nil || !errors.Is(err, ErrLocked) || attempt == attempts {
			return lock, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// tryLock locks dir, which must exist, or returns a LockedError.
func tryLock(dir string) (*dirLock, error) {
	fd, err := unix.Open(filepath.Join(dir, lockFile), unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory %s: %w", dir, err)
	}
	err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		held := &LockedError{Dir: dir}
		if note, ok := readNote(dir); ok {
			held.PID = note.PID
		}
		return nil, errors.Join(held, unix.Close(fd))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock data directory %s: %w", dir, err), unix.Close(fd))
	}
	return &dirLock{fd: fd}, nil
}

func (l *dirLock) release() error {
	if err := unix.Close(l.fd); err != nil {
		return fmt.Errorf("unlock data directory: %w", err)
	}
	return nil
}

// note is what a broker leaves in its directory for other processes of the machine.
type note struct {
	Addr string `json:"addr"`
	PID  int    `json:"pid"`
}

func (n note) port() int {
	_, text, err := net.SplitHostPort(n.Addr)
	if err != nil {
		return 0
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return int(port)
}

// writeNote replaces the note in one step, so that a reader sees the old one or the new one.
func writeNote(dir, addr string) error {
	data, err := json.Marshal(note{Addr: addr, PID: os.Getpid()})
	if err != nil {
		return fmt.Errorf("write %s: %w", noteFile, err)
	}
	path := filepath.Join(dir, noteFile)
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", noteFile, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write %s: %w", noteFile, err)
	}
	return nil
}

// readNote returns the note of the broker that has or last had dir.
func readNote(dir string) (note, bool) {
	data, err := os.ReadFile(filepath.Join(dir, noteFile))
	if err != nil {
		return note{}, false
	}
	var n note
	if err := json.Unmarshal(data, &n); err != nil || n.Addr == "" {
		return note{}, false
	}
	return n, true
}

// Find returns the address of the broker that is running on a data directory. It returns false when none is: a note
// that a broker left behind is recognised by the lock that nobody holds.
func Find(dir string) (addr string, ok bool, err error) {
	if _, err := os.Stat(filepath.Join(dir, lockFile)); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return "", false, nil
		}
		return "", false, fmt.Errorf("find broker: %w", err)
	}
	lock, err := tryLock(dir)
	if err == nil {
		return "", false, lock.release()
	}
	if !errors.Is(err, ErrLocked) {
		return "", false, fmt.Errorf("find broker: %w", err)
	}
	n, ok := readNote(dir)
	return n.Addr, ok, nil
}
