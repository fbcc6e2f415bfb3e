package projections_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

const smallPurchase = `{"amount":{"minor":1,"currency":"CNY"},"quantity":1}`

func TestTradeOfALostCustomerDoesNotGrowTheState(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]func(l *life, n int){
		"goods given back": func(l *life, n int) {
			l.event(monday+2*domain.Day+domain.Instant(n)*domain.Minute, "purchase.returned", `{"amount":{"minor":1,"currency":"CNY"}}`)
		},
		"purchases recorded late, each before the one before": func(l *life, n int) {
			l.event(monday+40*domain.Day-domain.Instant(n)*domain.Minute, "purchase.recorded", smallPurchase)
		},
	} {
		l := newLife(t, "")
		l.event(monday, "purchase.recorded", smallPurchase)
		l.event(monday+domain.Day, "customer.lost", `{"nature":"permanent"}`)
		var before int
		for i := range 900 {
			event(l, i)
			if i == 300 {
				before = len(l.c.AppendState(nil))
			}
		}
		if after := len(l.c.AppendState(nil)); after > before+1000 {
			t.Errorf("%s: the state has %d bytes after 300 and %d after 900", name, before, after)
		}
	}
}

func TestACustomerWhoCameBackIsNotTakenForLostBySilenceFromBefore(t *testing.T) {
	t.Parallel()
	l := newLife(t, "version: x\nlifecycle: {decline_gaps: 6}\nrisk: {loss_gaps: 2, loss_days: 0}\n")
	l.event(monday, "purchase.recorded", smallPurchase)
	at := monday + 150*domain.Day
	for range 3 {
		l.event(at, "customer.returned", `{}`)
		l.event(at+10*domain.Day, "note.added", `{"text":"x"}`)
		at += 20 * domain.Day
	}
	told := 0
	for _, o := range l.out {
		if o.Type == "churn.loss_inferred" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("%d losses were inferred, want the one before the first return", told)
	}
}

func TestAmountsBeyondAllMeasureDoNotTurnASumAround(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	most := fmt.Sprintf(`{"amount":{"minor":%d,"currency":"CNY"}}`, int64(domain.MaxInt))
	for i := range domain.Instant(1100) { // enough to come round to a negative number
		l.event(monday+i*domain.Minute, "purchase.recorded", most)
	}
	l.event(monday+domain.Day, "customer.lost", `{"nature":"permanent"}`)
	loss, err := l.c.Cases(projections.CaseLoss)[0].Loss()
	if err != nil {
		t.Fatal(err)
	}
	value, _ := l.c.Value(domain.MeasureRevenue)
	if worth := loss.Worth[0].Minor; worth != domain.MostMinor || value != domain.MostMinor {
		t.Errorf("the loss is worth %d, the customer %d", worth, value)
	}
}

func TestAMassLossNamesItsFirstLossesAndSaysHowManyThereWere(t *testing.T) {
	t.Parallel()
	l := newLife(t, "")
	l.c = projections.NewCustomer("org:unit")
	ids := make([]string, 300)
	for i := range ids {
		ids[i] = fmt.Sprint("loss-", i)
	}
	data := jsonOf(t, domain.MassLossObserved{Month: "2026-03", Losses: 300, Evidence: ids})
	l.event(monday, "mass_loss.observed", data)
	var d projections.MassLossDetail
	if err := json.Unmarshal(l.c.Cases(projections.CaseMassLoss)[0].Detail, &d); err != nil {
		t.Fatal(err)
	}
	if d.Losses != 300 || !slices.Equal(d.Evidence, ids[:projections.MostMassLossEvidence]) || len(l.out[0].Evidence) != 1+len(d.Evidence) {
		t.Errorf("of %d losses %d are named, and %d events by the output", d.Losses, len(d.Evidence), len(l.out[0].Evidence))
	}
}
