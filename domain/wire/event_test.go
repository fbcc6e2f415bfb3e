package wire_test

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// full is an event with every field set.
func full() domain.Event {
	at, err := domain.ParseInstant("2026-03-01T09:30:00.123456Z")
	if err != nil {
		panic(err)
	}
	return domain.Event{
		ID: "0198c2f0-5b1e-7c3a-9d2e-4f5a6b7c8d9e", Source: "/shop/shanghai-3", Type: "purchase.recorded", Subject: "C0001234",
		Time: at, Actor: "E77", OrgUnit: "brand/east/shanghai-3", Channel: "website", CausationID: "c1", TraceParent: "00-01-02-00",
		DataSchema: "https://rapport-crm.github.io/schemas/purchase.recorded/v1.json", ExpectedVersion: 12,
		Extensions: []domain.Extension{{Name: "partitionkey", Value: "C0001234"}, {Name: "tracestate", Value: ""}},
		Data:       []byte(`{"amount":{"minor":129900,"currency":"CNY"},"product":"机油 \"5W-30\""}`),
	}
}

// binary returns the headers of ev in binary mode.
func binary(ev *domain.Event) []wire.Header {
	list := []wire.Header{
		{Key: "content-type", Value: []byte("application/json")},
		{Key: "ce_specversion", Value: []byte("1.0")},
	}
	add := func(name, value string) {
		if value != "" {
			list = append(list, wire.Header{Key: "ce_" + name, Value: []byte(value)})
		}
	}
	add("id", ev.ID)
	add("source", ev.Source)
	add("type", ev.Type)
	add("subject", ev.Subject)
	add("time", ev.Time.String())
	add("dataschema", ev.DataSchema)
	add("actor", ev.Actor)
	add("orgunit", ev.OrgUnit)
	add("channel", ev.Channel)
	add("causationid", ev.CausationID)
	if ev.ExpectedVersion != domain.NoExpectation {
		add("expectedversion", fmt.Sprint(ev.ExpectedVersion))
	}
	add("traceparent", ev.TraceParent)
	for _, x := range ev.Extensions {
		list = append(list, wire.Header{Key: "ce_" + x.Name, Value: []byte(x.Value)})
	}
	return list
}
