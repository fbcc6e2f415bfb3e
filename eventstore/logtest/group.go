package logtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/rapport-crm/rapport/eventstore"
)

func testGroupShares(t *testing.T, s Setup) {
	log := newLog(t, s, 7)
	g := newTroupe(t)
	first := g.join(log, nil)
	g.settle(log, first)
	second := g.join(log, nil)
	g.settle(log, first, second)
	third := g.join(log, nil)
	g.settle(log, first, second, third)
	// The session of a member that leaves would outlast the test: what it had is given away because it left.
	g.end(second)
	g.settle(log, first, third)
	g.end(first)
	g.settle(log, third)
}

func testGroupSpare(t *testing.T, s Setup) {
	log := newLog(t, s, 1)
	g := newTroupe(t)
	// A member without partitions is told so, and waits whatever its work makes of it.
	work := func(ctx context.Context, a eventstore.Assignment) error {
		if len(a.Partitions) > 0 {
			<-ctx.Done()
		}
		return nil
	}
	first, second := g.join(log, work), g.join(log, work)
	g.settle(log, first, second)
	holder, spare := first, second
	if len(spare.latest.Partitions) > 0 {
		holder, spare = spare, holder
	}
	g.end(holder)
	g.settle(log, spare)
}

func testGroupError(t *testing.T, s Setup) {
	log := newLog(t, s, 3)
	g := newTroupe(t)
	broken := errors.New("broken")
	fail := make(chan struct{})
	first := g.join(log, func(context.Context, eventstore.Assignment) error {
		<-fail
		return broken
	})
	g.settle(log, first)
	close(fail)
	wantError(t, "run", g.outcome(first), broken)
	// It has left, or the next member would wait for its session to end.
	second := g.join(log, nil)
	g.settle(log, second)
}

func testGroupAgain(t *testing.T, s Setup) {
	log := newLog(t, s, 2)
	g := newTroupe(t)
	release := make(chan struct{}, 1)
	m := g.join(log, func(ctx context.Context, _ eventstore.Assignment) error {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	})
	before := g.next().given
	release <- struct{}{}
	after := g.next().given
	if after.Generation <= before.Generation || !slices.Equal(after.Partitions, before.Partitions) {
		t.Errorf("after %+v came %+v", before, after)
	}
	g.end(m)
}

func testGroupDead(t *testing.T, s Setup) {
	cfg := newConfig(t, s.Brokers(t), 4)
	log := openLog(t, cfg)
	line := newLine()
	cfg.Dial = line.dial
	doomed := openLog(t, cfg)
	g := newTroupe(t)
	// The shortest that the embedded broker takes.
	g.cfg.SessionTimeout = 6 * time.Second
	first, second := g.join(doomed, nil), g.join(log, nil)
	g.settle(log, first, second)
	for len(first.ended) > 0 {
		<-first.ended
	}
	line.cut()
	// The member that is cut off stops by itself, and the other gets what it had.
	<-first.ended
	g.settle(log, second)
	line.restore()
	g.settle(log, first, second)
}

func testGroupReplaced(t *testing.T, s Setup) {
	log := newLog(t, s, 2)
	g := newTroupe(t)
	m := g.join(log, nil)
	g.settle(log, m)
	before := m.latest
	// What a broker does to a member that was stopped for longer than its session.
	res, err := newClient(t, log.Brokers()).LeaveGroup(t.Context(), &kafka.LeaveGroupRequest{
		GroupID: g.cfg.ID, Members: []kafka.LeaveGroupRequestMember{{ID: before.Member}},
	})
	if err := errors.Join(err, res.Error); err != nil {
		t.Fatal(err)
	}
	<-m.ended
	after := g.next().given
	if after.Member == before.Member || len(after.Partitions) != 2 {
		t.Errorf("after %+v came %+v", before, after)
	}
	g.end(m)
}

func testGroupLeavesWhileJoining(t *testing.T, s Setup) {
	log := newLog(t, s, 2)
	g := newTroupe(t)
	release := make(chan struct{})
	giveUp := sync.OnceFunc(func() { close(release) })
	defer giveUp()
	stubborn := g.join(log, func(ctx context.Context, _ eventstore.Assignment) error {
		<-ctx.Done()
		<-release
		return nil
	})
	g.settle(log, stubborn)
	// The broker lets nobody in before the stubborn member has given up its partitions.
	waiting := g.join(log, nil)
	awaitMembers(t, log, g.cfg.ID, 2)
	g.end(waiting)
	awaitMembers(t, log, g.cfg.ID, 1)
	giveUp()
	g.settle(log, stubborn)
}

func testGroupCommits(t *testing.T, s Setup) {
	log := newLog(t, s, 3)
	g := newTroupe(t)
	m := g.join(log, func(ctx context.Context, a eventstore.Assignment) error {
		a.Commit(eventstore.Positions{1})
		a.Commit(eventstore.Positions{5, 0, 7})
		<-ctx.Done()
		a.Commit(eventstore.Positions{6, 0, 7, 9})
		return nil
	})
	g.settle(log, m)
	awaitCommitted(t, log, g.cfg.ID, map[int]int64{0: 5, 1: 0, 2: 7})
	g.end(m)
	awaitCommitted(t, log, g.cfg.ID, map[int]int64{0: 6, 1: 0, 2: 7})
}

func testGroupClosedLog(t *testing.T, s Setup) {
	cfg := newConfig(t, s.Brokers(t), 1)
	log, err := eventstore.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	g := newTroupe(t)
	m := g.join(log, nil)
	g.settle(log, m)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "run", g.outcome(m), eventstore.ErrClosed)
}

func testGroupRestart(t *testing.T, s Setup) {
	if s.Restartable == nil {
		t.Skip("this broker cannot be restarted")
	}
	brokers, stop, start := s.Restartable(t)
	log := openLog(t, newConfig(t, brokers, 2))
	g := newTroupe(t)
	m := g.join(log, nil)
	g.settle(log, m)
	stop(t)
	<-m.ended
	start(t)
	m.latest = eventstore.Assignment{}
	g.settle(log, m)
	g.end(m)
}

func testGroupConfig(t *testing.T, s Setup) {
	log := newLog(t, s, 1)
	for _, cfg := range []eventstore.GroupConfig{
		{SessionTimeout: -time.Second},
		{SessionTimeout: 6 * time.Second, HeartbeatInterval: 3 * time.Second},
	} {
		err := log.Join(cfg).Run(t.Context(), func(context.Context, eventstore.Assignment) error {
			return errors.New("the group was joined")
		})
		if err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
	err := log.Join(eventstore.GroupConfig{ID: newTopic(), SessionTimeout: time.Millisecond}).Run(t.Context(),
		func(context.Context, eventstore.Assignment) error { return nil })
	wantError(t, "session that the broker does not take", err, kafka.InvalidSessionTimeout)
}
