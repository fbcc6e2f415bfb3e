package broker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"
)

// disk brings what the cluster writes to disk before the answers of the cluster leave. The cluster can sync each batch
// itself, but does so in its one goroutine, while every other request waits, and takes no notice of a sync that failed.
// disk lets the cluster go on and holds back its answers instead; those that become ready meanwhile share the next syncs.
//
// No answer leaves, whatever it answers, before all that was written when it was ready is on disk: what is fetched is as
// durable as what is acknowledged. After a sync that failed no answer leaves at all, because nobody can know what is on
// disk.
type disk struct {
	// root is the directory of the cluster.
	root   string
	logger *slog.Logger

	mu sync.Mutex
	// writes counts the requests to write that the cluster was given. It handles one after another, so each of them but the
	// last has certainly been carried out.
	writes int64
	// dirs are the directories that were written to since the start, by path.
	dirs map[string]*writtenDir
	// next is the round that answers wait for which became ready after the current one began, nil when there are none.
	next    *round
	running bool
	rounds  sync.WaitGroup
	// stopped is why no answer leaves any more, nil as long as they do.
	stopped error
}

// round is one run of syncs for the answers that wait for it.
type round struct {
	done chan struct{}
	err  error
}

// newDisk returns a disk on which everything is that a broker before may have left unsynced: it will be fetched. The root
// counts as written to, because the cluster writes to it when it starts.
func newDisk(root string, logger *slog.Logger) (*disk, error) {
	d := &disk{root: root, logger: logger, dirs: make(map[string]*writtenDir)}
	if err := d.syncAll(); err != nil {
		return nil, err
	}
	d.writes++
	d.touch(root)
	return d, nil
}

// syncAll brings everything to disk, whoever wrote it. No round runs meanwhile; a cluster that was closed may still note
// where a last request was going to write.
func (d *disk) syncAll() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var group errgroup.Group
	group.SetLimit(syncers)
	err := filepath.WalkDir(d.root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			d.touch(path)
			group.Go(d.dirs[path].sync)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // nothing was written yet
	}
	if err := errors.Join(err, group.Wait()); err != nil {
		return fmt.Errorf("sync the log: %w", err)
	}
	return nil
}

// syncers is how many directories syncAll syncs at a time.
const syncers = 8

// expect notes where a request is going to write; the cluster asks before it carries the request out. topicName returns
// the name of a topic that is given by its id.
func (d *disk) expect(r kmsg.Request, topicName func(id [16]byte) string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	produce, ok := r.(*kmsg.ProduceRequest)
	if !ok {
		// It changes what the cluster keeps about topics, groups and transactions, and the end of a transaction is written to
		// every partition that the transaction wrote to.
		d.touch(d.root)
		for path := range d.dirs {
			d.touch(path)
		}
		return
	}
	for _, topic := range produce.Topics {
		name := topic.Topic
		if name == "" {
			name = topicName(topic.TopicID)
		}
		for _, p := range topic.Partitions {
			d.touch(filepath.Join(d.root, "partitions", fmt.Sprintf("%s-%d", url.PathEscape(name), p.Partition)))
		}
	}
}

// touch marks a directory as written to by the latest request.
func (d *disk) touch(path string) {
	dir := d.dirs[path]
	if dir == nil {
		dir = &writtenDir{path: path, files: make(map[string]fs.FileInfo)}
		d.dirs[path] = dir
	}
	dir.written = d.writes
}

// settle returns when all that the cluster has written is on disk.
func (d *disk) settle() error {
	d.mu.Lock()
	if d.stopped != nil || len(d.unsynced()) == 0 {
		defer d.mu.Unlock()
		return d.stopped
	}
	if d.next == nil {
		d.next = &round{done: make(chan struct{})}
	}
	r := d.next
	if !d.running {
		d.running = true
		d.rounds.Go(d.run)
	}
	d.mu.Unlock()
	<-r.done
	return r.err
}

// unsynced returns the directories with something that may not be on disk.
func (d *disk) unsynced() []*writtenDir {
	var dirs []*writtenDir
	for _, dir := range d.dirs {
		if dir.synced < dir.written {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// run makes rounds until nobody waits for one.
func (d *disk) run() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.next != nil {
		r := d.next
		d.next = nil
		if r.err = d.stopped; r.err == nil {
			r.err = d.sync()
		}
		d.stopped = r.err
		close(r.done)
	}
	d.running = false
}

// sync syncs what is unsynced. It lets go of mu meanwhile.
func (d *disk) sync() error {
	dirs, carriedOut := d.unsynced(), d.writes-1
	last := make([]int64, len(dirs))
	for i, dir := range dirs {
		last[i] = min(dir.written, carriedOut)
	}
	d.mu.Unlock()
	var group errgroup.Group
	for _, dir := range dirs {
		group.Go(dir.sync)
	}
	err := group.Wait()
	d.mu.Lock()
	if err != nil {
		d.logger.Error("embedded broker stops answering: a sync failed", slog.Any("error", err))
		return fmt.Errorf("sync the log: %w", err)
	}
	for i, dir := range dirs {
		if dir.synced = last[i]; dir.gone && dir.synced == dir.written {
			delete(d.dirs, dir.path)
		}
	}
	return d.stopped
}

// close ends the last round, and syncs what the cluster wrote when it was closed. No answer leaves afterwards.
func (d *disk) close() error {
	d.mu.Lock()
	if d.stopped == nil {
		d.stopped = net.ErrClosed
	}
	d.mu.Unlock()
	d.rounds.Wait()
	return d.syncAll()
}

// listen is net.Listen for the cluster: what it answers through the listener waits for the disk.
func (d *disk) listen(network, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	return &settledListener{Listener: l, disk: d}, nil
}

type settledListener struct {
	net.Listener
	disk *disk
}

// Accept returns the next connection.
func (l *settledListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &settledConn{Conn: conn, disk: l.disk}, nil
}

// settledConn is a connection whose answers leave when what they tell is on disk. The cluster writes each answer with one
// call, in a goroutine of its own.
type settledConn struct {
	net.Conn
	disk *disk
}

// Write sends an answer.
func (c *settledConn) Write(answer []byte) (int, error) {
	if err := c.disk.settle(); err != nil {
		return 0, err
	}
	return c.Conn.Write(answer)
}
