package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/demo"
	"github.com/rapport-crm/rapport/internal/importer"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// TestTheEventsOfAnExplanationAloneGiveTheSameScore explains the risk of every customer of two data sets, with scores from
// factors and with learned ones. The parts of a score must sum to it, and whoever folds the events that the explanation
// names, and no others, must get the same parts from the same inputs.
func TestTheEventsOfAnExplanationAloneGiveTheSameScore(t *testing.T) {
	t.Parallel()
	factors, learned := domain.DefaultPolicy(), learnedPolicy(t)
	for name, set := range map[string]struct {
		events func(t *testing.T) []domain.Event
		policy *domain.Policy
		source domain.RiskSource
		least  int // that many customers have a score, at least
	}{
		"demo by factors": {demoEvents, factors, domain.RiskFromFactors, 800}, "cdnow by factors": {purchasesOfCDNow, factors, domain.RiskFromFactors, 7000},
		"demo as learned": {demoEvents, learned, domain.RiskFromModel, 800}, "cdnow as learned": {purchasesOfCDNow, learned, domain.RiskFromModel, 7000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newShelf(t, set.policy, set.events(t))
			reader := replay.NewReader(log, log.store, func() *projections.Fold { return log.fold })
			scored := 0
			for i, id := range log.customers {
				if i%oneOf != 0 {
					continue
				}
				x, err := reader.Explain(t.Context(), id, projections.WhyRisk, projections.Bound{At: log.newest})
				if err != nil {
					t.Fatal(err)
				}
				if x.Risk == nil || x.Risk.Score == nil {
					continue
				}
				if x.Risk.Source == set.source {
					scored++
				}
				log.check(t, x)
			}
			if scored < set.least/oneOf {
				t.Errorf("%d customers have a score from there, want %d at least", scored, set.least/oneOf)
			}
		})
	}
}

// check compares an explanation with its sum and with the fold of its events.
func (l *shelf) check(t *testing.T, x *projections.Explanation) {
	t.Helper()
	sum := 0.0
	for _, p := range x.Risk.Contributions {
		sum += math.Round(p.Points * 100)
		if product, ok := ofInputs(p.Inputs); ok && math.Round(product*100) != math.Round(p.Points*100) {
			t.Errorf("%s: %s has %v points, weight and share make %v", x.Customer, p.Factor, p.Points, product)
		}
	}
	if sum != math.Round(*x.Risk.Score*100) {
		t.Errorf("%s: the parts sum to %v hundredths, the score is %v", x.Customer, sum, *x.Risk.Score)
	}
	c := projections.NewCustomer(x.Customer)
	var out projections.Effects
	named := make(map[string]bool)
	for _, e := range x.Events {
		named[e.ID] = true
	}
	for _, e := range l.entries(t, x.Customer) {
		if named[e.Event.ID] {
			l.fold.Apply(c, e, &out)
		}
	}
	l.fold.Advance(c, x.AsOf, &out)
	again := l.fold.RiskView(c, x.AsOf)
	if again == nil || again.Score == nil {
		t.Errorf("%s: the events named give no score, want %v", x.Customer, *x.Risk.Score)
		return
	}
	if len(again.Contributions) != len(x.Risk.Contributions) || *again.Score != *x.Risk.Score {
		t.Errorf("%s: the events named give %d parts and %v, the explanation says %d and %v",
			x.Customer, len(again.Contributions), *again.Score, len(x.Risk.Contributions), *x.Risk.Score)
		return
	}
	for i, p := range again.Contributions {
		p.Evidence = x.Risk.Contributions[i].Evidence // the newest ones alone
		if a, b := asJSON(t, p), asJSON(t, x.Risk.Contributions[i]); a != b {
			t.Errorf("%s: the events named give\n%s\nthe explanation says\n%s", x.Customer, a, b)
		}
	}
}

// ofInputs returns weight times share, and whether the inputs have them.
func ofInputs(inputs []projections.Input) (product float64, ok bool) {
	if len(inputs) < 2 || inputs[0].Name != "weight" || inputs[1].Name != "share" {
		return 0, false
	}
	return inputs[0].Value * inputs[1].Value, true
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// shelf is a log of one partition in memory, with views of it.
type shelf struct {
	records   []eventstore.Record
	store     *memview.Store
	fold      *projections.Fold
	customers []string
	newest    domain.Instant
}

func newShelf(t *testing.T, policy *domain.Policy, events []domain.Event) *shelf {
	t.Helper()
	l := &shelf{fold: projections.NewFold(policy)}
	l.store = memview.New(l.fold, 1)
	seen := make(map[string]bool)
	for i := range events {
		e := &events[i]
		l.records = append(l.records, eventstore.Record{
			Offset: int64(i), Key: []byte(e.Subject), Value: wire.Encode(nil, e), Headers: wire.Headers(), RecordedAt: e.Time.Time(),
		})
		l.newest = max(l.newest, e.Time)
		if projections.IsCustomer(e.Subject) && !seen[e.Subject] {
			seen[e.Subject] = true
			l.customers = append(l.customers, e.Subject)
		}
	}
	folder := projections.NewFolder(l.fold, l.store, projections.FolderOptions{PartitionOf: l.PartitionOf})
	at, err := folder.Claim(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for batch := range slices.Chunk(l.records, 10_000) {
		if at, err = folder.Fold(t.Context(), at, batch); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// Read returns records by their offsets.
func (l *shelf) Read(_ context.Context, _ int, offsets []int64) ([]eventstore.Record, error) {
	found := make([]eventstore.Record, len(offsets))
	for i, o := range offsets {
		found[i] = l.records[o]
	}
	return found, nil
}

// PartitionOf returns the only partition.
func (l *shelf) PartitionOf([]byte) int { return 0 }

// entries returns the accepted events of a stream in the order in which they were recorded.
func (l *shelf) entries(t *testing.T, id string) []*projections.Entry {
	t.Helper()
	stream, err := l.store.Stream(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var entries []*projections.Entry
	for _, o := range stream.Offsets {
		rec := &l.records[o]
		e := &projections.Entry{Event: new(domain.Event)}
		if err := wire.Decode(e.Event, rec.Key, rec.Value, rec.Headers); err != nil {
			t.Fatal(err)
		}
		if _, e.Data, err = domain.NewDecoder().DecodeEvent(e.Event); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

// learnedPolicy returns the default policy with a learned model in force in which everything that a model can see of a
// customer counts, also that it is missing.
func learnedPolicy(t *testing.T) *domain.Policy {
	t.Helper()
	names := []string{
		projections.FeatureRepeats, projections.FeatureSilence, projections.FeatureSpend, projections.FeatureAge, projections.FeatureSatisfaction,
		projections.FeatureComplaints, projections.FeatureOpen, projections.FeatureContacts, projections.FeatureContactDays, projections.FeatureSubscriptions,
	}
	for signal := range domain.DefaultPolicy().Risk.Signals {
		names = append(names, projections.FeatureSignal+signal)
	}
	var b strings.Builder
	b.WriteString("version: learned\nrisk: {source: learned}\nmodels:\n  risk:\n    name: learned_risk\n    parameters:\n      horizon_days: 182\n      intercept: 0.1\n")
	for _, name := range names {
		scale := 2
		if strings.HasSuffix(name, "_days") {
			scale = 100
		}
		fmt.Fprintf(&b, "      %[1]s.weight: 0.3\n      %[1]s.mean: 0.5\n      %[1]s.scale: %[2]d\n      %[1]s.missing_share: 0.5\n      %[1]s.missing_weight: 0.2\n", name, scale)
	}
	p, err := domain.ParsePolicy([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func demoEvents(t *testing.T) []domain.Event {
	t.Helper()
	g, err := demo.New(demo.Options{End: domain.InstantOf(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(g.Events())
}

// purchasesOfCDNow returns the purchases of the 23,570 customers of CDNOW.
func purchasesOfCDNow(t *testing.T) []domain.Event {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "cdnow", "CDNOW_master.txt")
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("the data set is not there: %v", err)
	}
	f, err := importer.OpenFile(path, importer.FileOptions{Format: importer.CDNow})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var events []domain.Event
	for row, err := range f.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		var own domain.Event // the row is used again
		if err := wire.DecodeJSON(&own, wire.Encode(nil, row.Event)); err != nil {
			t.Fatal(err)
		}
		events = append(events, own)
	}
	return events
}
