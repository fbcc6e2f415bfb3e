package kafkatest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/segmentio/kafka-go"

	"github.com/rapport-crm/rapport/internal/servertest"
)

//go:embed log4j2.properties
var logging []byte

// clusterID is the id of every cluster of this package. The clusters have one node each and never meet.
const clusterID = "cmFwcG9ydC10ZXN0cy4uLg"

// node is the directory of a broker, its ports and its process, nil while it is down.
type node struct {
	java       string
	classPath  string
	dir        string
	port       int
	controller int
	listeners  []listener
	advertised []string
	properties map[string]string
	process    *servertest.Process
}

// create formats a data directory and starts a broker on it. A port may be taken by another process between choosing
// and using it; then other ports are tried.
func create(ctx context.Context, opts *Options) (*node, error) {
	java, err := servertest.LookPath("java")
	if err != nil {
		return nil, fmt.Errorf("find Kafka: %w", err)
	}
	classPath, err := libraries(ctx)
	if err != nil {
		return nil, err
	}
	const attempts = 3
	var failed error
	for range attempts {
		n := &node{java: java, classPath: classPath, properties: opts.Properties, advertised: opts.Advertised}
		err := n.create(ctx)
		if err == nil {
			return n, nil
		}
		failed = errors.Join(err, n.remove()) //nolint:contextcheck // What was started is ended though the context is done.
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// create chooses the ports, makes the directory, formats it and starts the process.
func (n *node) create(ctx context.Context) error {
	var portErr, controllerErr, listenersErr, dirErr error
	n.port, portErr = servertest.FreePort()
	n.controller, controllerErr = servertest.FreePort()
	n.listeners, listenersErr = openListeners(n.advertised)
	n.dir, dirErr = os.MkdirTemp("", "rapport-kafka-")
	if err := errors.Join(portErr, controllerErr, listenersErr, dirErr); err != nil {
		return fmt.Errorf("prepare a broker: %w", err)
	}
	if err := errors.Join(
		os.WriteFile(n.file("log4j2.properties"), logging, 0o600),
		os.WriteFile(n.file("server.properties"), n.configuration(), 0o600),
	); err != nil {
		return fmt.Errorf("prepare a broker: %w", err)
	}
	format := n.arguments("kafka.tools.StorageTool", "format",
		"--cluster-id", clusterID, "--config", n.file("server.properties"))
	return n.start(ctx, append([]string{n.java}, format...))
}

// configuration returns the content of server.properties: one node that is broker and controller, and internal topics
// small enough for it.
func (n *node) configuration() []byte {
	all := map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        "1",
		"controller.quorum.voters":       fmt.Sprintf("1@127.0.0.1:%d", n.controller),
		"listeners":                      fmt.Sprintf("PLAINTEXT://%s,CONTROLLER://127.0.0.1:%d", n.addr(), n.controller),
		"advertised.listeners":           "PLAINTEXT://" + n.addr(),
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"inter.broker.listener.name":     "PLAINTEXT",
		"controller.listener.names":      "CONTROLLER",
		"log.dirs":                       n.file("data"),
		"auto.create.topics.enable":      "false",
		"num.network.threads":            "2",
		"num.io.threads":                 "2",

		"offsets.topic.num.partitions":                     "4",
		"offsets.topic.replication.factor":                 "1",
		"transaction.state.log.num.partitions":             "4",
		"transaction.state.log.replication.factor":         "1",
		"transaction.state.log.min.isr":                    "1",
		"share.coordinator.state.topic.num.partitions":     "4",
		"share.coordinator.state.topic.replication.factor": "1",
		"share.coordinator.state.topic.min.isr":            "1",
		"group.initial.rebalance.delay.ms":                 "0",
		"group.min.session.timeout.ms":                     "1000",
		"log.cleaner.dedupe.buffer.size":                   "4194304",
	}
	addListeners(all, n.listeners)
	maps.Copy(all, n.properties)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s=%s\n", name, all[name])
	}
	return []byte(text.String())
}

// arguments returns the arguments of java for a main class. Nothing is written outside the node's directory.
func (n *node) arguments(class string, args ...string) []string {
	return append([]string{
		"-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:-UsePerfData",
		"-Djava.io.tmpdir=" + n.dir, "-Dlog4j2.configurationFile=file:" + n.file("log4j2.properties"),
		"-cp", n.classPath, class,
	}, args...)
}

// start runs the set-up, nil for none, starts the process and waits until the broker has joined its own cluster.
func (n *node) start(ctx context.Context, setup []string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	process, err := servertest.Start(servertest.Command{
		Setup: setup, Path: n.java, Args: n.arguments("kafka.Kafka", n.file("server.properties")), Dir: n.dir,
	})
	if err != nil {
		return err
	}
	n.process = process
	return process.WaitReady(ctx, n.ping)
}

// ping asks the broker for the members of its cluster. A broker that is still fenced is not among them.
func (n *node) ping(ctx context.Context) error {
	conn, err := kafka.DialContext(ctx, "tcp", n.addr())
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	brokers, err := conn.Brokers()
	if err == nil && len(brokers) != 1 {
		err = fmt.Errorf("ping: %d members, want 1", len(brokers))
	}
	return errors.Join(err, conn.Close())
}

// end sends the signal, unless the node is down already, and waits until the process has exited.
func (n *node) end(signal string) error {
	if n.process == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	process := n.process
	n.process = nil
	return process.End(ctx, signal)
}

// remove ends the node and removes its files.
func (n *node) remove() error {
	return errors.Join(n.end("TERM"), os.RemoveAll(n.dir))
}

// file returns the path of a file in the node's directory.
func (n *node) file(name string) string { return filepath.Join(n.dir, name) }

// addr returns the address that clients use.
func (n *node) addr() string { return fmt.Sprintf("127.0.0.1:%d", n.port) }
