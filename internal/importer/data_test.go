package importer

import (
	"maps"
	"os"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/eventstore/logtest"
	"github.com/rapport-crm/rapport/projections"
)

func TestTheWholeOfEachDataSetIsAccepted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		file      string
		format    Format
		events    int64
		customers int64
		currency  string
		want      projections.TradeSum
	}{
		{"cdnow/CDNOW_master.txt", CDNow, 69659, 23570, "USD", projections.TradeSum{Purchases: 69659, Purchased: 250031563}},
		{"cdnow/CDNOW_sample.txt", CDNow, 6919, 2357, "USD", projections.TradeSum{Purchases: 6919, Purchased: 24409194}},
		{"online_retail/online_retail_invoices.csv", OnlineRetail, 22190, 4372, "GBP", projections.TradeSum{Purchases: 18536, Purchased: 891140790, Returns: 3654, Returned: 61134209}},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			if test.customers > mostCustomers {
				t.Skip("too slow under the race detector; make test-full runs it")
			}
			log := logtest.Embedded(t, 4)
			path := dataFile(t, test.file)
			result := importFile(t, log, path, FileOptions{Format: test.format})
			if want := (Counts{Read: test.events, Appended: test.events}); result.Counts != want {
				t.Errorf("the import counts %+v, want %+v", result.Counts, want)
			}
			s, _ := summary(t, log)
			if s.Events != test.events || s.Customers != test.customers {
				t.Errorf("%d events of %d customers, want %d of %d", s.Events, s.Customers, test.events, test.customers)
			}
			if want := (map[string]int64{"accepted": test.events, "duplicate": 0, "conflict": 0, "quarantined": 0}); !maps.Equal(s.Verdicts, want) {
				t.Errorf("verdicts %v, want %v", s.Verdicts, want)
			}
			if got := s.Trade[test.currency]; got != test.want {
				t.Errorf("trade in %s: %+v, want %+v", test.currency, got, test.want)
			}
			if covered(result.Positions) != test.events {
				t.Errorf("positions %s do not cover %d events", result.Positions, test.events)
			}

			again := importFile(t, log, path, FileOptions{Format: test.format})
			if again.Appended != test.events {
				t.Errorf("the repetition appended %d events, want %d", again.Appended, test.events)
			}
			repeated, _ := summary(t, log)
			if repeated.Digest != s.Digest || repeated.Events != s.Events {
				t.Errorf("after the repetition the digest is %s of %d events, want %s of %d", repeated.Digest, repeated.Events, s.Digest, s.Events)
			}
			if want := (map[string]int64{"accepted": test.events, "duplicate": test.events, "conflict": 0, "quarantined": 0}); !maps.Equal(repeated.Verdicts, want) {
				t.Errorf("verdicts after the repetition %v, want %v", repeated.Verdicts, want)
			}
		})
	}
}

func importFile(t testing.TB, log *eventstore.Log, path string, opts FileOptions) *Result {
	t.Helper()
	result, err := Import(t.Context(), log, openFile(t, path, opts), Options{Reject: func(r *Rejection) error {
		t.Error(r)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func covered(ps eventstore.Positions) (n int64) {
	for _, next := range ps {
		n += next
	}
	return n
}

func TestTheNetPromoterAnswersAreMapped(t *testing.T) {
	t.Parallel()
	all := readAll(openFile(t, dataFile(t, "nps_botanic/nps_numeric.csv"), FileOptions{Format: CSV, Mapping: testMapping(t, "nps.yaml")}), 0)
	if all.err != nil || len(all.rejects) > 0 {
		t.Fatalf("error %v, rejections %v", all.err, all.rejects)
	}
	if len(all.events) != 13954 || all.skipped != 0 {
		t.Errorf("%d events and %d rows left out, want 13954 and 0", len(all.events), all.skipped)
	}
	decoder := domain.NewDecoder()
	var promoters, detractors, valid, missing int
	for i := range all.events {
		_, data, err := decoder.DecodeEvent(&all.events[i])
		if err != nil {
			t.Fatalf("row %d: %v", all.rows[i].Number, err)
		}
		for _, a := range data.(*domain.SurveyAnswered).Answers {
			switch {
			case a.Item != "nps":
			case a.NotApplicable:
				missing++
			default:
				valid++
				if *a.Score >= 9 {
					promoters++
				} else if *a.Score <= 6 {
					detractors++
				}
			}
		}
	}
	// The figures published with the data set.
	if valid != 13612 || missing != 342 || promoters != 8465 || detractors != 1194 {
		t.Errorf("%d valid and %d missing scores with %d promoters and %d detractors, want 13612, 342, 8465 and 1194",
			valid, missing, promoters, detractors)
	}
}

func TestTheTelephoneContractsYieldSeveralEventsARow(t *testing.T) {
	t.Parallel()
	all := readAll(openFile(t, dataFile(t, "telco/telco_customer_churn.csv"), FileOptions{Format: CSV, Mapping: testMapping(t, "telco.yaml")}), 0)
	if all.err != nil || len(all.rejects) > 0 {
		t.Fatalf("error %v, rejections %v", all.err, all.rejects)
	}
	decoder := domain.NewDecoder()
	byType := make(map[string]int)
	ids := make(map[string]bool)
	for i := range all.events {
		if _, _, err := decoder.DecodeEvent(&all.events[i]); err != nil {
			t.Fatalf("row %d: %v", all.rows[i].Number, err)
		}
		byType[all.events[i].Type]++
		ids[all.events[i].ID] = true
	}
	if byType["subscription.started"] != 7043 || byType["subscription.cancelled"] != 1869 || byType["customer.lost"] != 1869 {
		t.Errorf("events by type %v, want 7043 started, 1869 cancelled and lost", byType)
	}
	if len(ids) != len(all.events) {
		t.Errorf("%d ids for %d events", len(ids), len(all.events))
	}
}

func testMapping(t testing.TB, name string) []byte {
	t.Helper()
	doc, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
