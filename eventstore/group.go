package eventstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
)

// Defaults of GroupConfig.
const (
	// DefaultGroup is the ID of a group when GroupConfig names none.
	DefaultGroup = "rapport"

	defaultSessionTimeout   = 6 * time.Second
	defaultRebalanceTimeout = 10 * time.Second
)

// joinPause is how long a member waits before it joins again after an attempt that failed.
const joinPause = 200 * time.Millisecond

// GroupConfig says how the members of a group share the partitions of a log. The zero value of every field is a
// documented default.
type GroupConfig struct {
	// ID names the group in Kafka. Default: DefaultGroup.
	ID string
	// Node names this member in Kafka's tools, which show it with a random suffix. Default: the ClientID of the log.
	Node string
	// SessionTimeout is how long a member may be silent before its partitions go to the others. Brokers accept 6 s and
	// more unless they are told otherwise. Default: 6 s.
	SessionTimeout time.Duration
	// HeartbeatInterval is how often a member says that it is alive, and learns that others came or went. It is at most
	// a third of SessionTimeout. Default: a sixth of SessionTimeout.
	HeartbeatInterval time.Duration
	// RebalanceTimeout is how long the broker waits for a member that still holds partitions when others came or went.
	// Default: 10 s.
	RebalanceTimeout time.Duration
}

// withDefaults returns c with every zero field set to its default.
func (c GroupConfig) withDefaults(log Config) GroupConfig {
	if c.ID == "" {
		c.ID = DefaultGroup
	}
	if c.Node == "" {
		c.Node = log.ClientID
	}
	if c.SessionTimeout == 0 {
		c.SessionTimeout = defaultSessionTimeout
	}
	if c.HeartbeatInterval == 0 {
		c.HeartbeatInterval = c.SessionTimeout / 6
	}
	if c.RebalanceTimeout == 0 {
		c.RebalanceTimeout = defaultRebalanceTimeout
	}
	return c
}

// validate returns every fault of c, joined.
func (c GroupConfig) validate() error {
	var faults []error
	if c.SessionTimeout < 0 || c.HeartbeatInterval < 0 || c.RebalanceTimeout < 0 {
		faults = append(faults, errors.New("a time limit is negative"))
	}
	if 3*c.HeartbeatInterval > c.SessionTimeout {
		faults = append(faults, fmt.Errorf("heartbeat interval %s exceeds a third of the session timeout %s", c.HeartbeatInterval, c.SessionTimeout))
	}
	return errors.Join(faults...)
}

// answerTimeout is how long the coordinator may take to answer. With the heartbeat interval it stays below the session
// timeout, so a member that is cut off stops before its partitions go to others.
func (c GroupConfig) answerTimeout() time.Duration { return c.SessionTimeout / 2 }

// Group is the membership of this program in a group whose members share the partitions of a log: in each generation of
// the group every partition belongs to exactly one live member.
//
// The broker decides who is alive. A member that was stopped and goes on learns only with its next heartbeat that it was
// replaced, so work that two members must not both do needs a fence of its own.
type Group struct {
	log *Log
	cfg GroupConfig
	// clientID is unique, so that the member can be found in the group.
	clientID string
}

// Join returns a membership in a group. It starts nothing: Run joins.
func (l *Log) Join(cfg GroupConfig) *Group {
	cfg = cfg.withDefaults(l.cfg)
	return &Group{log: l, cfg: cfg, clientID: cfg.Node + "-" + rand.Text()[:8]}
}

// Run joins the group and calls assigned in each generation with the partitions of this member, which may be none when
// there are more members than partitions. assigned's ctx ends with the generation: members came or went, the broker did
// not hear of this one or did not answer it, or Run is to end. assigned must then return within the session timeout:
// the others wait for it that long.
//
// When assigned returns nil before its ctx ended, the member joins again; without partitions it waits for the next
// generation instead. An error of assigned ends Run, save context.Canceled after its ctx ended. Run ends with nil when ctx
// ends, with ErrClosed when the log is closed, and with an error that tells what when the broker refuses the member or
// the topic has more partitions than the log. A broker that is away is waited for. Run returns after it has
// left the group, so that others take over at once, and everything it started has stopped. It is called once at a time.
func (g *Group) Run(ctx context.Context, assigned func(ctx context.Context, a Assignment) error) error {
	if err := g.cfg.validate(); err != nil {
		return fmt.Errorf("run group %s: %w", g.cfg.ID, err)
	}
	m, err := g.join()
	if err != nil {
		return fmt.Errorf("run group %s: %w", g.cfg.ID, err)
	}
	open, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.log.conns.transport.Context, cancel)() //nolint:contextcheck // It ends with the log.
	err = g.serve(open, m, assigned)
	cancel()
	m.leave(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("run group %s: %w", g.cfg.ID, err)
	case ctx.Err() == nil && g.log.isClosed():
		return fmt.Errorf("run group %s: %w", g.cfg.ID, ErrClosed)
	}
	return nil
}

// serve takes one generation after another until ctx ends or an error does.
func (g *Group) serve(ctx context.Context, m *member, assigned func(context.Context, Assignment) error) error {
	log := g.log.cfg.Logger.With(slog.String("group", g.cfg.ID), slog.String("topic", g.log.cfg.Topic))
	var (
		again    backoff
		failures int
		// known is the member id of the last generation.
		known    string
		stopDrop = func() {}
	)
	defer func() { stopDrop() }()
	for {
		generation, err := m.group.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if isRefused(err) {
				return err
			}
			// A rebalance that goes on is no failure: the member keeps its id and joins at once.
			if errors.Is(err, kafka.RebalanceInProgress) {
				continue
			}
			if failures++; failures == 1 {
				log.LogAttrs(ctx, slog.LevelWarn, "group is out of reach", slog.Any("error", err))
			}
			if known != "" {
				stopDrop = m.drop(ctx, known)
				known = ""
			}
			continue
		}
		stopDrop()
		failures, known = 0, generation.MemberID
		a, err := g.assignment(generation)
		if err != nil {
			return err
		}
		log.LogAttrs(ctx, slog.LevelInfo, "group assigned partitions", slog.String("member", a.Member),
			slog.Int("generation", int(a.Generation)), slog.Any("partitions", a.Partitions))
		early, err := m.work(ctx, generation, a, assigned)
		if err != nil {
			return err
		}
		if !early {
			again = backoff{}
		} else if again.wait(ctx) != nil {
			return nil
		}
	}
}

// assignment returns what a generation gives this member.
func (g *Group) assignment(generation *kafka.Generation) (Assignment, error) {
	a := Assignment{Generation: generation.ID, Member: generation.MemberID, Partitions: []int{}}
	for _, p := range generation.Assignments[g.log.cfg.Topic] {
		if p.ID >= len(g.log.partitions) {
			return a, &UnfitTopicError{Topic: g.log.cfg.Topic, Setting: "number of partitions",
				Got: "more than " + strconv.Itoa(p.ID), Want: strconv.Itoa(len(g.log.partitions))}
		}
		a.Partitions = append(a.Partitions, p.ID)
	}
	slices.Sort(a.Partitions)
	a.commits = &commits{topic: g.log.cfg.Topic, partitions: a.Partitions, send: generation.CommitOffsets, logger: g.log.cfg.Logger}
	return a, nil
}

// isRefused reports whether the broker refuses the member for good.
func isRefused(err error) bool {
	code, ok := errors.AsType[kafka.Error](err)
	if !ok {
		return false
	}
	switch code {
	case kafka.GroupAuthorizationFailed, kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed,
		kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.InvalidSessionTimeout, kafka.InvalidGroupId,
		kafka.InconsistentGroupProtocol, kafka.UnsupportedVersion:
		return true
	}
	return false
}
