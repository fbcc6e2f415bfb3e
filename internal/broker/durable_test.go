package broker

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func reviewProduce(t *testing.T, addr string, value string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DisableIdempotentWrite())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	create := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "events", 1, 1
	create.Topics = append(create.Topics, topic)
	if _, err := create.RequestWith(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "events", Value: []byte(value)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// unsyncedFiles returns the files of a directory tree, and the directories with an entry, that d has not brought to disk.
func unsyncedFiles(t *testing.T, d *disk) []string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	var unsynced []string
	err := filepath.WalkDir(d.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		dir := d.dirs[filepath.Dir(path)]
		if dir == nil || onDisk(d, dir.path, e.Name()) != info.Size() {
			rel, _ := filepath.Rel(d.root, path)
			unsynced = append(unsynced, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return unsynced
}

// What a killed broker had written and not synced is fetched from the next one.
func TestWhatIsFetchedAfterARestartIsOnDisk(t *testing.T) {
	dir := t.TempDir()
	b, err := Open(Options{Dir: dir, NoSync: true}) // nothing is synced, as if it was killed before
	if err != nil {
		t.Fatal(err)
	}
	reviewProduce(t, b.Addr(), "never acknowledged by a broker that syncs")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b, err = Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.ConsumeTopics("events"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	fetched := client.PollFetches(t.Context())
	if fetched.NumRecords() != 1 {
		t.Fatal("no record")
	}
	if u := unsyncedFiles(t, b.disk); len(u) > 0 {
		t.Errorf("a record was fetched while these are not known to be on disk: %v", u)
	}
}

func TestATopicThatWasCreatedIsOnDisk(t *testing.T) {
	dir := t.TempDir()
	b, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	reviewProduce(t, b.Addr(), "x")
	if u := unsyncedFiles(t, b.disk); len(u) > 0 {
		t.Errorf("a record was acknowledged while the names of these are not known to be on disk: %v", u)
	}
}

// A topic that is deleted and made again begins its files anew.
func TestAFileThatWasReplacedByOneOfTheSameLengthIsSynced(t *testing.T) {
	d, dir := diskOf(t)
	d.expect(produce(0), nil)
	grow(t, filepath.Join(dir, "0.dat"))
	settled(t, d)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d.expect(produce(0), nil)
	grow(t, filepath.Join(dir, "0.dat"))
	grown, _, err := d.dirs[dir].changed()
	if err != nil || len(grown) != 1 {
		t.Errorf("to be synced are %v, %v; want the new 0.dat", grown, err)
	}
}

func TestProducingToTopicsThatDoNotExistTakesNoMemoryForGood(t *testing.T) {
	d := reviewDisk(t, t.TempDir())
	for i := range int32(1000) {
		d.expect(produce(i), nil)
		settled(t, d)
	}
	if n := len(d.dirs); n > 2 {
		t.Errorf("%d directories that do not exist are remembered", n)
	}
}
