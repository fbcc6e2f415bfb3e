package examples_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
	"github.com/rapport-crm/rapport/internal/outputs"
	"github.com/rapport-crm/rapport/projections"
)

// publish publishes the outputs of the given customers, one after the other, and then the last two of them again, as
// after a crash.
func publish(ctx context.Context, addr string, customers ...string) error {
	outlet, err := eventstore.OpenOutlet(ctx, eventstore.Config{Brokers: []string{addr}, Partitions: 1},
		eventstore.OutletTopic{Name: projections.TopicLifecycle.String()})
	if err != nil {
		return err
	}
	defer outlet.Close()
	all := make([]projections.Output, len(customers))
	numbers := make(map[string]int32)
	for i, customer := range customers {
		numbers[customer]++
		all[i] = projections.Output{
			Topic: projections.TopicLifecycle, Type: "lifecycle.started", Customer: customer, Sequence: numbers[customer],
			At: domain.InstantOf(domain.Date(20_000).Time()), Policy: "default", Position: eventstore.Position{Offset: int64(i)},
			Data: map[string]string{"to": "prospect"},
		}
	}
	publisher := outputs.NewPublisher(outlet, outputs.Options{})
	if err := publisher.Publish(ctx, all); err != nil {
		return err
	}
	return publisher.Publish(ctx, all[max(len(all)-2, 0):])
}

func TestTheScriptPrintsEachOutputOnce(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("kcat"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("kcat is not there")
		}
		t.Skip("kcat is not there")
	}
	b, err := broker.Open(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := publish(t.Context(), b.Addr(), "C1", "C2", "C1", "C3"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "./consume.sh", b.Addr(), "rapport.lifecycle", "-o", "beginning", "-e")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	got, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	var want strings.Builder
	for i, customer := range []string{"C1", "C2", "C1", "C3"} {
		fmt.Fprintf(&want, "0:%d\tlifecycle.started\t%s\t{\"to\":\"prospect\"}\n", i, customer)
	}
	if string(got) != want.String() {
		t.Errorf("the script prints\n%s\nwant\n%s%s", got, want.String(), complaints.String())
	}
}
