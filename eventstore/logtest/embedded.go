package logtest

import (
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
)

// Embedded returns a log on an embedded broker in memory that only this test uses. Both end with the test.
func Embedded(t testing.TB, partitions int) *eventstore.Log {
	t.Helper()
	b, err := broker.Open(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := eventstore.Config{Brokers: []string{b.Addr()}, Partitions: partitions}
	if err := eventstore.CreateTopic(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	return openLog(t, cfg)
}
