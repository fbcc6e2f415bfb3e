package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// commitInterval is how often positions are committed to the group.
	commitInterval = time.Second
	// leaveGrace is how long a member may take to leave in order.
	leaveGrace = 500 * time.Millisecond
)

// member is one run of a Group.
type member struct {
	owner *Group
	// group is kafka-go's side of the membership. It has a goroutine of its own until it is closed.
	group *kafka.ConsumerGroup
	conns *connections
	// dropping is the work of drop.
	dropping sync.WaitGroup
}

// join starts to join the group.
func (g *Group) join() (*member, error) {
	conns := newConnections(g.log.cfg)
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:      g.cfg.ID,
		Brokers: g.log.cfg.Brokers,
		Topics:  []string{g.log.cfg.Topic},
		Dialer: &kafka.Dialer{
			ClientID:      g.clientID,
			DialFunc:      conns.transport.Dial,
			Timeout:       g.cfg.answerTimeout(),
			TLS:           g.log.cfg.TLS,
			SASLMechanism: g.log.cfg.mechanism(),
		},
		GroupBalancers:    []kafka.GroupBalancer{balancer{topic: g.log.cfg.Topic, partitions: len(g.log.partitions), node: g.cfg.Node}},
		HeartbeatInterval: g.cfg.HeartbeatInterval,
		SessionTimeout:    g.cfg.SessionTimeout,
		RebalanceTimeout:  g.cfg.RebalanceTimeout,
		JoinGroupBackoff:  joinPause,
		Timeout:           g.cfg.answerTimeout(),
	})
	if err != nil {
		conns.close()
		return nil, err
	}
	return &member{owner: g, group: group, conns: conns}, nil
}

// work calls assigned for a generation and returns when it has returned. early means that the generation had not ended
// yet and this member gave it up.
//
// A kafka-go generation ends when a function that it started returns, and the member then joins the next one. So the
// functions stay until the generation has ended, unless it is given up: then a group that is being closed is still in its
// generation, with heartbeats, and leaves it in order.
func (m *member) work(ctx context.Context, generation *kafka.Generation, a Assignment, assigned func(context.Context, Assignment) error) (early bool, err error) {
	type outcome struct {
		early bool
		err   error
	}
	done := make(chan outcome, 1)
	generation.Start(func(ended context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(ended, cancel)()
		err := assigned(ctx, a)
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil
		}
		a.commits.flush(ctx)
		early := err == nil && ctx.Err() == nil && len(a.Partitions) > 0
		done <- outcome{early: early, err: err}
		if !early {
			<-ended.Done()
		}
	})
	generation.Start(func(ended context.Context) { a.commits.run(ended) })
	result := <-done
	return result.early, result.err
}

// leave takes the member out of the group and ends what it started. A kafka-go group that is closed while it joins waits
// for the broker, which waits for the other members, and may end without leaving. So its connections are cut when it takes
// long, and in the end the broker is asked to drop the member. What fails here the end of the session makes good.
func (m *member) leave(ctx context.Context) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		// Close has no error to return.
		_ = m.group.Close()
	}()
	cut := time.AfterFunc(leaveGrace, m.conns.close)
	<-closed
	cut.Stop()
	m.conns.close()
	m.dropping.Wait()
	if err := m.dismiss(ctx); err != nil {
		m.owner.log.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "group was perhaps not left, its partitions wait for the session to end",
			slog.String("group", m.owner.cfg.ID), slog.Any("error", err))
	}
}

// dismiss makes the broker drop this member if the group has it.
func (m *member) dismiss(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	conns := newConnections(m.owner.log.cfg)
	defer conns.close()
	client, id := conns.client(m.owner.log.cfg), m.owner.cfg.ID
	asking, cancel := context.WithTimeout(ctx, m.patience())
	defer cancel()
	described, err := client.DescribeGroups(asking, &kafka.DescribeGroupsRequest{GroupIDs: []string{id}})
	if err != nil {
		return fmt.Errorf("describe group: %w", err)
	}
	var left []kafka.LeaveGroupRequestMember
	for _, group := range described.Groups {
		if group.Error != nil {
			return fmt.Errorf("describe group: %w", group.Error)
		}
		for _, other := range group.Members {
			if other.ClientID == m.owner.clientID {
				left = append(left, kafka.LeaveGroupRequestMember{ID: other.MemberID})
			}
		}
	}
	return m.remove(ctx, client, left)
}

// drop takes a former member id of this member out of the group, again and again in the background until stop is called or
// ctx ends. kafka-go forgets its id when the coordinator is away for a moment, and the group then waits for it as if it
// were somebody else. A success proves nothing: a broker that is stopping takes a member out and comes back with it.
func (m *member) drop(ctx context.Context, former string) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	m.dropping.Go(func() {
		conns := newConnections(m.owner.log.cfg)
		defer conns.close()
		client := conns.client(m.owner.log.cfg)
		for pause := (backoff{}); pause.wait(ctx) == nil; {
			_ = m.remove(ctx, client, []kafka.LeaveGroupRequestMember{{ID: former}})
		}
	})
	return stop
}

// remove takes members out of the group. Members that it does not have are no error.
func (m *member) remove(ctx context.Context, client *kafka.Client, members []kafka.LeaveGroupRequestMember) error {
	if len(members) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, m.patience())
	defer cancel()
	res, err := client.LeaveGroup(ctx, &kafka.LeaveGroupRequest{GroupID: m.owner.cfg.ID, Members: members})
	if err != nil {
		return fmt.Errorf("leave group: %w", err)
	}
	faults := []error{res.Error}
	for _, each := range res.Members {
		faults = append(faults, each.Error)
	}
	for _, err := range faults {
		if err != nil && !errors.Is(err, kafka.UnknownMemberId) {
			return fmt.Errorf("leave group: %w", err)
		}
	}
	return nil
}

// patience bounds a request that is not part of a generation.
func (m *member) patience() time.Duration { return min(m.owner.cfg.answerTimeout(), answerGrace) }

// balancer gives each member a range of partitions; the ranges differ by one partition at most. It takes the partitions
// from the log and not from the broker's answer: a broker that does not know the topic yet would leave all members without
// partitions, and no later event would change that.
type balancer struct {
	kafka.RangeGroupBalancer
	topic      string
	partitions int
	node       string
}

// UserData tells the group the name of the node.
func (b balancer) UserData() ([]byte, error) { return []byte(b.node), nil }

// AssignGroups implements kafka.GroupBalancer.
func (b balancer) AssignGroups(members []kafka.GroupMember, _ []kafka.Partition) kafka.GroupMemberAssignments {
	partitions := make([]kafka.Partition, b.partitions)
	for i := range partitions {
		partitions[i] = kafka.Partition{Topic: b.topic, ID: i}
	}
	return b.RangeGroupBalancer.AssignGroups(members, partitions)
}
