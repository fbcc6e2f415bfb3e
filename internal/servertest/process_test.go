package servertest_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rapport-crm/rapport/internal/servertest"
)

// TestMain plays the part of a test process that is killed when orphanDir is set; otherwise it runs the tests.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SERVERTEST_ORPHAN_DIR"); dir != "" {
		startAndHang(dir)
	}
	goleak.VerifyTestMain(m)
}

// startAndHang starts a server in dir, writes the server's process id to standard output and waits to be killed.
func startAndHang(dir string) {
	p, err := servertest.Start(shell(dir, "echo $$ >ready; exec sleep 600"))
	if err == nil {
		err = p.WaitReady(context.Background(), ready(dir))
	}
	if err != nil {
		panic(err)
	}
	pid, err := os.ReadFile(filepath.Join(dir, "ready"))
	if err != nil {
		panic(err)
	}
	if _, err := os.Stdout.Write(pid); err != nil {
		panic(err)
	}
	select {}
}

// shell is a server made of shell commands. It is ready when its file "ready" has a line.
func shell(dir, script string) servertest.Command {
	return servertest.Command{Path: "/bin/sh", Args: []string{"-c", script}, Dir: dir}
}

// ready reports whether the server in dir has noted its readiness.
func ready(dir string) func(context.Context) error {
	return func(context.Context) error {
		text, err := os.ReadFile(filepath.Join(dir, "ready"))
		if err == nil && !strings.HasSuffix(string(text), "\n") {
			err = errors.New("nothing noted yet")
		}
		return err
	}
}

func TestEndReturnsAfterTheServerAndItsChildrenHaveExited(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := servertest.Start(shell(dir, "(echo up >ready; sleep 0.2; echo gone >child) & exec sleep 600"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.WaitReady(t.Context(), ready(dir)); err != nil {
		t.Fatal(err)
	}
	if err := p.End(t.Context(), "KILL"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "child")); err != nil {
		t.Errorf("the server's child was still running, or the directory was removed: %v", err)
	}
}

func TestServerThatExitsWhileStartingIsReportedWithItsLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := servertest.Start(shell(dir, "echo no such option; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	err = p.WaitReady(t.Context(), func(context.Context) error { return errors.New("connection refused") })
	if err == nil || !strings.Contains(err.Error(), "no such option") {
		t.Errorf("got error %v, want one that quotes the server's log", err)
	}
	if err := p.End(t.Context(), "KILL"); err != nil {
		t.Errorf("ending a server that has exited: %v", err)
	}
}

func TestServerStartsAfterItsSetup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := shell(dir, "test -e 'made by setup' && echo up >ready; exec sleep 600")
	cmd.Setup = []string{"touch", "made by setup"}
	p, err := servertest.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.WaitReady(t.Context(), ready(dir)); err != nil {
		t.Error(err)
	}
	if err := p.End(t.Context(), "KILL"); err != nil {
		t.Fatal(err)
	}
}

func TestServerIsNotStartedWhenItsSetupFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := shell(dir, "echo up >ready; exec sleep 600")
	cmd.Setup = []string{"sh", "-c", "echo \"it's broken\"; exit 1"}
	p, err := servertest.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	err = p.WaitReady(t.Context(), ready(dir))
	if err == nil || !strings.Contains(err.Error(), "it's broken") {
		t.Errorf("got %v, want an error that quotes the log", err)
	}
	if err := p.End(t.Context(), "KILL"); err != nil {
		t.Errorf("ending a server that was not started: %v", err)
	}
}

func TestServerThatIgnoresTheSignalIsKilledWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := servertest.Start(shell(dir, "trap '' TERM; echo up >ready; exec sleep 600"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.WaitReady(t.Context(), ready(dir)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.End(ctx, "TERM"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestServerEndsAndItsDirectoryGoesWhenTheTestProcessIsKilled(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "server")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	self := exec.CommandContext(t.Context(), os.Args[0])
	self.Env = append(os.Environ(), "SERVERTEST_ORPHAN_DIR="+dir)
	out, err := self.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	server, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := self.Wait(); err == nil {
		t.Fatal("the process that was killed reports success")
	}
	awaitAbsence(t, dir)
	if err := syscall.Kill(server, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the server's process is still there: signalling it gives %v", err)
	}
}

// awaitAbsence returns when path does not exist and fails the test when it still does after a minute.
func awaitAbsence(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s is still there", path)
		case <-tick.C:
		}
	}
}

func TestFreePortIsBelowTheRangeOfOutgoingConnections(t *testing.T) {
	t.Parallel()
	port, err := servertest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if port < 20000 || port >= 30000 {
		t.Errorf("port %d is outside 20000..29999", port)
	}
}
