// Command withservers starts a PostgreSQL and an Apache Kafka, runs a command that finds them in its environment
// (RAPPORT_TEST_DATABASE_URL, RAPPORT_TEST_KAFKA), stops them and exits as the command did. It saves every test package
// a start of its own:
//
//	go run ./internal/servertest/withservers go test ./...
//
// A server whose variable is set already is not started.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

// exitUsage is the exit code of a call without a command.
const exitUsage = 2

// grace is the time an interrupted command has to end before it is killed.
const grace = 30 * time.Second

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: withservers COMMAND [ARGUMENT...]")
		os.Exit(exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "withservers:", err)
		os.Exit(1)
	}
}

// server is one of the servers that the command gets.
type server struct {
	variable string
	launch   func(context.Context) (address string, stop func() error, err error)
}

// run starts the servers that the environment does not name, runs the command and stops them.
func run(ctx context.Context, command []string) (err error) {
	environment := os.Environ()
	for _, s := range []server{
		{variable: "RAPPORT_TEST_DATABASE_URL", launch: pgtest.Launch},
		{variable: "RAPPORT_TEST_KAFKA", launch: kafkatest.Launch},
	} {
		if os.Getenv(s.variable) != "" {
			continue
		}
		address, stop, launchErr := s.launch(ctx)
		if launchErr != nil {
			return launchErr
		}
		defer func() {
			// The command's own failure, which carries its exit code, comes first.
			if stopErr := stop(); err == nil {
				err = stopErr
			}
		}()
		environment = append(environment, s.variable+"="+address)
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = environment
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = grace
	return cmd.Run()
}
