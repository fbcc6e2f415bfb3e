package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/projections"
)

// TestReceiversHaveEachOutputOnceWhateverEnginesAreStruck lets engines fold a history while they are killed and stopped, all of
// them at times, and while their views are rebuilt, and lets all of its events come a second time. Those who receive the
// outputs by Kafka, by webhook and by stream, and drop the ids they know, then have what one undisturbed fold tells: byte
// for byte, in order, and nothing else.
func TestReceiversHaveEachOutputOnceWhateverEnginesAreStruck(t *testing.T) {
	for _, r := range stormyRounds(t) {
		t.Run(fmt.Sprintf("seed=%d", r.seed), func(t *testing.T) { runStorm(t, r) })
		if t.Failed() {
			t.Fatalf("the first failure ends the run; RAPPORT_FAULTS_SEED=%d repeats it", r.seed)
		}
	}
}

// stormyRounds returns the rounds that the environment asks for; a plain `go test` has one.
func stormyRounds(t *testing.T) []round {
	t.Helper()
	all := rounds(t)
	if !long() {
		all = all[:1]
	}
	return all
}

// receiverPatience bounds how long the receivers may take to have everything: deliveries of a killed engine wait for a minute.
const receiverPatience = 5 * time.Minute

// storm is a cluster whose nodes are struck while they fold a history, and the receivers of its outputs.
type storm struct {
	*cluster
	dice *rand.Rand
	// signal is the one with which nodes are ended.
	signal atomic.Int32
	topics *topicReader
	// receivers has what each receiver of outputs has, by its name.
	receivers map[string]*ledger
}

func runStorm(t *testing.T, r round) {
	t.Helper()
	s := newStorm(t, r.seed)
	t.Cleanup(s.explain)
	chapters := history(t, r.seed, r.steps, s.log.PartitionOf)
	for i, c := range chapters {
		before, _ := s.topics.counts()
		s.append(c)
		eventually(t, catchUpPatience, "what is told of the chapter comes", func(context.Context) error {
			if now, _ := s.topics.counts(); now == before {
				return fmt.Errorf("%d outputs, as before", now)
			}
			return nil
		})
		s.strike()
		if i == len(chapters)/2 {
			s.rebuild()
		}
	}
	for _, c := range chapters {
		s.append(c)
	}
	s.strike()
	s.settle()
	s.verify()
}

// newStorm starts a cluster without proxies and the receivers of its outputs.
func newStorm(t *testing.T, seed uint64) *storm {
	t.Helper()
	program(t) // before anything is started that would wait for it
	s := &storm{
		cluster: &cluster{t: t, kafka: kafkatest.Start(t, nil), database: pgtest.Server(t, nil)},
		dice:    rand.New(rand.NewPCG(seed, 0)),
	}
	s.signal.Store(int32(syscall.SIGKILL))
	s.openLog()
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte(historyPolicy), 0o644); err != nil {
		t.Fatal(err)
	}
	for i := range nodeCount(t) {
		name := fmt.Sprintf("node%d", i+1)
		n := newNode(t, name, "--kafka", s.kafka.Addr(), "--database-url", s.database.URL(), "--node", name,
			"--policy", policy, "--webhook-http", "--webhook-networks", "127.0.0.0/8")
		n.prepare = func(cmd *exec.Cmd) {
			cmd.Cancel = func() error { return cmd.Process.Signal(syscall.Signal(s.signal.Load())) }
			cmd.WaitDelay = startPatience
		}
		s.nodes = append(s.nodes, n)
		n.start()
	}
	for _, n := range s.nodes {
		n.ready(startPatience)
	}
	s.topics = readTopics(t, s.kafka.Addr())
	s.receivers = map[string]*ledger{
		"topics": s.topics.ledger, "webhook": receiveWebhooks(t, s.nodes[0].url).ledger, "stream": readStream(t, s.urls()).ledger,
	}
	return s
}

// append appends a chapter.
func (s *storm) append(c chapter) {
	s.t.Helper()
	for p, records := range c {
		if _, err := s.log.AppendTo(s.t.Context(), p, records); err != nil {
			s.t.Fatal(err)
		}
	}
}

// strike ends one node or several, which are down together then, and starts them again. The reader of the topics goes away
// and comes back too.
func (s *storm) strike() {
	s.t.Helper()
	struck := s.dice.Perm(len(s.nodes))[:1+s.dice.IntN(len(s.nodes))]
	signal := []syscall.Signal{syscall.SIGKILL, syscall.SIGKILL, syscall.SIGTERM}[s.dice.IntN(3)]
	s.t.Logf("%s to %d nodes from %s on", signal, len(struck), s.nodes[struck[0]].name)
	s.signal.Store(int32(signal))
	for _, i := range struck {
		s.nodes[i].kill()
	}
	s.signal.Store(int32(syscall.SIGKILL))
	for _, i := range struck {
		s.nodes[i].start()
	}
	s.topics.restart()
}

// rebuild folds the log into other views and shows them in place of those that there are.
func (s *storm) rebuild() {
	s.t.Helper()
	if code, out, errs := verb(s.t, "rebuild", "--json", "--kafka", s.kafka.Addr(), "--database-url", s.database.URL()); code != 0 {
		s.t.Fatalf("the rebuild ends with %d: %s%s", code, out, errs)
	}
}

// settle waits until every receiver has what one fold tells of the log. The engines append to it what they find out about
// departures and losses, so the log is read until it has an end.
func (s *storm) settle() {
	s.t.Helper()
	if !long() {
		// What an engine was delivering when it was killed is delivered by another a minute later.
		s.execute("UPDATE rapport_notify.deliveries SET next_attempt = now() WHERE status = 'pending' AND next_attempt > now()")
	}
	var ends eventstore.Positions
	var want *ledger
	eventually(s.t, receiverPatience, "the receivers have what one fold tells", func(ctx context.Context) error {
		now, err := s.log.Ends(ctx)
		if err != nil {
			return err
		}
		if !slices.Equal(now, ends) {
			if want, err = undisturbed(ctx, s.log, now); err != nil {
				return err
			}
			ends = now
		}
		for name, l := range s.receivers {
			if err := l.differs(want); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
	for name, l := range s.receivers {
		outputs, repeats := l.counts()
		s.t.Logf("%s: %d outputs, %d repetitions", name, outputs, repeats)
	}
	for _, topic := range projections.OutputTopics() {
		if !want.has(topic.String()) {
			s.t.Errorf("nothing is told on %s", topic)
		}
	}
}

// explain leaves what helps to understand a failure.
func (s *storm) explain() {
	for _, n := range s.nodes {
		for _, words := range n.failures() {
			s.t.Error(words)
		}
		if s.t.Failed() {
			s.t.Logf("%s, from %s:\n%s", n.name, n.path, tail(n.path, 0, 60))
		}
	}
}
