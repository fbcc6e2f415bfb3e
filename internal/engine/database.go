package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/pgview"
)

// defaultSession is the silence after which the partitions of an engine go to others.
const defaultSession = 6 * time.Second

// openDatabase connects to the database and opens the views there.
func (e *Engine) openDatabase(ctx context.Context) error {
	// A transaction of an engine that was stopped in the middle keeps others from its partition, until the server ends it.
	pool, err := pg.Open(ctx, e.config.DatabaseURL, pg.Options{IdleInTransactionTimeout: e.session()})
	if err != nil {
		return err
	}
	e.pool = pool
	e.closes = append(e.closes, func() error { pool.Close(); return nil })
	return e.openGeneration(ctx)
}

// openGeneration opens the generation that is live, or the one that is to be.
func (e *Engine) openGeneration(ctx context.Context) error {
	policy, err := e.basePolicy(ctx)
	if err != nil {
		return fmt.Errorf("open views: %w", err)
	}
	fold := projections.NewFold(policy)
	store, err := pgview.Open(ctx, e.pool, fold, pgview.Options{Partitions: e.Log.Partitions()})
	if err != nil {
		return err
	}
	e.views.live.Store(&generation{store: store, fold: fold, era: store.Era})
	return nil
}

// switchPause is the time between two tries to open the generation that is live now.
const switchPause = time.Second

// followSwitch opens the generation that became live, whichever it is: what this program would make itself is not put in
// its place. A database that is away is waited for; views of another version of the program end the engine.
func (e *Engine) followSwitch(ctx context.Context) error {
	for {
		store, policy, err := pgview.OpenLive(ctx, e.pool)
		switch {
		case err == nil:
			e.views.live.Store(&generation{store: store, fold: projections.NewFold(policy), era: store.Era})
			return nil
		case errors.Is(err, pgview.ErrOtherVersion):
			return fmt.Errorf("follow the live generation: %w", err)
		}
		e.logger.LogAttrs(ctx, slog.LevelWarn, "live generation cannot be opened", slog.Any("error", err))
		select {
		case <-time.After(switchPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// basePolicy returns the policy that the views begin with, or began with.
func (e *Engine) basePolicy(ctx context.Context) (*domain.Policy, error) {
	asked := e.config.Policy
	live, err := pgview.FindLive(ctx, e.pool)
	if err != nil {
		return nil, err
	}
	e.group = cmp.Or(e.config.Group, e.Log.Topic()+"."+live.Database)
	switch {
	case live.Name == "" && asked == nil:
		return domain.DefaultPolicy(), nil
	case live.Name == "":
		return asked, nil
	case live.Policy == "":
		return unkept(asked, live)
	}
	policy, err := domain.ParsePolicy([]byte(live.Policy))
	if err != nil {
		return nil, err
	}
	if asked == nil || asked.Digest() == policy.Digest() || e.views.live.Load() != nil {
		return policy, nil
	}
	if !slices.ContainsFunc(live.Positions, func(next int64) bool { return next > 0 }) {
		return asked, nil // nothing was folded under the other one
	}
	return nil, fmt.Errorf("%w: theirs is %q, the one asked for is %q", ErrOtherPolicy, policy.Version, asked.Version)
}

// unkept returns the policy of views of the first version of the program, which kept no document of it.
func unkept(asked *domain.Policy, live *pgview.Live) (*domain.Policy, error) {
	policy := asked
	if policy == nil {
		policy = domain.DefaultPolicy()
	}
	switch {
	case live.MayHaveBegunWith(policy):
		return policy, nil
	case asked == nil:
		return nil, fmt.Errorf("the views began with a policy %q that they keep no document of: name its file", live.PolicyVersion)
	}
	return nil, fmt.Errorf("%w: theirs is %q, the one asked for is %q", ErrOtherPolicy, live.PolicyVersion, asked.Version)
}

// database returns the live views of a database and their fold.
func (e *Engine) database() (*pgview.Store, *projections.Fold) {
	live := e.views.live.Load()
	store, _ := live.store.(*pgview.Store) // openGeneration makes no others
	return store, live.fold
}
