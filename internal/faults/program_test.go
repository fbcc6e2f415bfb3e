package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

// buildDir is where the program is built. It is removed when the tests have ended.
var buildDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "rapport-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
	buildDir = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		code = 1
	}
	os.Exit(code)
}

// program returns the path of the program, built once for the test process.
func program(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// built builds the program from this tree, with the race detector when the tests have it.
var built = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("RAPPORT_FAULTS_BINARY"); path != "" {
		return path, nil
	}
	path := filepath.Join(buildDir, "rapport")
	args := []string{"build", "-o", path}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				args = append(args, "-race")
			}
		}
	}
	if out, err := exec.Command("go", append(args, "../../cmd/rapport")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})

// environment is that of the tests without the settings of the program. A program that was built with the race detector
// ends at the first race, so that it is noticed.
func environment() []string {
	kept := []string{"GORACE=halt_on_error=1"}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "RAPPORT_") {
			kept = append(kept, entry)
		}
	}
	return kept
}

// verb runs the program to its end and returns its exit code and what it wrote to standard output and standard error.
func verb(t testing.TB, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), program(t), args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = t.TempDir(), environment(), &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}
