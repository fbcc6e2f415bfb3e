// Package servertest runs the servers that tests need (PostgreSQL, Apache Kafka) as child processes which cannot
// outlive the test process, and decides what a test does when a server is not installed.
//
// Every server runs below a small shell that holds the reading end of a pipe. When the test process ends, in whatever
// way, the pipe closes; the shell then ends the server and removes the server's directory. Nothing depends on a test
// hook, on a signal handler or on the thread that started the child, so a test binary killed with SIGKILL leaves
// nothing behind either.
package servertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// guardian is the shell between the test process and the server. It runs the set-up to its end, even when the test process
// ends meanwhile, so nothing writes into a directory that is being removed; then it starts the server and obeys one word a line on its standard input: a
// signal name is passed on to the server, "leave" ends the shell and keeps the directory. The end of the input means
// that the test process is gone. Descriptor 3 is the pipe whose closing tells the test process that the server and
// all its children have exited, so the shell itself must let go of it.
const guardian = `
log=$1 orphan=$2 remove=$3 setup=$4 server=
shift 4
if eval "$setup" </dev/null >>"$log" 2>&1; then
	"$@" </dev/null >>"$log" 2>&1 &
	server=$!
fi
exec 3>&-
while read -r word; do
	case $word in
	leave) exit 0 ;;
	*) test -z "$server" || kill -s "$word" "$server" ;;
	esac
done
test -z "$server" || { kill -s "$orphan" "$server"; wait "$server"; }
test -z "$remove" || rm -rf "$remove"
`

// pollInterval is the pause between two looks at a server that is starting.
const pollInterval = 20 * time.Millisecond

// Command describes a server process.
type Command struct {
	// Setup is a program and its arguments to run before the server, nil for none. When it fails, the server is not
	// started.
	Setup []string
	// Path and Args are the program and its arguments, without the program's name.
	Path string
	Args []string
	// Dir is the server's directory and working directory. It is removed when the test process ends while the
	// server is running. Its file "server.log" receives the server's output.
	Dir string
	// User is the account to run under. Default: the account of the test process.
	User *syscall.Credential
	// Orphan is the name of the signal sent when the test process has ended. Default: KILL.
	Orphan string
}

// Process is a running server. It starts no goroutine in the test process. Its methods must not be called
// concurrently.
type Process struct {
	shell   *exec.Cmd
	control io.WriteCloser
	alive   *os.File
	log     string
}

// Start starts the set-up and then the server that cmd describes. It returns at once, without waiting for either.
func Start(cmd Command) (*Process, error) {
	log := filepath.Join(cmd.Dir, "server.log")
	if cmd.Orphan == "" {
		cmd.Orphan = "KILL"
	}
	args := append([]string{"-c", guardian, "servertest", log, cmd.Orphan, cmd.Dir, quote(cmd.Setup), cmd.Path}, cmd.Args...)
	shell := exec.Command("sh", args...) //nolint:noctx // The server lives until it is ended, not as long as a context.
	shell.Dir = cmd.Dir
	// A session of its own keeps the terminal's interrupt away from the server: the tests decide when it ends.
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: cmd.User}
	alive, held, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	shell.ExtraFiles = []*os.File{held}
	control, err := shell.StdinPipe()
	if err == nil {
		err = shell.Start()
	}
	if err := errors.Join(err, held.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", cmd.Path, err), alive.Close())
	}
	return &Process{shell: shell, control: control, alive: alive, log: log}, nil
}

// quote returns the words as a line of shell input.
func quote(words []string) string {
	var line strings.Builder
	for _, w := range words {
		line.WriteString(" '" + strings.ReplaceAll(w, "'", `'\''`) + "'")
	}
	return line.String()
}

// WaitReady returns nil as soon as probe does. It returns an error that holds the last lines of the server's log when
// the server exits first or ctx ends.
func (p *Process) WaitReady(ctx context.Context, probe func(context.Context) error) error {
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		switch gone, waitErr := p.exitedWithin(pollInterval); {
		case waitErr != nil:
			return waitErr
		case gone:
			return fmt.Errorf("server exited while starting: %w\n%s", err, p.logTail())
		case ctx.Err() != nil:
			return fmt.Errorf("server did not become ready: %w\n%s", err, p.logTail())
		}
	}
}

// End sends the named signal (TERM, INT, QUIT, KILL) and returns when the server and all its children have exited. The
// directory stays. When ctx ends first the server is killed and the context's error is returned.
func (p *Process) End(ctx context.Context, signal string) error {
	if _, err := fmt.Fprintln(p.control, signal); err != nil {
		return fmt.Errorf("end server: %w", err)
	}
	late := error(nil)
	for {
		gone, err := p.exitedWithin(pollInterval)
		if err != nil {
			return err
		}
		if gone {
			break
		}
		if err := ctx.Err(); err != nil && late == nil {
			late = fmt.Errorf("end server with %s: %w\n%s", signal, err, p.logTail())
			if _, err := fmt.Fprintln(p.control, "KILL"); err != nil {
				return errors.Join(late, err)
			}
		}
	}
	_, err := fmt.Fprintln(p.control, "leave")
	return errors.Join(late, err, p.shell.Wait(), p.alive.Close())
}

// exitedWithin reports whether the server and its children have exited, waiting at most d for it.
func (p *Process) exitedWithin(d time.Duration) (bool, error) {
	if err := p.alive.SetReadDeadline(time.Now().Add(d)); err != nil {
		return false, fmt.Errorf("watch server: %w", err)
	}
	_, err := p.alive.Read(make([]byte, 1))
	switch {
	case errors.Is(err, io.EOF):
		return true, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, nil
	default:
		return false, fmt.Errorf("watch server: unexpected answer: %w", err)
	}
}

// logTail returns the last lines of the server's log.
func (p *Process) logTail() string {
	const keep = 30
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-keep):], "\n")
}
