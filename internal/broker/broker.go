package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Options are the settings of a broker. The zero value is a broker in memory on a free port.
type Options struct {
	// Dir is the data directory; it is created when it does not exist. Default: none, records are kept in memory only.
	Dir string
	// Addr is host:port to listen on. The host must be 127.0.0.1 or localhost. Default: 127.0.0.1:0, which takes the
	// port that the broker of Dir had before when it is free, else any free port.
	Addr string
	// NoSync leaves it to the operating system when records reach the disk. A killed process then loses nothing, a
	// machine that loses power may lose acknowledged records. Default: false, answers wait for syncs.
	NoSync bool
	// Logger gets the broker's own warnings and errors. Default: none.
	Logger *slog.Logger
}

// Broker is a running broker.
type Broker struct {
	cluster *kfake.Cluster
	lock    *dirLock
	// disk syncs what the cluster writes; nil when nothing is synced.
	disk *disk
	addr string
}

// Open starts a broker. It returns an error that is ErrLocked when another broker holds the data directory. The broker
// runs until Close.
func Open(opts Options) (*Broker, error) {
	port, err := loopbackPort(opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("open broker: %w", err)
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	settings := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.DefaultNumPartitions(4),
		kfake.ClusterID("rapport-embedded"),
		// The retention pass runs for all topics as soon as one topic has a setting for it.
		kfake.BrokerConfigs(map[string]string{"log.retention.ms": "-1", "log.retention.bytes": "-1"}),
		kfake.WithLogger(logger{opts.Logger}),
	}
	b := &Broker{}
	if opts.Dir != "" {
		if b.lock, err = lockDir(opts.Dir); err != nil {
			return nil, fmt.Errorf("open broker: %w", err)
		}
		root := filepath.Join(opts.Dir, "log")
		settings = append(settings, kfake.DataDir(root))
		if !opts.NoSync {
			if b.disk, err = newDisk(root, opts.Logger); err != nil {
				return nil, errors.Join(fmt.Errorf("open broker: %w", err), b.unlock())
			}
			settings = append(settings, kfake.ListenFn(b.disk.listen))
		}
	}
	if port == 0 && opts.Dir != "" {
		// Clients that know the broker of the directory find it again after a restart.
		if before, ok := readNote(opts.Dir); ok {
			b.cluster, err = b.start(settings, before.port())
		}
	}
	if b.cluster == nil {
		b.cluster, err = b.start(settings, port)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open broker: %w", err), b.unlock())
	}
	b.addr = b.cluster.ListenAddrs()[0]
	if b.lock != nil {
		if err := writeNote(opts.Dir, b.addr); err != nil {
			return nil, errors.Join(fmt.Errorf("open broker: %w", err), b.Close())
		}
	}
	return b, nil
}

// Addr returns host:port of the broker.
func (b *Broker) Addr() string { return b.addr }

// Close stops the broker, writes its state to the data directory and gives the directory back. A second Close does
// nothing; two goroutines must not close a broker at the same time.
func (b *Broker) Close() error {
	b.cluster.Close()
	var err error
	if b.disk != nil {
		err = b.disk.close()
	}
	return errors.Join(err, b.unlock())
}

func (b *Broker) unlock() error {
	if b.lock == nil {
		return nil
	}
	lock := b.lock
	b.lock = nil
	return lock.release()
}

// start starts the cluster on a port, 0 for a free one.
func (b *Broker) start(settings []kfake.Opt, port int) (*kfake.Cluster, error) {
	cluster, err := kfake.NewCluster(append(settings[:len(settings):len(settings)], kfake.Ports(port))...)
	if err != nil {
		return nil, err
	}
	guard(cluster, b.disk)
	return cluster, nil
}

// loopbackPort returns the port of addr.
func loopbackPort(addr string) (int, error) {
	if addr == "" {
		return 0, nil
	}
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, fmt.Errorf("address %q: %w", addr, err)
	}
	if host != "127.0.0.1" && host != "localhost" {
		return 0, fmt.Errorf("address %q: the embedded broker listens on 127.0.0.1 only", addr)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("address %q: port: %w", addr, err)
	}
	return int(port), nil
}

// logger passes on what the cluster finds worth a warning.
type logger struct{ log *slog.Logger }

// Logf implements kfake.Logger.
func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	severity := slog.LevelWarn
	switch level {
	case kfake.LogLevelError:
		severity = slog.LevelError
	case kfake.LogLevelWarn:
	default:
		return
	}
	l.log.LogAttrs(context.Background(), severity, "embedded broker", slog.String("detail", fmt.Sprintf(format, args...)))
}
