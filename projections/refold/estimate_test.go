package refold_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections/refold"
	"github.com/rapport-crm/rapport/projections/viewtest"
)

func TestTheEstimateOfMemoryTakesCellsAndServiceIn(t *testing.T) {
	for name, data := range map[string]func(i int) (typ, data string){
		"contacts": func(i int) (string, string) {
			return "contact.made", fmt.Sprintf(`{"direction":"in","channel":"phone","employee":"e%d","category":"k%d"}`, i*7919%500, i%7)
		},
		"surveys": func(i int) (string, string) {
			return "survey.answered", fmt.Sprintf(`{"questionnaire":"service","source":"internal","mode":"phone","employees":{"receptionist":"e%d"},"answers":[{"item":"V01","score":%d},{"item":"V02","score":7}]}`, i*7919%500, i%10)
		},
		"complaints": func(i int) (string, string) {
			return "complaint.filed", fmt.Sprintf(`{"complaint_id":"k%d","subject":"late","form":"oral"}`, i)
		},
	} {
		const n, customers = 40_000, 10_000
		var records []eventstore.Record
		for i := range n {
			typ, body := data(i)
			ev := domain.Event{
				ID: fmt.Sprintf("0199a1b2-c3d4-7000-8000-%012d", i), Source: "urn:test", Type: typ, Subject: fmt.Sprintf("C%05d", i%customers),
				Time: domain.InstantOf(time.Date(2024, 1, 1, 0, i*20, 0, 0, time.UTC)), OrgUnit: fmt.Sprintf("brand/r%d", i%20),
				ExpectedVersion: domain.NoExpectation, Data: []byte(body),
			}
			records = append(records, eventstore.Record{Offset: int64(i), Key: []byte(ev.Subject), Value: wire.Encode(nil, &ev), Headers: wire.Headers(), RecordedAt: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)})
		}
		l := &log{parts: [][]eventstore.Record{records}, window: 4000}
		before := heap()
		err := refold.Partition(t.Context(), l, 0, l.ends()[0], refold.Options{Fold: viewtest.DefaultFold()}, func(_ context.Context, pass *refold.Pass) error {
			took, estimate := heap()-before, pass.Bytes()
			t.Logf("%s: %d bytes, estimated as %d", name, took, estimate)
			if took > estimate+estimate/4 {
				t.Errorf("%s: the streams take %d bytes and were estimated at %d", name, took, estimate)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
