package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
)

func TestTopicsCreateMakesATopicThatTheLogAccepts(t *testing.T) {
	t.Parallel()
	b, err := broker.Open(broker.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	args := []string{"topics", "create", "--kafka", b.Addr(), "--topic", "crm.events", "--partitions", "3", "--log-level", "error"}
	want := outcome{exitDone, "topic       crm.events\npartitions  3\n", ""}
	for range 2 {
		if got := execute(t, args...); got != want {
			t.Fatalf("the run shows %+v, want %+v", got, want)
		}
	}
	log, err := eventstore.Open(t.Context(), eventstore.Config{Brokers: []string{b.Addr()}, Topic: "crm.events"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	if log.Partitions() != 3 {
		t.Errorf("the topic has %d partitions, want 3", log.Partitions())
	}

	args[7] = "4"
	if got := execute(t, args...); got.code != exitConflict || !strings.Contains(got.stderr, "number of partitions is 3, want 4") {
		t.Errorf("with another number of partitions the run shows %+v, want code %d", got, exitConflict)
	}
}
