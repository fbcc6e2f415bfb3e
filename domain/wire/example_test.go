package wire_test

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

func ExampleDecode() {
	value := []byte(`{"specversion":"1.0","id":"e1","source":"/shop","type":"purchase.recorded","subject":"C1",` +
		`"time":"2026-03-01T17:30:00+08:00","data":{"amount":{"minor":129900,"currency":"CNY"}}}`)
	var ev domain.Event
	if err := wire.Decode(&ev, []byte("C1"), value, wire.Headers()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ev.Type, ev.Subject, ev.Time)
	fmt.Printf("%s\n", ev.Data)
	// Output:
	// purchase.recorded C1 2026-03-01T09:30:00Z
	// {"amount":{"minor":129900,"currency":"CNY"}}
}

func ExampleEncode() {
	ev := domain.Event{
		ID: "e1", Source: "/shop", Type: "note.added", Subject: "C1", Time: domain.Unix(1772357400_000_000),
		ExpectedVersion: 4, Data: []byte(`{ "text": "asked for a test drive" }`),
	}
	fmt.Printf("%s\n", wire.Encode(nil, &ev))
	// Output:
	// {"specversion":"1.0","id":"e1","source":"/shop","type":"note.added","subject":"C1","time":"2026-03-01T09:30:00Z","expectedversion":"4","data":{"text":"asked for a test drive"}}
}

func ExampleSplitBatch() {
	for item, err := range wire.SplitBatch([]byte(`[ {"id": "e1"}, {"id": "e2"}, oops ]`)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", item)
	}
	// Output:
	// {"id": "e1"}
	// {"id": "e2"}
	// malformed event: json: value expected at byte 30
}
