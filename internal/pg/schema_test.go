package pg_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/internal/pg"
	"github.com/rapport-crm/rapport/internal/pgtest"
)

// shop is a schema with two migrations, of which the second needs the first.
func shop(migrations ...string) pg.Schema {
	files := fstest.MapFS{}
	for i, statement := range migrations {
		name := "migrations/0000" + string(rune('1'+i)) + "_step.sql"
		files[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + statement + ";\n")}
	}
	return pg.Schema{Name: "shop", Files: files, Lock: 7}
}

func TestProgramsThatMigrateAtTheSameTimeRunEachMigrationOnce(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Database(t), pg.Options{})
	schema := shop("CREATE TABLE shop.tills (id integer)", "INSERT INTO shop.tills VALUES (1)")
	var programs errgroup.Group
	for range 4 {
		programs.Go(func() error { return schema.Migrate(t.Context(), pool) })
	}
	if err := programs.Wait(); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM shop.tills").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("the table has %d rows, %v", rows, err)
	}
}

func TestAMigrationThatFailsLeavesThoseBeforeItAndCanBeMended(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Database(t), pg.Options{})
	const first = "CREATE TABLE shop.tills (id integer)"
	err := shop(first, "INSERT INTO shop.safes VALUES (1)").Migrate(t.Context(), pool)
	if pg.Classify(err) != pg.Missing || !strings.Contains(err.Error(), "shop") {
		t.Errorf("error %v", err)
	}
	if err := shop(first, "INSERT INTO shop.tills VALUES (1)").Migrate(t.Context(), pool); err != nil {
		t.Error(err)
	}
}

func TestAPoolOfOneConnectionCannotMigrate(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Database(t), pg.Options{MaxConns: 1})
	if err := shop("SELECT 1").Migrate(t.Context(), pool); err == nil {
		t.Error("it waits for no second connection")
	}
}
