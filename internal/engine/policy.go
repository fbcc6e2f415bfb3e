package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// policyEvery is how often the engine looks whether a policy was published.
const policyEvery = time.Second

// policyInForce is the policy that was published last, for what works with one outside the fold: the clock, and the front
// door, which refuses future events.
type policyInForce struct {
	views  *views
	logger *slog.Logger
	policy atomic.Pointer[domain.Policy]
	// state is what the policy was found for.
	state string
}

func (p *policyInForce) get() *domain.Policy { return p.policy.Load() }

// follow keeps the policy up to date until ctx ends.
func (p *policyInForce) follow(ctx context.Context) error {
	beat := time.NewTicker(policyEvery)
	defer beat.Stop()
	for {
		if err := p.refresh(ctx); err != nil && ctx.Err() == nil {
			p.logger.LogAttrs(ctx, slog.LevelDebug, "policy in force is not known", slog.Any("error", err))
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// refresh reads the published policies when another generation is live, or a partition has another policy than before.
func (p *policyInForce) refresh(ctx context.Context) error {
	partitions, err := p.views.Partitions(ctx)
	if err != nil {
		return fmt.Errorf("refresh policy: %w", err)
	}
	live := p.views.live.Load()
	state := fmt.Sprint(live.fold.Policy().Digest(), versions(partitions))
	if state == p.state {
		return nil
	}
	policy := live.fold.Policy()
	published, err := p.views.Policies(ctx)
	if err == nil && len(published) > 0 {
		policy, err = domain.ParsePolicy([]byte(published[0].Document))
	}
	if err != nil {
		return fmt.Errorf("refresh policy: %w", err)
	}
	p.policy.Store(policy)
	p.state = state
	return nil
}

// versions returns the versions of the policies in force, by partition.
func versions(partitions []projections.PartitionView) []string {
	names := make([]string, len(partitions))
	for i := range partitions {
		names[i] = partitions[i].PolicyVersion
	}
	return names
}
