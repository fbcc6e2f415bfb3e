package kafkatest

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
)

func TestLockKeepsASecondHolderOutUntilItIsGivenBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(over, path); !errors.Is(err, context.Canceled) {
		t.Fatalf("second holder: got %v, want to wait until the context ends", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
}

func TestVersionIsThatOfThePom(t *testing.T) {
	t.Parallel()
	if v := Version(); v != "4.1.1" {
		t.Errorf("version %s, want 4.1.1", v)
	}
}
