package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/projections/pgview"
	"github.com/rapport-crm/rapport/projections/refold"
)

// parse reads the one JSON document that a verb printed.
func parse[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("not one JSON document: %v\n%s", err, text)
	}
	return v
}

// listed returns the generations of a database.
func listed(t *testing.T, dir, database string) []pgview.GenerationStatus {
	t.Helper()
	return parse[generationsDocument](t, command(t, dir, 0, "generations", "--json", "--database-url", database)).Items
}

// theServerTellsOfGenerations checks that the API tells of the generations of a running server what the database has.
func theServerTellsOfGenerations(t *testing.T, s *server, dir, database string, n int) {
	t.Helper()
	told, err := clientFlags{URL: s.url}.get(t.Context(), nil, "v1", "rebuilds")
	if err != nil {
		t.Fatal(err)
	}
	got, stored := parse[generationsDocument](t, string(told)).Items, listed(t, dir, database)
	for _, list := range [][]pgview.GenerationStatus{got, stored} {
		for i, g := range list {
			list[i].Positions = nil // ticks move them between the two answers
			if g.Rebuild != nil {
				// The API tells of progress in records and the command in shares; whether it runs depends on when its connection ends.
				*g.Rebuild = pgview.RebuildStatus{Phase: g.Rebuild.Phase, StartedAt: g.Rebuild.StartedAt, UpdatedAt: g.Rebuild.UpdatedAt}
			}
		}
	}
	if !reflect.DeepEqual(got, stored) || len(got) != n {
		t.Errorf("the server tells of %+v, the database has %+v", got, stored)
	}
}

func TestARebuildReplacesTheViewsOfARunningServerAndARollbackBringsThemBack(t *testing.T) {
	t.Parallel()
	database, d, dir := pgtest.Database(t), cdnow(t), t.TempDir()
	s := serve(t, dir, "--database-url", database)
	at := importFile(t, dir, d).Positions.String()
	s.reach(t, at)
	want := s.summary(t, "")

	done := parse[pgview.Rebuilt](t, command(t, dir, 0, "rebuild", "--json", "--database-url", database))
	if done.Generation != "rapport_g2" || done.Replaced != "rapport_g1" || !done.Exact || done.Records < d.events {
		t.Errorf("the rebuild says %+v", done)
	}
	// The server goes on in the new generation.
	command(t, dir, 0, "append", "--url", s.url, "--wait", "--type", "note.added", "--subject", "somebody-new", "--data", `{"text":"seen after the switch"}`)
	if got := s.summary(t, ""); got.Events != want.Events+1 || got.Customers != want.Customers+1 {
		t.Errorf("%d events of %d customers after the rebuild, %d of %d before and one more of each since", got.Events, got.Customers, want.Events, want.Customers)
	}
	if report := verified(t, dir, 0, "--database-url", database); report.Different != 0 {
		t.Errorf("after the rebuild: %+v", report)
	}
	theServerTellsOfGenerations(t, s, dir, database, 2)
	back := parse[pgview.Rebuilt](t, command(t, dir, 0, "generations", "rollback", "--json", "--database-url", database))
	if back.Generation != "rapport_g1" {
		t.Errorf("the rollback says %+v", back)
	}
	s.reach(t, back.Positions.String())
	if report := verified(t, dir, 0, "--database-url", database); report.Different != 0 {
		t.Errorf("after the rollback: %+v", report)
	}
	command(t, dir, 0, "generations", "drop", "2", "--database-url", database)
	command(t, dir, exitNotFound, "generations", "drop", "rapport_g2", "--database-url", database)
	command(t, dir, exitFailed, "generations", "drop", "1", "--database-url", database)
	if list := listed(t, dir, database); len(list) != 1 || list[0].State != pgview.StateLive || list[0].Customers != want.Customers+1 {
		t.Errorf("the generations are %+v", list)
	}
}

func TestARebuildThatIsKilledGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	database, d, dir := pgtest.Database(t), cdnow(t), t.TempDir()
	s := serve(t, dir, "--database-url", database)
	s.reach(t, importFile(t, dir, d).Positions.String())
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	args := []string{"rebuild", "--json", "--memory", "12MiB", "--database-url", database}
	for range 3 {
		rebuilding := start(t, dir, args...)
		select {
		case <-time.After(time.Duration(300+dice.IntN(1500)) * time.Millisecond):
			rebuilding.kill()
		case err := <-rebuilding.done:
			rebuilding.done <- err
		}
	}
	before := listed(t, dir, database)
	last := start(t, dir, args...)
	if code := last.wait(); code != 0 {
		t.Fatalf("the last rebuild ended with %d\n%s", code, last.err.String())
	}
	done := parse[pgview.Rebuilt](t, last.out.String())
	if n := len(before); n > 1 && before[n-1].State == pgview.StateLoading && done.Generation != before[n-1].Name {
		t.Errorf("it went on with %s, not with %s", done.Generation, before[n-1].Name)
	}
	if report := verified(t, dir, 0, "--database-url", database); report.Different != 0 || report.Checked != d.customers {
		t.Errorf("at the end: %+v", report)
	}
}

func TestARebuildThatFindsDifferencesSaysSoAndShowsNothing(t *testing.T) {
	t.Parallel()
	database, d, dir := pgtest.Database(t), cdnow(t), t.TempDir()
	s := serve(t, dir, "--database-url", database)
	s.reach(t, importFile(t, dir, d).Positions.String())
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "DELETE FROM rapport_g1.customers WHERE id = (SELECT min(id) FROM rapport_g1.customers)"); err != nil {
		t.Fatal(err)
	}
	different := parse[pgview.DifferentError](t, command(t, dir, exitDifferent, "rebuild", "--json", "--database-url", database))
	if len(different.Differences) == 0 || listed(t, dir, database)[0].State != pgview.StateLive {
		t.Errorf("the rebuild says %+v", different)
	}
	done := parse[pgview.Rebuilt](t, command(t, dir, 0, "rebuild", "--json", "--accept-differences", "--drop-old", "--database-url", database))
	if done.Generation != different.Generation {
		t.Errorf("the second rebuild says %+v", done)
	}
	if list := listed(t, dir, database); len(list) != 1 || list[0].Name != done.Generation {
		t.Errorf("the generations are %+v", list)
	}
}

func TestARebuildNeedsADatabase(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"rebuild"}, {"rebuild", "--follow"}, {"generations"}, {"generations", "rollback"}, {"generations", "drop", "1"}} {
		if got := execute(t, args...); got.code != exitUsage || !strings.Contains(got.stderr, "--database-url") {
			t.Errorf("%q shows %+v", args, got)
		}
	}
	for _, args := range [][]string{{"rebuild", "--memory", "0"}, {"generations", "drop", "live"}, {"generations", "rollback", "0"}} {
		if got := execute(t, append(args, "--database-url", "postgres://127.0.0.1:1/none")...); got.code != exitUsage {
			t.Errorf("%q shows %+v", args, got)
		}
	}
}

func exampleGenerations(t *testing.T) *generationsDocument {
	t.Helper()
	at := instant(t, "2026-06-30T10:00:00Z").Time()
	return &generationsDocument{Items: []pgview.GenerationStatus{
		{
			ID: 3, Name: "rapport_g3", State: pgview.StateLive, PolicyVersion: "default-1", Partitions: 2, Era: 1, Customers: 23570,
			Positions: eventstore.Positions{40000, 29659}, Usable: true, CreatedAt: at, ShownAt: at.Add(time.Hour),
		},
		{
			ID: 4, Name: "rapport_g4", State: pgview.StateLoading, PolicyVersion: "autumn", Partitions: 2, Customers: 11000,
			Positions: eventstore.Positions{0, 29659}, Usable: true, CreatedAt: at.Add(2 * time.Hour),
			Rebuild: &pgview.RebuildStatus{
				Generation: "rapport_g4", Phase: pgview.PhaseLoading, Running: true, StartedAt: at, UpdatedAt: at,
				Partitions: []*pgview.RebuildPartition{
					{Partition: 0, Pinned: 40000, SharesDone: 16, SharesTo: 32, ReadTo: 20000, Seconds: 3},
					{Partition: 1, Pinned: 29659, SharesDone: refold.Shares, SharesTo: refold.Shares, ReadTo: 29659, Seconds: 2.5},
				},
			},
		},
	}}
}

func TestGenerationsShowHowFarARebuildIs(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	if err := printValue(&app{Stdout: &stdout}, exampleGenerations(t), (*printer).generations); err != nil {
		t.Fatal(err)
	}
	golden(t, "generations", stdout.String())
}

func TestARebuildPrintsWhatItCameTo(t *testing.T) {
	t.Parallel()
	differences := []refold.Difference{{Partition: 1, Kind: "customer", ID: "c-1", Fields: []refold.Field{{Name: "stage", Live: "2", Log: "3"}}}}
	var stdout bytes.Buffer
	a := &app{Stdout: &stdout}
	done := &pgview.Rebuilt{Generation: "rapport_g4", Replaced: "rapport_g3", Positions: eventstore.Positions{7, 9}, Records: 15, Differences: differences}
	if err := printValue(a, done, (*printer).rebuilt); err != nil {
		t.Fatal(err)
	}
	golden(t, "rebuild", stdout.String())
	stdout.Reset()
	if err := printValue(a, &pgview.DifferentError{Generation: "rapport_g4", Differences: differences}, (*printer).different); err != nil {
		t.Fatal(err)
	}
	golden(t, "rebuild_different", stdout.String())
}

func TestFollowingARebuildEndsWithIt(t *testing.T) {
	t.Parallel()
	for phase, code := range map[pgview.Phase]int{pgview.PhaseDone: exitDone, pgview.PhaseDifferent: exitDifferent, pgview.PhaseLoading: exitFailed} {
		var stdout, stderr bytes.Buffer
		a := &app{Stdout: &stdout, Stderr: &stderr}
		f := &followed{app: a}
		list := exampleGenerations(t).Items
		if ended, err := f.look(t.Context(), list); ended || err != nil {
			t.Fatalf("it ends at once: %v", err)
		}
		list[1].Rebuild.Running, list[1].Rebuild.Phase = false, phase
		ended, err := f.look(t.Context(), list)
		if !ended || a.exitCode(t.Context(), err) != code {
			t.Errorf("a rebuild that ended as %s ends with %v", phase, err)
		}
	}
	a := &app{Stderr: &bytes.Buffer{}}
	if ended, err := (&followed{app: a}).look(t.Context(), nil); !ended || a.exitCode(t.Context(), err) != exitNotFound {
		t.Errorf("without a rebuild it ends with %v", err)
	}
}
