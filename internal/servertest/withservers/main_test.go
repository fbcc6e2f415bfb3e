package main

import (
	"errors"
	"os/exec"
	"testing"
)

// These tests set environment variables, so they do not run in parallel.

func TestCommandFindsGivenServersInItsEnvironment(t *testing.T) {
	t.Setenv("RAPPORT_TEST_DATABASE_URL", "postgres://given")
	t.Setenv("RAPPORT_TEST_KAFKA", "given:9092")
	script := `test "$RAPPORT_TEST_DATABASE_URL" = postgres://given && test "$RAPPORT_TEST_KAFKA" = given:9092`
	if err := run(t.Context(), []string{"sh", "-c", script}); err != nil {
		t.Error(err)
	}
}

func TestExitCodeOfTheCommandIsKept(t *testing.T) {
	t.Setenv("RAPPORT_TEST_DATABASE_URL", "postgres://given")
	t.Setenv("RAPPORT_TEST_KAFKA", "given:9092")
	err := run(t.Context(), []string{"sh", "-c", "exit 7"})
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 7 {
		t.Errorf("got %v, want exit status 7", err)
	}
}
