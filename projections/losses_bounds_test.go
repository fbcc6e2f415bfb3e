package projections_test

import (
	"testing"

	"github.com/rapport-crm/rapport/domain"
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
