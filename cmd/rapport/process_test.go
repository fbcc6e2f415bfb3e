package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/servertest"
	"github.com/rapport-crm/rapport/projections"
)

// asProgram makes the test binary behave as the program, so that tests can start and kill real processes.
const asProgram = "RAPPORT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is one process of the program.
type program struct {
	cmd  *exec.Cmd
	out  syncBuffer
	err  syncBuffer
	done chan error
}

// syncBuffer is a buffer that may be read while a process writes to it.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// start starts the program in dir and kills it at the end of the test if it still runs then.
func start(t *testing.T, dir string, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(os.Args[0], args...), done: make(chan error, 1)}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, &p.out, &p.err
	p.cmd.Env = append(os.Environ(), asProgram+"=1", "CI=", "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() { p.kill() })
	return p
}

// kill ends the process without a warning and waits until it is gone.
func (p *program) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	p.wait()
}

// wait returns the exit code once the process has ended, -1 when it was killed.
func (p *program) wait() int {
	err := <-p.done
	p.done <- err
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	default:
		return -1
	}
}

// stop asks the process to end, as an operator does, and returns its exit code.
func (p *program) stop() int {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	return p.wait()
}

// command runs the program to its end and returns what it wrote to standard output; another exit code than the one
// wanted fails the test.
func command(t *testing.T, dir string, want int, args ...string) string {
	t.Helper()
	p := start(t, dir, args...)
	if code := p.wait(); code != want {
		t.Fatalf("rapport %s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, p.err.String())
	}
	return p.out.String()
}

// patience bounds the wait for something that must happen. No test passes because it has run out.
const patience = 2 * time.Minute

// freeAddr returns a loopback address that was free a moment ago, and that no client can occupy while a server is away.
func freeAddr(t *testing.T) string {
	t.Helper()
	port, err := servertest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint("127.0.0.1:", port)
}

// server is a running `rapport serve`.
type server struct {
	*program
	url  string
	args []string
	dir  string
}

// serve starts a server and waits until it is ready.
func serve(t *testing.T, dir string, flags ...string) *server {
	t.Helper()
	addr := freeAddr(t)
	s := &server{url: "http://" + addr, dir: dir, args: append([]string{"serve", "--addr", addr}, flags...)}
	s.restart(t)
	return s
}

// restart starts the server again, on the same address and data.
func (s *server) restart(t *testing.T) {
	t.Helper()
	s.program = start(t, s.dir, s.args...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !s.ready(ctx) {
		select {
		case err := <-s.done:
			s.done <- err
			t.Fatalf("serve ended: %v\n%s", err, s.err.String())
		case <-ctx.Done():
			t.Fatalf("serve is not ready:\n%s", s.err.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) ready(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// summary returns the server's summary once it reflects the given positions, in the text form; "" does not wait. It may
// take longer than the command waits for an answer.
func (s *server) summary(t *testing.T, after string) projections.Summary {
	t.Helper()
	if after != "" {
		s.reach(t, after)
	}
	return parseSummary(t, string(s.fetch(t, "/v1/summary")))
}

func parseSummary(t *testing.T, text string) (sum projections.Summary) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &sum); err != nil {
		t.Fatalf("the summary is not one JSON document: %v\n%s", err, text)
	}
	return sum
}

// shared returns the path of a shared data set, or skips the test where there is none; in CI that is a failure.
func shared(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		message := fmt.Sprintf("the data set %s is not there", name)
		if os.Getenv("CI") != "" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	return path
}
