package pgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/internal/servertest"
)

// Options are the settings of a private server.
type Options struct {
	// Settings are server settings (the names of postgresql.conf) that override those of this package.
	Settings map[string]string
	// Volatile gives up durability for speed: no fsync, asynchronous commit. Default: the durability of PostgreSQL's
	// own defaults, for tests that kill the server or lose power.
	Volatile bool
}

// ServerHandle is a private server that a test may stop, kill and start again on the same data. Its methods fail the
// test on errors and must be called from the test's goroutine, one at a time.
type ServerHandle struct {
	t testing.TB
	s *server
}

// Server starts a private server with a data directory of its own. When the test has ended the server is stopped and
// its files are removed. Nil options mean the defaults.
func Server(t testing.TB, opts *Options) *ServerHandle {
	t.Helper()
	servertest.SkipUnlessWanted(t)
	if opts == nil {
		opts = &Options{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := create(ctx, opts)
	servertest.Require(t, err)
	t.Cleanup(func() {
		if err := s.remove(); err != nil {
			t.Error(err)
		}
	})
	return &ServerHandle{t: t, s: s}
}

// URL returns the connection string of the database "postgres". It stays the same over restarts.
func (h *ServerHandle) URL() string { return h.s.url() }

// Stop ends the server in order, as an administrator would: open transactions are rolled back, connections are closed,
// a checkpoint is written. It returns when all server processes have exited.
func (h *ServerHandle) Stop() {
	h.t.Helper()
	h.end("INT")
}

// Kill ends the server with SIGKILL, without any preparation. It returns when all server processes have exited.
func (h *ServerHandle) Kill() {
	h.t.Helper()
	h.end("KILL")
}

// Start starts the server again after Stop or Kill and returns when it answers queries.
func (h *ServerHandle) Start() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	if err := h.s.start(ctx, nil); err != nil {
		h.t.Fatal(err)
	}
}

func (h *ServerHandle) end(signal string) {
	h.t.Helper()
	if err := h.s.end(signal); err != nil {
		h.t.Fatal(err)
	}
}

// server is a data directory and the process that serves it, nil while it is down.
type server struct {
	programs programs
	options  Options
	dir      string
	user     *syscall.Credential
	process  *servertest.Process
}

// create makes a data directory and starts a server on it.
func create(ctx context.Context, opts *Options) (*server, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	user, err := unprivileged()
	if err != nil {
		return nil, err
	}
	// The path of a Unix socket has at most 107 bytes, too few for the directories that the testing package makes.
	dir, err := os.MkdirTemp("/tmp", "rapport-pg-")
	if err != nil {
		return nil, fmt.Errorf("make a data directory: %w", err)
	}
	if user != nil {
		if err := os.Chown(dir, int(user.Uid), int(user.Gid)); err != nil {
			return nil, errors.Join(fmt.Errorf("hand over the data directory: %w", err), os.RemoveAll(dir))
		}
	}
	s := &server{programs: programs, options: *opts, dir: dir, user: user}
	if err := s.start(ctx, s.initdb()); err != nil {
		return nil, errors.Join(err, s.remove()) //nolint:contextcheck // What was started is ended though the context is done.
	}
	return s, nil
}

// initdb returns the command that creates the database files.
func (s *server) initdb() []string {
	command := []string{s.programs.initdb, "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"}
	if s.options.Volatile {
		command = append(command, "--no-sync")
	}
	return command
}

// start runs the set-up, nil for none, starts the process and waits until it answers a query.
func (s *server) start(ctx context.Context, setup []string) error {
	args := []string{"-D", s.data(), "-k", s.dir}
	for _, name := range slices.Sorted(maps.Keys(s.settings())) {
		args = append(args, "-c", name+"="+s.settings()[name])
	}
	// On an orphan's immediate shutdown the server still removes its shared memory, which SIGKILL would leave behind.
	process, err := servertest.Start(servertest.Command{
		Setup: setup, Path: s.programs.postgres, Args: args, Dir: s.dir, User: s.user, Orphan: "QUIT",
	})
	if err != nil {
		return err
	}
	s.process = process
	return process.WaitReady(ctx, s.ping)
}

// settings returns the server settings in force.
func (s *server) settings() map[string]string {
	all := map[string]string{"listen_addresses": "", "max_connections": "200"}
	if s.options.Volatile {
		all["fsync"] = "off"
		all["synchronous_commit"] = "off"
		all["full_page_writes"] = "off"
	}
	maps.Copy(all, s.options.Settings)
	return all
}

// ping runs one query.
func (s *server) ping(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.url())
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	return errors.Join(conn.Ping(ctx), conn.Close(ctx))
}

// end sends the signal, unless the server is down already, and waits until all its processes have exited.
func (s *server) end(signal string) error {
	if s.process == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	process := s.process
	s.process = nil
	return process.End(ctx, signal)
}

// remove ends the server and removes its files.
func (s *server) remove() error {
	return errors.Join(s.end("INT"), os.RemoveAll(s.dir))
}

// data returns the directory of the database files, beside the socket and the log.
func (s *server) data() string { return filepath.Join(s.dir, "data") }

// url returns the connection string of the database that every new server has.
func (s *server) url() string {
	return "postgres://postgres@/postgres?host=" + url.QueryEscape(s.dir)
}
