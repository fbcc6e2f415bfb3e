package stream_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/stream"
)

func TestTheTextOfACursorReadsBackAsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		offsets := rapid.SliceOfN(rapid.Int64Range(0, 1<<62), 0, 12)
		var c stream.Cursor
		for _, covered := range rapid.SliceOfN(offsets, 0, 4).Draw(t, "topics") {
			c = append(c, eventstore.Positions(covered))
		}
		read, err := stream.ParseCursor(c.String())
		if err != nil {
			t.Fatal(err)
		}
		if len(read) != len(c) || read.String() != c.String() {
			t.Fatalf("%s reads back as %s", c, read)
		}
		for topic := range c {
			if !read[topic].Reached(c[topic]) || !c[topic].Reached(read[topic]) {
				t.Fatalf("%v reads back as %v", c, read)
			}
		}
	})
}
