package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
)

// Fingerprint tells whether a file, and what is read from it, is the same as before.
type Fingerprint struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	// Head is the SHA-256 of the first KiB, and Mapping that of the mapping, in hexadecimal.
	Head    string `json:"head"`
	Mapping string `json:"mapping,omitempty"`
	Source  string `json:"source"`
	Format  Format `json:"format"`
}

// fingerprint returns the fingerprint of the file as it is on disk now.
func (f *File) fingerprint() (Fingerprint, error) {
	info, err := f.file.Stat()
	if err != nil {
		return Fingerprint{}, fmt.Errorf("fingerprint %s: %w", f.path, err)
	}
	head := make([]byte, 1024)
	n, err := f.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return Fingerprint{}, fmt.Errorf("fingerprint %s: %w", f.path, err)
	}
	p := Fingerprint{Size: info.Size(), Modified: info.ModTime().UTC(), Head: digest(head[:n]), Source: f.source, Format: f.format}
	if f.mapping != nil {
		p.Mapping = digest(f.mapping)
	}
	return p, nil
}

// digest returns the SHA-256 of b in hexadecimal.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Counts say how far an import came.
type Counts struct {
	// Read counts rows, Skipped those of them that a filter left out.
	Read    int64 `json:"read"`
	Skipped int64 `json:"skipped"`
	// Appended counts events that are in the log, Invalid the rows and events that were rejected.
	Appended int64 `json:"appended"`
	Invalid  int64 `json:"invalid"`
}

// state is what an unfinished import leaves behind.
type state struct {
	File        string               `json:"file"`
	Fingerprint Fingerprint          `json:"fingerprint"`
	Counts      Counts               `json:"counts"`
	Positions   eventstore.Positions `json:"positions"`
	SavedAt     time.Time            `json:"saved_at"`
}

// StatePath returns where, below dir, the state of importing a file into a log is kept. target names the log.
func StatePath(dir, target, file string) (string, error) {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return "", fmt.Errorf("name the state of %s: %w", file, err)
	}
	return filepath.Join(dir, "import-"+digest([]byte(target + "\x00" + absolute))[:16]+".json"), nil
}

// loadState reads a state, or returns nil when there is none.
func loadState(path string) (*state, error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("load state: %w", err)
	}
	s := new(state)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("load state %s: %w", path, err)
	}
	return s, nil
}

// save replaces the state in one step: a reader sees the old one or the new one.
func (s *state) save(path string) error {
	s.SavedAt = time.Now().UTC()
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

func removeState(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove state: %w", err)
	}
	return nil
}
