package reactor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/reactor"
	"github.com/rapport-crm/rapport/projections"
)

// lost returns the events of a customer of a dealer who bought tyres and was reported lost for a cause.
func (f *firm) lost(customer, dealer string, at domain.Instant, cause domain.ChurnCause) []domain.Event {
	events := []domain.Event{
		f.event(customer, "purchase.recorded", at-domain.Day, domain.PurchaseRecorded{
			Amount: domain.Money{Minor: 100, Currency: "CNY"}, Product: "tyres",
		}),
		f.event(customer, "customer.lost", at, domain.CustomerLost{Nature: domain.LossTemporary}),
		f.event(customer, "churn.cause_determined", at+domain.Hour, domain.ChurnCauseDetermined{Cause: cause}),
	}
	for i := range events {
		events[i].OrgUnit = dealer
	}
	return events
}

// lose appends so many losses of a dealer, one on each day from the given one on.
func (f *firm) lose(prefix, dealer string, from, n int, cause domain.ChurnCause) {
	f.t.Helper()
	var events []domain.Event
	for i := range n {
		events = append(events, f.lost(fmt.Sprint(prefix, i), dealer, day(from+i), cause)...)
	}
	f.append(events...)
}

// observations returns the mass losses in the views, as unit, month, cause, product and number.
func (f *firm) observations() []string {
	f.t.Helper()
	page, err := f.views.Cases(f.t.Context(), projections.CaseFilter{Kind: projections.CaseMassLoss, Limit: projections.AllCases})
	if err != nil {
		f.t.Fatal(err)
	}
	var all []string
	for i := range page.Items {
		var d projections.MassLossDetail
		if err := json.Unmarshal(page.Items[i].Detail, &d); err != nil {
			f.t.Fatal(err)
		}
		all = append(all, fmt.Sprint(page.Items[i].OrgUnit, " ", d.Month, " ", d.Cause, " ", d.Product, " ", d.Losses, " ", len(d.Evidence)))
	}
	slices.Sort(all)
	return all
}

// watch runs a reactor of mass losses until the end of the test or stop.
func (f *firm) watch(d door) *working {
	w := &working{t: f.t, done: make(chan error, 1), handled: make(chan string, 100)}
	options := fast()
	options.Logger = slog.New(observedLines{slog.DiscardHandler, w.handled})
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.t.Context()))
	w.cancel = cancel
	r := reactor.NewMassLosses(f.views, f.log, f.progress, d, options)
	go func() { w.done <- r.Run(ctx, all) }()
	f.t.Cleanup(w.stop)
	return w
}

// observedLines is a log that sends on the mass losses that were told.
type observedLines struct {
	slog.Handler
	to chan<- string
}

func (h observedLines) Enabled(context.Context, slog.Level) bool { return true }

func (h observedLines) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "mass loss observed" {
		h.to <- r.Message
	}
	return nil
}

func TestAMassLossIsToldOnceToTheUnitAsSoonAsThereAreEnoughLosses(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.lose("few-", "brand/d1", 1, 4, domain.CauseProductQuality)
	f.lose("other-", "brand/d2", 1, 3, domain.CauseProductQuality)
	f.lose("cause-", "brand/d2", 5, 3, domain.CauseCompetitor)
	w := f.watch(f.door)
	f.lose("fifth-", "brand/d1", 10, 1, domain.CauseProductQuality)
	w.wait()
	f.lose("more-", "brand/d1", 12, 4, domain.CauseProductQuality)
	f.lose("next-", "brand/d1", 40, 5, domain.CauseProductQuality)
	w.wait()
	f.catchUp()
	want := []string{"brand/d1 2025-01 product_quality tyres 5 5", "brand/d1 2025-02 product_quality tyres 5 5"}
	if got := f.observations(); !slices.Equal(got, want) {
		t.Errorf("observed %q, want %q", got, want)
	}
}

func TestMassLossesOfLongAgoAreNotTold(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.lose("old-", "brand/d1", 1, 6, domain.CauseProductQuality)
	f.lose("new-", "brand/d2", 100, 5, domain.CauseProductQuality)
	w := f.watch(f.door)
	w.wait()
	f.catchUp()
	if got := f.observations(); len(got) != 1 || got[0] != "brand/d2 2025-04 product_quality tyres 5 5" {
		t.Errorf("observed %q", got)
	}
}

func TestReactorsThatDieOrRunAtOnceTellOfAMassLossOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.lose("lost-", "brand/d1", 1, 7, domain.CauseServiceQuality)
	f.lose("gone-", "brand/d2", 1, 5, domain.CauseServiceQuality)
	// One dies with the event in the log before it knows so, one before it is there.
	for _, written := range []bool{true, false} {
		died := make(chan struct{})
		w := f.watch(doorFunc(func(ctx context.Context, events []domain.Event) ([]ingest.Result, error) {
			if written {
				if _, err := f.door.Append(ctx, events); err != nil {
					return nil, err
				}
			}
			close(died)
			<-ctx.Done()
			return nil, ctx.Err()
		}))
		<-died
		w.stop()
	}
	failed := false
	one, two := f.watch(f.door), f.watch(doorFunc(func(ctx context.Context, events []domain.Event) ([]ingest.Result, error) {
		if !failed {
			failed = true
			_, err := f.door.Append(ctx, events)
			return nil, errors.Join(err, errors.New("the answer was lost"))
		}
		return f.door.Append(ctx, events)
	}))
	for len(f.observations()) < 2 {
		f.catchUp()
	}
	one.stop()
	two.stop()
	f.catchUp()
	want := []string{"brand/d1 2025-01 service_quality tyres 5 5", "brand/d2 2025-01 service_quality tyres 5 5"}
	if got := f.observations(); !slices.Equal(got, want) {
		t.Errorf("observed %q, want %q", got, want)
	}
	sum, err := f.views.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sum.Verdicts["conflict"] != 0 || sum.Verdicts["quarantined"] != 0 || sum.Events != 12*3+2 {
		t.Errorf("%d events, verdicts %v", sum.Events, sum.Verdicts)
	}
}
