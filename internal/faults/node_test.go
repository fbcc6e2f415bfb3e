package faults

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/servertest"
)

// restartPause is how long the supervisor of a node waits before it starts a process that has ended by itself.
const restartPause = 300 * time.Millisecond

// serving is what a node logs when it begins to answer HTTP.
const serving = "http api listens"

// node is one `rapport serve` and its supervisor.
type node struct {
	t    testing.TB
	name string
	url  string
	args []string
	path string // of the log
	// kafka and database are its ways; nil when it needs none.
	kafka, database *way
	// prepare changes the process before it is started; nil changes nothing.
	prepare func(*exec.Cmd)

	end  context.CancelFunc // kills the process and ends the supervisor; nil while the node is down
	done chan struct{}

	mu      sync.Mutex
	process *os.Process // nil between two processes
	// gaveUp are the last words of processes that ended by themselves after they had begun to serve.
	gaveUp []string
}

// newNode returns a node that is down. It is killed when the test has ended.
func newNode(t testing.TB, name string, args ...string) *node {
	t.Helper()
	port, err := servertest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	n := &node{
		t: t, name: name, url: "http://" + addr, path: filepath.Join(t.ArtifactDir(), name+".log"),
		args: append([]string{"serve", "--addr", addr}, args...),
	}
	t.Cleanup(n.kill)
	return n
}

// start starts the node. It returns at once.
func (n *node) start() {
	n.t.Helper()
	if n.end != nil {
		return
	}
	binary, dir := program(n.t), n.t.TempDir()
	ctx, end := context.WithCancel(context.Background())
	n.end, n.done = end, make(chan struct{})
	go func() {
		defer close(n.done)
		for ctx.Err() == nil {
			if err := n.run(ctx, binary, dir); err != nil {
				n.note(fmt.Sprintf("%s cannot be run: %v", n.name, err))
				return
			}
			select {
			case <-time.After(restartPause):
			case <-ctx.Done():
			}
		}
	}()
}

// run runs one process until it ends, or ctx does.
func (n *node) run(ctx context.Context, binary, dir string) error {
	file, err := os.OpenFile(n.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	fmt.Fprintf(file, "--- %s starts at %s\n", n.name, time.Now().UTC().Format(time.RFC3339Nano))
	start, err := file.Seek(0, 2)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, binary, n.args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, environment(), file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if n.prepare != nil {
		n.prepare(cmd)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	n.set(cmd.Process)
	err = cmd.Wait()
	n.set(nil)
	if ctx.Err() == nil {
		if words := tail(n.path, start, 40); bytes.Contains(words, []byte(serving)) {
			n.note(fmt.Sprintf("%s gave up while it was serving (%v):\n%s", n.name, err, words))
		}
	}
	return nil
}

func (n *node) set(p *os.Process) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.process = p
}

func (n *node) note(words string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gaveUp = append(n.gaveUp, words)
}

// kill ends the process with SIGKILL, whatever state it is in, and its supervisor. It returns when both are gone.
func (n *node) kill() {
	if n.end == nil {
		return
	}
	n.end()
	<-n.done
	n.end = nil
}

// freeze stops the process with SIGSTOP, so that it knows nothing of the time that passes.
func (n *node) freeze() { n.signal(syscall.SIGSTOP) }

// thaw lets a frozen process go on.
func (n *node) thaw() { n.signal(syscall.SIGCONT) }

func (n *node) signal(s os.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.process != nil {
		_ = n.process.Signal(s) // it may have ended a moment ago
	}
}

// ready waits until the node says that it is ready, and fails the test when it does not within patience.
func (n *node) ready(patience time.Duration) {
	n.t.Helper()
	eventually(n.t, patience, n.name+" is ready", func(ctx context.Context) error {
		a := ask(ctx, http.MethodGet, n.url+"/readyz", nil, nil)
		if a.status != http.StatusOK {
			return fmt.Errorf("readyz answers %s", a)
		}
		return nil
	})
}

// failures returns the last words of processes that gave up.
func (n *node) failures() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.gaveUp
}

// tail returns the last lines of a file from an offset on: so many, and all before them that tell of the start.
func tail(path string, from int64, lines int) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	all := bytes.Split(bytes.TrimSpace(text[min(from, int64(len(text))):]), []byte("\n"))
	const head = 8
	if len(all) <= head+lines {
		return bytes.Join(all, []byte("\n"))
	}
	left := append(append([][]byte{}, all[:head]...), []byte("[…]"))
	return bytes.Join(append(left, all[len(all)-lines:]...), []byte("\n"))
}

// eventually repeats a check until it succeeds, and fails the test with its last error when it does not within patience.
func eventually(t testing.TB, patience time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		if last == nil || ctx.Err() == nil {
			last = err // once the time is up, the error says only that
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within %s: %s: %v", patience, what, last)
		}
	}
}
