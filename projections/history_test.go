package projections_test

import (
	"context"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// templates are the kinds of events a random history is made of. %d stands for a small number.
var templates = []struct{ typ, data string }{
	{"purchase.recorded", `{"amount":{"minor":%d00,"currency":"CNY"}}`},
	{"purchase.recorded", `{"amount":{"minor":%d,"currency":"USD"},"quantity":2}`},
	{"purchase.returned", `{"amount":{"minor":%d,"currency":"CNY"}}`},
	{"inquiry.received", `{"inquiry_id":"i%d"}`},
	{"contract.signed", `{"contract_id":"k%d"}`},
	{"order.placed", `{"order_id":"o%d","amount":{"minor":5,"currency":"CNY"}}`},
	{"order.delivered", `{"order_id":"o%d"}`},
	{"complaint.filed", `{"complaint_id":"c%d","form":"oral","kind":"claim"}`},
	{"complaint.resolved", `{"complaint_id":"c%d"}`},
	{"complaint.followed_up", `{"complaint_id":"c%d","channel":"phone"}`},
	{"subscription.started", `{"subscription_id":"s%d"}`},
	{"subscription.renewed", `{"subscription_id":"s%d"}`},
	{"subscription.cancelled", `{"subscription_id":"s%d"}`},
	{"customer.lost", `{"nature":"temporary","evidence":"e%d"}`},
	{"customer.returned", `{}`},
	{"relationship.ended", `{"reason":"r%d"}`},
	{"customer.registered", `{"party_type":"person","name":"N%d","attributes":{"b":1,"a":"x"}}`},
	{"customer.attribute_set", `{"name":"a%d","value":true}`},
	{"customer.owner_assigned", `{"employee":"e%d"}`},
	{"customer.owner_released", `{"employee":"e%d"}`},
	{"contact.made", `{"direction":"out","channel":"phone","employee":"e%d","content":"hello"}`},
	{"contact.made", `{"direction":"in","channel":"email","category":"c%d"}`},
	{"contact.intended", `{"employee":"e%d","channel":"phone"}`},
	{"contact.attempted", `{"outcome":"no_answer","channel":"phone","employee":"e%d"}`},
	{"follow_up.completed", `{"of":"o%d","channel":"phone","employee":"e1"}`},
	{"delivery.handed_over", `{"delivery_id":"o%d"}`},
	{"follow_up.attempted", `{"of":"c%d","channel":"phone"}`},
	{"survey.answered", `{"questionnaire":"csat","source":"internal","mode":"web","answers":[{"item":"CSAT","score":%d}]}`},
	{"survey.answered", `{"questionnaire":"sales","source":"external","employees":{"sales":"e1"},"answers":[{"item":"S01","score":9},{"item":"S02","score":%d}]}`},
	{"survey.answered", `{"questionnaire":"csat","source":"internal","answers":[{"item":"CSAT","score":%d},{"item":"CSAT","score":1}]}`}, // breaks a rule
	{"customer.stage_overridden", `{"stage":"maturity","reason":"r%d","until":"2026-09-01T00:00:00Z"}`},
	{"consent.given", `{"purpose":"p%d"}`},
	{"cost.attributed", `{"amount":{"minor":%d,"currency":"CNY"},"kind":"sales"}`},
	{"showroom.opened", `{"anything":%d}`},
	{"purchase.recorded", `{"amount":{"minor":-%d,"currency":"CNY"}}`}, // breaks a rule
}

// drawHistory draws the records of one partition: several customers, late events, repeated deliveries, reused ids,
// expected versions and bad data among them.
func drawHistory(t *rapid.T) []eventstore.Record {
	return drawRecords(t, []int{-1, -1, -1, -1, 0, 1, 2})
}

// drawRecords is drawHistory with the given expected versions to choose from.
func drawRecords(t *rapid.T, expected []int) []eventstore.Record {
	n := rapid.IntRange(1, 60).Draw(t, "records")
	customers := rapid.IntRange(1, 4).Draw(t, "customers")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var records []eventstore.Record
	for i := range n {
		if i > 0 && rapid.IntRange(0, 9).Draw(t, "repeat") == 0 {
			again := records[rapid.IntRange(0, i-1).Draw(t, "which")]
			again.Offset = int64(i)
			records = append(records, again)
			continue
		}
		at = at.Add(time.Duration(rapid.IntRange(-20, 60).Draw(t, "hours")) * 6 * time.Hour)
		template := templates[rapid.IntRange(0, len(templates)-1).Draw(t, "template")]
		data := template.data
		if template.data != "{}" {
			data = fmt.Sprintf(data, rapid.IntRange(1, 3).Draw(t, "number"))
		}
		ev := domain.Event{
			ID: fmt.Sprintf("e%d", rapid.IntRange(0, 3*n).Draw(t, "id")), Source: "test", Type: template.typ,
			Subject: fmt.Sprintf("c%d", rapid.IntRange(1, customers).Draw(t, "customer")),
			Time:    domain.InstantOf(at), OrgUnit: rapid.SampledFrom([]string{"", "b/r/d1", "b/r/d2"}).Draw(t, "unit"),
			ExpectedVersion: int64(rapid.SampledFrom(expected).Draw(t, "expected")),
			Data:            []byte(data),
		}
		records = append(records, eventstore.Record{
			Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers(), Offset: int64(i),
			RecordedAt: time.Date(2027, 1, 1, 0, 0, 0, i, time.UTC),
		})
	}
	return records
}

var defaultFold = projections.NewFold(domain.DefaultPolicy())

func inPartitionZero([]byte) int { return 0 }

// foldAll folds the records in batches that end where cut says and returns the store.
func foldAll(t failer, records []eventstore.Record, bound projections.Bound, cut func(i int) bool) *memview.Store {
	store := memview.NewWith(defaultFold, 1, memview.Options{At: bound.At})
	foldInto(t, store, records, bound, cut)
	return store
}

func foldInto(t failer, store *memview.Store, records []eventstore.Record, bound projections.Bound, cut func(i int) bool) {
	ctx := context.Background()
	folder := projections.NewFolder(defaultFold, store, projections.FolderOptions{PartitionOf: inPartitionZero, Bound: bound})
	at, err := folder.Claim(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	from := 0
	for i := range records {
		if i == len(records)-1 || cut(i) {
			if at, err = folder.Fold(ctx, at, records[from:i+1]); err != nil {
				t.Fatal(err)
			}
			from = i + 1
		}
	}
}

type failer interface{ Fatal(args ...any) }

func whole(int) bool { return false }

func summary(t failer, store projections.Store) *projections.Summary {
	s, err := store.Summary(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
