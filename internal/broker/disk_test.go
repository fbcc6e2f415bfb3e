package broker

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// produce returns a request that writes to a partition of the topic events.
func produce(partition int32) *kmsg.ProduceRequest {
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition = partition
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.Partitions = "events", []kmsg.ProduceRequestTopicPartition{p}
	req := kmsg.NewPtrProduceRequest()
	req.Topics = []kmsg.ProduceRequestTopic{t}
	return req
}

// diskOf returns a disk and the directory of partition 0 of the topic events on it.
func diskOf(t *testing.T) (d *disk, dir string) {
	t.Helper()
	root := t.TempDir()
	dir = filepath.Join(root, "partitions", "events-0")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d = reviewDisk(t, root)
	return d, dir
}

// grow appends a byte to a file.
func grow(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write([]byte{1})
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func settled(t *testing.T, d *disk) {
	t.Helper()
	if err := d.settle(); err != nil {
		t.Fatal(err)
	}
}

func TestAnAnswerWaitsForTheFilesThatItsRequestMadeLonger(t *testing.T) {
	t.Parallel()
	d, dir := diskOf(t)
	settled(t, d)
	if onDisk(d, dir, "0.dat") != 0 {
		t.Error("something was synced before anything was written")
	}
	for want := range int64(3) {
		d.expect(produce(0), nil)
		grow(t, filepath.Join(dir, "0.dat"))
		settled(t, d)
		if got := onDisk(d, dir, "0.dat"); got != want+1 {
			t.Errorf("%d bytes are on disk, want %d", got, want+1)
		}
	}
}

// A round may begin between the moment the cluster asks about a request and the moment it carries it out.
func TestARequestThatARoundOvertookIsSyncedByTheNext(t *testing.T) {
	t.Parallel()
	d, dir := diskOf(t)
	d.expect(produce(0), nil)
	settled(t, d)
	grow(t, filepath.Join(dir, "0.dat"))
	settled(t, d)
	if got := onDisk(d, dir, "0.dat"); got != 1 {
		t.Errorf("%d bytes are on disk, want 1", got)
	}
}

func TestASegmentThatWasLeftForTheNextOneIsSyncedToo(t *testing.T) {
	t.Parallel()
	d, dir := diskOf(t)
	d.expect(produce(0), nil)
	for _, name := range []string{"0.dat", "7.dat"} {
		grow(t, filepath.Join(dir, name))
	}
	settled(t, d)
	if one, two := onDisk(d, dir, "0.dat"), onDisk(d, dir, "7.dat"); one != 1 || two != 1 {
		t.Errorf("on disk are %d and %d bytes", one, two)
	}
}

func TestTheEndOfATransactionIsSyncedWhereverSomethingWasWritten(t *testing.T) {
	t.Parallel()
	d, dir := diskOf(t)
	d.expect(produce(0), nil)
	d.expect(produce(1), nil)
	settled(t, d)
	d.expect(kmsg.NewPtrEndTxnRequest(), nil)
	grow(t, filepath.Join(dir, "0.dat"))
	grow(t, filepath.Join(d.root, "pids.log"))
	settled(t, d)
	if onDisk(d, dir, "0.dat") != 1 || onDisk(d, d.root, "pids.log") != 1 {
		t.Error("the end of the transaction was not synced")
	}
}

func TestAfterASyncThatFailedNoAnswerLeaves(t *testing.T) {
	t.Parallel()
	d, dir := diskOf(t)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	grow(t, dir) // a file cannot be read as a directory
	d.expect(produce(0), nil)
	client, server := net.Pipe()
	defer func() { _ = errors.Join(client.Close(), server.Close()) }()
	conn := &settledConn{Conn: server, disk: d}
	for range 2 {
		if n, err := conn.Write([]byte("acknowledged")); n != 0 || err == nil {
			t.Fatalf("an answer of %d bytes left, %v", n, err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnswersThatAreReadyTogetherAllLeave(t *testing.T) {
	t.Parallel()
	d, dir := diskOf(t)
	var answers sync.WaitGroup
	for range 50 {
		d.expect(produce(0), nil)
		grow(t, filepath.Join(dir, "0.dat"))
		answers.Go(func() {
			if err := d.settle(); err != nil {
				t.Error(err)
			}
		})
	}
	answers.Wait()
	if got := onDisk(d, dir, "0.dat"); got != 50 {
		t.Errorf("%d bytes are on disk, want 50", got)
	}
}

// onDisk returns how many bytes of a file are on disk.
func onDisk(d *disk, dir, name string) int64 {
	if w := d.dirs[dir]; w != nil && w.files[name] != nil {
		return w.files[name].Size()
	}
	return 0
}

func reviewDisk(t *testing.T, root string) *disk {
	t.Helper()
	d, err := newDisk(root, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	return d
}
