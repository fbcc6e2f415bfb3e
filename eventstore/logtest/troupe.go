package logtest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/rapport-crm/rapport/eventstore"
)

// patience bounds the wait for something that the tests are sure of. Sessions that must not end by themselves in a test
// are longer.
const (
	patience     = 2 * time.Minute
	longSession  = 4 * time.Minute
	longRevoking = 4 * time.Minute
)

// troupe is the members of one group in a test.
type troupe struct {
	t      *testing.T
	cfg    eventstore.GroupConfig
	events chan groupEvent
}

// groupEvent is an assignment that began.
type groupEvent struct {
	member *groupMember
	given  eventstore.Assignment
}

// groupMember is a running member. Its fields but latest are set before it runs.
type groupMember struct {
	latest eventstore.Assignment
	// ended gets a value when the work of a generation has ended.
	ended chan struct{}
	stop  context.CancelFunc
	done  chan error
}

// newTroupe returns a group with a new name whose sessions do not end within a test.
func newTroupe(t *testing.T) *troupe {
	return &troupe{
		t:      t,
		cfg:    eventstore.GroupConfig{ID: newTopic(), SessionTimeout: longSession, HeartbeatInterval: 100 * time.Millisecond, RebalanceTimeout: longRevoking},
		events: make(chan groupEvent, 1000),
	}
}

// join runs a member that does work in each generation, or waits for its end when work is nil.
func (g *troupe) join(log *eventstore.Log, work func(ctx context.Context, a eventstore.Assignment) error) *groupMember {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	m := &groupMember{stop: cancel, done: make(chan error, 1), ended: make(chan struct{}, 1000)}
	group := log.Join(g.cfg)
	go func() {
		m.done <- group.Run(ctx, func(ctx context.Context, a eventstore.Assignment) error {
			g.events <- groupEvent{member: m, given: a}
			defer func() { m.ended <- struct{}{} }()
			if work != nil {
				return work(ctx, a)
			}
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	g.t.Cleanup(func() {
		cancel()
		if m.done == nil {
			return
		}
		if err := <-m.done; err != nil {
			g.t.Error(err)
		}
	})
	return m
}

// end stops a member and returns when it has left the group.
func (g *troupe) end(m *groupMember) {
	g.t.Helper()
	m.stop()
	if err := g.outcome(m); err != nil {
		g.t.Fatal(err)
	}
}

// outcome waits for the end of a member's run.
func (g *troupe) outcome(m *groupMember) error {
	g.t.Helper()
	select {
	case err := <-m.done:
		m.done = nil
		return err
	case <-time.After(patience):
		g.t.Fatal("member goes on")
		return nil
	}
}

// next waits for the beginning of an assignment.
func (g *troupe) next() groupEvent {
	g.t.Helper()
	select {
	case e := <-g.events:
		e.member.latest = e.given
		return e
	case <-time.After(patience):
		g.t.Fatal("no assignment came")
		return groupEvent{}
	}
}

// settle waits until the members are in one generation with the partitions of log shared among them, and checks that they
// are shared evenly.
func (g *troupe) settle(log *eventstore.Log, members ...*groupMember) {
	g.t.Helper()
	for !g.covered(log, members) {
		g.next()
	}
	least, most := log.Partitions()/len(members), (log.Partitions()+len(members)-1)/len(members)
	for _, m := range members {
		if n := len(m.latest.Partitions); n < least || n > most {
			g.t.Errorf("member has %d of %d partitions among %d members", n, log.Partitions(), len(members))
		}
	}
}

// covered reports whether the newest assignments are of one generation and hold every partition once.
func (g *troupe) covered(log *eventstore.Log, members []*groupMember) bool {
	var all []int
	for _, m := range members {
		if m.latest.Member == "" || m.latest.Generation != members[0].latest.Generation {
			return false
		}
		all = append(all, m.latest.Partitions...)
	}
	slices.Sort(all)
	every := make([]int, log.Partitions())
	for i := range every {
		every[i] = i
	}
	return slices.Equal(all, every)
}

// newClient returns a client whose connections end with the test.
func newClient(t *testing.T, brokers []string) *kafka.Client {
	t.Helper()
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &kafka.Client{Addr: kafka.TCP(brokers...), Transport: transport}
}

// awaitMembers waits until the broker says that a group has n members.
func awaitMembers(t *testing.T, log *eventstore.Log, group string, n int) {
	t.Helper()
	client := newClient(t, log.Brokers())
	await(t, func() error {
		res, err := client.DescribeGroups(t.Context(), &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(res.Groups[0].Members); got != n {
			return fmt.Errorf("group has %d members, want %d", got, n)
		}
		return nil
	})
}

// awaitCommitted waits until a group has committed the given offsets.
func awaitCommitted(t *testing.T, log *eventstore.Log, group string, want map[int]int64) {
	t.Helper()
	client := newClient(t, log.Brokers())
	await(t, func() error {
		res, err := client.OffsetFetch(t.Context(), &kafka.OffsetFetchRequest{
			GroupID: group, Topics: map[string][]int{log.Topic(): {0, 1, 2}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range res.Topics[log.Topic()] {
			if p.CommittedOffset != want[p.Partition] {
				return fmt.Errorf("partition %d is committed to %d, want %d", p.Partition, p.CommittedOffset, want[p.Partition])
			}
		}
		return nil
	})
}

// await calls check until it returns nil.
func await(t *testing.T, check func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatal(err)
		}
	}
}
