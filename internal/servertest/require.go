package servertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// ErrNotInstalled is wrapped by the error of a server whose programs this machine lacks.
var ErrNotInstalled = errors.New("not installed")

// LookPath is exec.LookPath with an error that wraps ErrNotInstalled.
func LookPath(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s: %w", program, ErrNotInstalled)
	}
	return path, nil
}

// environment names the variable that asks for a run without servers when its value is "none".
const environment = "RAPPORT_TEST_SERVERS"

// SkipUnlessWanted skips the test when the environment says RAPPORT_TEST_SERVERS=none, as the first half of a full run
// does: the second half runs the tests that need a server.
func SkipUnlessWanted(t testing.TB) {
	t.Helper()
	if os.Getenv(environment) == "none" {
		t.Skipf("test not run: it needs a server, and %s=none", environment)
	}
}

// Require ends the test unless err is nil. When a program is not installed the test is skipped with a message that
// names it, except when the environment says CI=true: there a missing server is a failure, so that no test is left out
// unnoticed. Any other error fails the test.
func Require(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrNotInstalled) && os.Getenv("CI") != "true":
		t.Skipf("test not run: %v", err)
	default:
		t.Fatal(err)
	}
}
