package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/projections"
)

func TestTheDemoIsTheSameOnEveryRunAndFillsEveryStage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"demo", "--once", "--json", "--customers", "150"}
	first := parseSummary(t, command(t, dir, 0, args...))
	if first.Customers != 150 || first.Verdicts["quarantined"] != 0 || first.Verdicts["conflict"] != 0 {
		t.Errorf("customers %d, verdicts %v", first.Customers, first.Verdicts)
	}
	for stage, n := range first.Stages {
		if n == 0 {
			t.Errorf("nobody is in %s", stage)
		}
	}
	if again := parseSummary(t, command(t, dir, 0, args...)); again.Digest != first.Digest {
		t.Errorf("digest %s became %s", first.Digest, again.Digest)
	}
	if other := parseSummary(t, command(t, dir, 0, append(args, "--seed", "2")...)); other.Digest == first.Digest {
		t.Error("another seed gives the same digest")
	}
}

// dataSet is a real file with its known totals.
type dataSet struct {
	path, format, currency string
	events, customers      int64
	trade                  projections.TradeSum
}

// cdnow is the whole of CDNOW, of which the race detector gets the sample.
func cdnow(t *testing.T) dataSet {
	t.Helper()
	if raceDetector {
		return dataSet{
			path: shared(t, "cdnow/CDNOW_sample.txt"), format: "cdnow", currency: "USD", events: 6_919, customers: 2_357,
			trade: projections.TradeSum{Purchases: 6_919, Purchased: 244_091_94},
		}
	}
	return dataSet{
		path: shared(t, "cdnow/CDNOW_master.txt"), format: "cdnow", currency: "USD", events: 69_659, customers: 23_570,
		trade: projections.TradeSum{Purchases: 69_659, Purchased: 2_500_315_63},
	}
}

func onlineRetail(t *testing.T) dataSet {
	t.Helper()
	return dataSet{
		path: shared(t, "online_retail/online_retail_invoices.csv"), format: "online-retail", currency: "GBP",
		events: 22_190, customers: 4_372,
		trade: projections.TradeSum{Purchases: 18_536, Purchased: 8_911_407_90, Returns: 3_654, Returned: 611_342_09},
	}
}

func (d dataSet) check(t *testing.T, s projections.Summary) {
	t.Helper()
	if s.Events != d.events || s.Customers != d.customers || s.Trade[d.currency] != d.trade {
		t.Errorf("%d events of %d customers, %+v", s.Events, s.Customers, s.Trade)
	}
	if s.Verdicts["quarantined"] != 0 || s.Verdicts["conflict"] != 0 {
		t.Errorf("verdicts %v", s.Verdicts)
	}
}

// imported is the result of `import --json`.
type imported struct {
	Read      int64                `json:"read"`
	Appended  int64                `json:"appended"`
	Invalid   int64                `json:"invalid"`
	Positions eventstore.Positions `json:"positions"`
}

func importFile(t *testing.T, dir string, d dataSet, flags ...string) imported {
	t.Helper()
	args := append([]string{"import", d.path, "--format", d.format, "--json"}, flags...)
	var r imported
	if err := json.Unmarshal([]byte(command(t, dir, 0, args...)), &r); err != nil {
		t.Fatal(err)
	}
	if r.Read != d.events || r.Appended != d.events || r.Invalid != 0 {
		t.Errorf("import: %+v", r)
	}
	return r
}

func TestARealFileIsImportedOnceHoweverOftenItIsImported(t *testing.T) {
	t.Parallel()
	for _, set := range []func(*testing.T) dataSet{cdnow, onlineRetail} {
		d := set(t)
		t.Run(d.format, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := serve(t, dir)
			once := s.summary(t, importFile(t, dir, d).Positions.String())
			d.check(t, once)
			twice := s.summary(t, importFile(t, dir, d).Positions.String())
			d.check(t, twice)
			if twice.Digest != once.Digest || twice.Verdicts["duplicate"] != d.events {
				t.Errorf("digest %s became %s, verdicts %v", once.Digest, twice.Digest, twice.Verdicts)
			}
			if code := s.stop(); code != 0 {
				t.Errorf("serve ended with %d\n%s", code, s.err.String())
			}
			replayed := parseSummary(t, command(t, dir, 0, "asof", "--all", "--at", once.AsOf.String(), "--json"))
			if replayed.Digest != once.Digest {
				t.Errorf("a replay of the log has digest %s, the server had %s", replayed.Digest, once.Digest)
			}
		})
	}
}

func TestKafkaAndPostgreSQLShowTheSameAsTheEmbeddedParts(t *testing.T) {
	t.Parallel()
	kafka, database := kafkatest.Broker(t), pgtest.Database(t)
	d := cdnow(t)
	dir := t.TempDir()
	embedded := serve(t, dir)
	want := embedded.summary(t, importFile(t, dir, d).Positions.String())

	topic := []string{"--kafka", kafka, "--topic", "rapport." + uuid.NewString()}
	other := t.TempDir()
	s := serve(t, other, append(topic, "--database-url", database)...)
	got := s.summary(t, importFile(t, other, d, topic...).Positions.String())
	d.check(t, got)
	if got.Digest != want.Digest || fmt.Sprint(got.Stages) != fmt.Sprint(want.Stages) {
		t.Errorf("digest %s and stages %v, embedded %s and %v", got.Digest, got.Stages, want.Digest, want.Stages)
	}
	s.kill()
	s.restart(t)
	if again := s.summary(t, got.Positions.String()); again.Digest != want.Digest {
		t.Errorf("digest %s after a restart, want %s", again.Digest, want.Digest)
	}
}

func TestKillingTheServerInMidImportLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	d := cdnow(t)
	calm := t.TempDir()
	undisturbed := serve(t, calm)
	want := undisturbed.summary(t, importFile(t, calm, d).Positions.String())

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	s := serve(t, dir)
	for range 4 {
		importing := start(t, dir, "import", d.path, "--format", d.format, "--json")
		select {
		case <-time.After(time.Duration(30+dice.IntN(300)) * time.Millisecond):
		case err := <-importing.done:
			importing.done <- err
		}
		s.kill()
		importing.stop()
		s.restart(t)
	}
	importing := start(t, dir, "import", d.path, "--format", d.format, "--json")
	if code := importing.wait(); code != 0 {
		t.Fatalf("the last import ended with %d\n%s", code, importing.err.String())
	}
	var last imported
	if err := json.Unmarshal([]byte(importing.out.String()), &last); err != nil {
		t.Fatal(err)
	}
	got := s.summary(t, last.Positions.String())
	d.check(t, got)
	if got.Digest != want.Digest {
		t.Errorf("digest %s, undisturbed %s; verdicts %v", got.Digest, want.Digest, got.Verdicts)
	}
}

func TestASecondServerOnTheSameDataIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serve(t, dir)
	second := start(t, dir, "serve", "--addr", "127.0.0.1:0")
	if code := second.wait(); code != exitFailed || !strings.Contains(second.err.String(), filepath.Join(dir, "rapport-data")) {
		t.Errorf("exit code %d\n%s", code, second.err.String())
	}
}
