package verify_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/verify"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/refold"
)

func TestViewsThatWereFoldedFromTheLogDoNotDifferFromIt(t *testing.T) {
	t.Parallel()
	log := history(t, 1, 800, 40)
	store := live(t, log)
	for _, options := range []verify.Options{{}, {Memory: 60_000}, {Sample: 7}} {
		report, err := verify.Answers(t.Context(), log, fold, store, options)
		if err != nil {
			t.Fatal(err)
		}
		if !report.Same() || len(report.Differences) > 0 || report.Checked == 0 || options.Sample > 0 && report.Checked != 7 {
			t.Errorf("with %+v: %+v", options, report)
		}
	}
}

func TestAChangedCustomerIsFoundAndItsFieldsAreNamed(t *testing.T) {
	t.Parallel()
	log := history(t, 9, 800, 40)
	store := live(t, log)
	views := tampered{Store: store, summary: func(s *projections.Summary) { s.Digest = "0" }, page: func(page *projections.CustomerPage) {
		for i := range page.Items {
			if page.Items[i].ID == "C00004" {
				page.Items[i].Version += 2
				page.Items[i].Name = "somebody else"
			}
		}
	}}
	report, err := verify.Answers(t.Context(), log, fold, views, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Same() || report.Different != 1 || report.Checked < 30 || report.DigestLive == report.DigestLog {
		t.Fatalf("the report is %+v", report)
	}
	d := report.Differences[0]
	if d.ID != "C00004" || d.Kind != "customer" || d.Partition != log.PartitionOf([]byte("C00004")) || names(d) != "name version" {
		t.Errorf("the difference is %+v", d)
	}
	if d.Fields[0].Live != `"somebody else"` || d.Fields[0].Log == d.Fields[0].Live {
		t.Errorf("the name differs as %+v", d.Fields[0])
	}
}

func names(d refold.Difference) string {
	var all []string
	for _, f := range d.Fields {
		all = append(all, f.Name)
	}
	return strings.Join(all, " ")
}

func TestCustomersThatAreMissingOrTooManyAreFound(t *testing.T) {
	t.Parallel()
	log := history(t, 10, 800, 40)
	views := tampered{Store: live(t, log), summary: func(s *projections.Summary) { s.Digest = "0" }, page: func(page *projections.CustomerPage) {
		for i := range page.Items {
			if page.Items[i].ID == "C00004" {
				page.Items[i].ID = "stranger"
			}
		}
	}}
	report, err := verify.Answers(t.Context(), log, fold, views, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]refold.Field)
	for _, d := range report.Differences {
		found[d.ID] = d.Fields[0]
	}
	if len(found) != 2 || found["C00004"].Live != refold.Absent || found["stranger"].Log != refold.Absent {
		t.Errorf("the differences are %+v", report.Differences)
	}
}

func TestOnlyTheFirstDifferencesAreListedAndAllAreCounted(t *testing.T) {
	t.Parallel()
	log := history(t, 11, 800, 40)
	views := tampered{Store: live(t, log), summary: func(s *projections.Summary) { s.Digest, s.Late = "0", -1 }, page: func(page *projections.CustomerPage) {
		for i := range page.Items {
			page.Items[i].Version++
		}
	}}
	report, err := verify.Answers(t.Context(), log, fold, views, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Differences) != verify.ListedDifferences || report.Different != report.Checked+1 {
		t.Errorf("%d of %d differences among %d customers are listed", len(report.Differences), report.Different, report.Checked)
	}
	for i, d := range report.Differences[1:] {
		if before := report.Differences[i]; before.Partition > d.Partition || before.Partition == d.Partition && before.ID >= d.ID {
			t.Errorf("%s comes after %s", d.ID, before.ID)
		}
	}
}

func TestCountsThatDifferAreFoundWhereNoCustomerDoes(t *testing.T) {
	t.Parallel()
	log := history(t, 12, 500, 20)
	views := tampered{Store: live(t, log), summary: func(s *projections.Summary) { s.Digest, s.Late = "0", -1 }}
	report, err := verify.Answers(t.Context(), log, fold, views, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Differences) != 1 || report.Differences[0].Kind != "summary" || names(report.Differences[0]) != "late" {
		t.Errorf("the differences are %+v", report.Differences)
	}
}

func TestViewsThatNeverStandStillCannotBeListed(t *testing.T) {
	t.Parallel()
	log := history(t, 13, 500, 60)
	moving := int64(0)
	views := tampered{Store: live(t, log), page: func(page *projections.CustomerPage) {
		moving++
		page.Positions = eventstore.Positions{moving, 0, 0}
	}}
	if _, err := verify.Answers(t.Context(), log, fold, views, verify.Options{Sample: 3}); !errors.Is(err, verify.ErrMoving) {
		t.Errorf("the error is %v, want ErrMoving", err)
	}
}

func TestViewsOfAnotherLogAreRefused(t *testing.T) {
	t.Parallel()
	log := history(t, 14, 300, 20)
	for name, at := range map[string]eventstore.Positions{"longer": {1 << 40, 0, 0}, "more partitions": {0, 0, 0, 0}} {
		views := tampered{Store: live(t, log), summary: func(s *projections.Summary) { s.Positions = at }}
		if _, err := verify.Answers(t.Context(), log, fold, views, verify.Options{}); !errors.Is(err, verify.ErrAhead) {
			t.Errorf("views of a log with %s give the error %v, want ErrAhead", name, err)
		}
	}
}
