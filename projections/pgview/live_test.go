package pgview_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

// listed returns the names of the generations in the list.
func listed(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	list, err := pgview.ListGenerations(ctx, pool)
	var names []string
	for _, g := range list {
		names = append(names, g.Name)
	}
	return fmt.Sprint(names), err
}

// found returns the name of the live generation.
func found(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	live, err := pgview.FindLive(ctx, pool)
	if err != nil {
		return "", err
	}
	return live.Name, nil
}

func TestAGenerationThatIsDroppedWhileItIsReadIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		read func(context.Context, *pgxpool.Pool) (string, error)
		want string
	}{{"the list", listed, "[rapport_g2]"}, {"the live one", found, "rapport_g2"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			pool, fold := connect(t), viewtest.DefaultFold()
			old := open(t, pool, fold, pgview.Options{Partitions: 1})
			viewtest.Fold(t, old, fold, viewtest.Purchases(3, 4).Partition(1), 100)
			open(t, pool, policy(t, "version: new"), pgview.Options{Partitions: 1})

			drop, err := pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range []string{
				"DELETE FROM rapport.generations WHERE id = 1", "UPDATE rapport.generations SET state = 'live' WHERE id = 2",
				"DROP SCHEMA rapport_g1 CASCADE",
			} {
				if _, err := drop.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			var got string
			var reader errgroup.Group
			reader.Go(func() (err error) {
				got, err = c.read(t.Context(), pool)
				return err
			})
			// The reader has the row of the old generation, and waits for its tables.
			waitForLock(t, pool)
			if err := drop.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := reader.Wait(); err != nil || got != c.want {
				t.Errorf("it reads %s, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestReadersOfGenerationsSeeNoErrorWhileOneAfterAnotherIsDropped(t *testing.T) {
	t.Parallel()
	pool := connect(t)
	open(t, pool, policy(t, "version: first"), pgview.Options{Partitions: 1})
	ctx, cancel := context.WithCancel(t.Context())
	var group errgroup.Group
	for _, read := range []func(context.Context, *pgxpool.Pool) (string, error){listed, found} {
		group.Go(func() error {
			for ctx.Err() == nil {
				if _, err := read(context.WithoutCancel(ctx), pool); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for i := range 8 {
		// The live generation holds nothing, so it is dropped for the new one.
		open(t, pool, policy(t, fmt.Sprintf("version: v%d", i)), pgview.Options{Partitions: 1})
	}
	cancel()
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func TestTablesThatAreMissingThoughTheirGenerationIsThereAreAnError(t *testing.T) {
	t.Parallel()
	pool := connect(t)
	store := open(t, pool, viewtest.DefaultFold(), pgview.Options{Partitions: 1})
	execute(t, pool, "DROP SCHEMA "+pgx.Identifier{store.Generation()}.Sanitize()+" CASCADE")
	for _, read := range []func(context.Context, *pgxpool.Pool) (string, error){listed, found} {
		if got, err := read(t.Context(), pool); err == nil {
			t.Errorf("it reads %s", got)
		}
	}
}

func TestARebuildOfViewsThatKeepNoDocumentNeedsTheirPolicyUnlessItWasTheDefault(t *testing.T) {
	t.Parallel()
	for digest, named := range map[string]bool{"01bab4e74ab4ce68f80c79d655b0d526": false, "5e1f0000000000000000000000000000": true} {
		pool, fold := connect(t), viewtest.DefaultFold()
		l := newMemoryLog(viewtest.Purchases(20, 4).Partition(2))
		fill(t, pool, l, fold)
		execute(t, pool, "UPDATE rapport.generations SET policy_version = 'default-1', policy_digest = $1, policy_document = ''", digest)
		_, err := pgview.Rebuild(t.Context(), pool, l, pgview.RebuildOptions{})
		if named != (err != nil && strings.Contains(err.Error(), "name the policy")) || !named && err != nil {
			t.Errorf("of the fingerprint %s: %v", digest, err)
		}
	}
}
