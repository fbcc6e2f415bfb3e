package faults

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/servertest"
)

// room is how much the disk, or a file, takes before it is full.
const room = 4 << 20

func TestAFullFilesystemRefusesAppendsAndLosesNothing(t *testing.T) {
	t.Parallel()
	servertest.SkipUnlessWanted(t)
	dir := t.TempDir()
	options := func(size int) string { return fmt.Sprintf("size=%d", size) }
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options(room)); err != nil {
		if errors.Is(err, unix.EPERM) && os.Getuid() != 0 {
			t.Skip("test not run: only root can mount a small filesystem")
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	fillUp(t, dir, nil, func() {
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, options(64*room)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAFileThatMayNotGrowRefusesAppendsAndLosesNothing(t *testing.T) {
	t.Parallel()
	servertest.SkipUnlessWanted(t)
	// The shell's limit is in units of 512 or 1024 bytes, whichever; the program replaces the shell.
	limited := func(cmd *exec.Cmd) {
		script := fmt.Sprintf(`ulimit -S -f %d; exec "$0" "$@"`, room/1024)
		cmd.Args = append([]string{"sh", "-c", script, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}
	fillUp(t, t.TempDir(), limited, func() {})
}

// fillUp appends to an embedded log below dir until it takes nothing more, makes room, restarts the node and checks that
// everything that was acknowledged is there and that the log takes events again.
func fillUp(t *testing.T, dir string, limited func(*exec.Cmd), makeRoom func()) {
	t.Helper()
	port, err := servertest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	broker := fmt.Sprintf("127.0.0.1:%d", port)
	n := newNode(t, "embedded", "--data", filepath.Join(dir, "data"), "--broker-addr", broker)
	n.prepare = limited
	n.start()
	n.ready(startPatience)

	w := &writer{url: n.url, dice: rand.New(rand.NewPCG(1, 1)), sent: make(map[string]bool)}
	w.untilFull(t)
	n.kill()
	makeRoom()
	n.prepare = nil
	n.start()
	n.ready(startPatience)
	w.resume(t)

	log, err := eventstore.Open(t.Context(), eventstore.Config{Brokers: []string{broker}})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	a, _ := readLog(t, log)
	for _, r := range w.answers {
		if err := a.check(r); err != nil {
			t.Errorf("an answer was wrong: %v", err)
		}
		if r.appended() && !a.accepted(diskCustomer, r.id) {
			t.Errorf("event %s was acknowledged and is not in the log", r.id)
		}
	}
	if got := a.verdicts[accepted]; got != int64(len(w.sent)) {
		t.Errorf("the log has accepted %d of %d events", got, len(w.sent))
	}
	for _, words := range n.failures() {
		t.Error(words)
	}
	t.Logf("%d events were acknowledged, %d before the disk was full", len(w.answers), w.before)
}

// diskCustomer is the customer of all events of these tests, so that one partition takes them all.
const diskCustomer = "c-1"

// writer appends events with incompressible notes.
type writer struct {
	url     string
	dice    *rand.Rand
	sent    map[string]bool
	answers []told
	// before counts the answers until the disk was full, refused are the events that were not acknowledged.
	before  int
	refused []event
}

// untilFull appends until the log has refused many times in a row.
func (w *writer) untilFull(t *testing.T) {
	t.Helper()
	const inARow = 5
	deadline := time.Now().Add(2 * time.Minute)
	for failures := 0; failures < inARow; {
		if time.Now().After(deadline) {
			t.Fatalf("the log still takes events after %d", len(w.answers))
		}
		events := make([]event, 20)
		for i := range events {
			events[i] = w.note()
		}
		results, err := postBatch(t.Context(), w.url, events, "")
		var refused *refusedError
		switch {
		case errors.As(err, &refused):
			t.Fatalf("a full disk is answered with %v", err)
		case err != nil && !strings.Contains(err.Error(), "answer 503"):
			t.Fatalf("a full disk is answered with %v, want 503", err)
		case err != nil:
			failures++
			w.refused = append(w.refused, events...)
		default:
			failures = 0
			w.answers = append(w.answers, results...)
		}
	}
	w.before = len(w.answers)
	if w.before == 0 {
		t.Fatal("the log took nothing before the disk was full")
	}
}

// resume sends again what was refused, and something new.
func (w *writer) resume(t *testing.T) {
	t.Helper()
	events := append(w.refused, w.note())
	eventually(t, startPatience, "the log takes events again", func(ctx context.Context) error {
		results, err := postBatch(ctx, w.url, events, "")
		if err == nil {
			w.answers = append(w.answers, results...)
		}
		return err
	})
}

// note returns a new event of about 2 KB.
func (w *writer) note() event {
	text := make([]byte, 1000)
	for i := range text {
		text[i] = byte(w.dice.Uint32())
	}
	id := fmt.Sprintf("n-%06d", len(w.sent))
	w.sent[id] = true
	body := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/faults","type":"note.added","subject":%q,"time":"2026-01-02T03:04:05Z","data":{"text":%q}}`,
		id, diskCustomer, hex.EncodeToString(text))
	return event{id: id, customer: diskCustomer, body: []byte(body)}
}
