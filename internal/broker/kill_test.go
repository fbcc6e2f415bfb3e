package broker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/broker"
)

// childEnvironment, when set, makes the test binary run a broker on the directory it names and write to it.
const childEnvironment = "RAPPORT_TEST_BROKER_DIR"

// runChild runs a broker and appends numbered records until it is killed. It prints the broker's address, and then a
// line for each record that was acknowledged.
func runChild(dir string) {
	err := func() error {
		b, err := broker.Open(broker.Options{Dir: dir})
		if err != nil {
			return err
		}
		fmt.Println(b.Addr())
		ctx := context.Background()
		cfg := eventstore.Config{Brokers: []string{b.Addr()}, Partitions: 2}
		if err := eventstore.CreateTopic(ctx, cfg); err != nil {
			return err
		}
		log, err := eventstore.Open(ctx, cfg)
		if err != nil {
			return err
		}
		for i := 0; ; i += 10 {
			records := make([]eventstore.Record, 10)
			for j := range records {
				records[j] = eventstore.Record{Key: fmt.Appendf(nil, "key-%d", j), Value: fmt.Appendf(nil, "%d", i+j)}
			}
			if _, err := log.Append(ctx, records); err != nil {
				return err
			}
			for _, r := range records {
				fmt.Printf("%s\n", r.Value)
			}
		}
	}()
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestAcknowledgedRecordsOutliveAKilledProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acked := make(map[string]bool)
	for range 3 {
		for _, value := range killAfter(t, dir, 500) {
			acked[value] = true
		}
		b, err := broker.Open(broker.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		times := countRecords(t, b.Addr())
		closeBroker(t, b)
		for value := range acked {
			if times[value] == 0 {
				t.Fatalf("record %s was acknowledged and is lost", value)
			}
		}
	}
}

func TestAnAcknowledgedRecordIsThereOnceAfterAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acked := killAfter(t, dir, 2000)
	times := countRecords(t, open(t, broker.Options{Dir: dir}).Addr())
	for _, value := range acked {
		if times[value] != 1 {
			t.Fatalf("record %s is there %d times", value, times[value])
		}
	}
}

// killAfter starts a child on dir, checks that no second broker can join it, kills it when it has acknowledged n
// records, and returns every record it acknowledged.
func killAfter(t *testing.T, dir string, n int) []string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childEnvironment+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	addr, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("child printed no address: %v", err)
	}
	_, err = broker.Open(broker.Options{Dir: dir})
	locked, ok := errors.AsType[*broker.LockedError](err)
	if !ok || (locked.PID != child.Process.Pid && locked.PID != 0) {
		t.Errorf("second broker on the directory of process %d: %v", child.Process.Pid, err)
	}
	var acked []string
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if acked = append(acked, strings.TrimSpace(line)); len(acked) == n {
			found, ok, err := broker.Find(dir)
			if err != nil || !ok || found != strings.TrimSpace(addr) {
				t.Errorf("found %q, %t, %v, want %s", found, ok, err, addr)
			}
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The child was killed, so Wait returns an error that says so.
	if err := child.Wait(); err == nil {
		t.Fatal("child ended without being killed")
	}
	if len(acked) < n {
		t.Fatalf("child acknowledged %d records and ended", len(acked))
	}
	return acked
}

// countRecords returns how often each value is in the log at addr.
func countRecords(t *testing.T, addr string) map[string]int {
	t.Helper()
	log := openLog(t, addr)
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	times := make(map[string]int)
	for partition, end := range ends {
		for batch, err := range log.Follow(t.Context(), partition, 0, eventstore.FollowOptions{Until: max(end, 1)}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range batch.Records {
				times[string(r.Value)]++
			}
			if len(batch.Records) == 0 && end == 0 {
				break
			}
		}
	}
	return times
}
