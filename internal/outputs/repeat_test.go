package outputs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// TestARepeatedLogTellsNoWarningTwice folds a log in which every event comes twice: the same warnings are told in the same
// order under the same ids.
func TestARepeatedLogTellsNoWarningTwice(t *testing.T) {
	t.Parallel()
	log := history(t)
	once, _ := replay(t, log, 1)
	again, _ := replay(t, log, 2)
	twice, _ := replay(t, repeated(log), 3)
	want := told(t, once, "rapport.churn")
	raised := 0
	for _, line := range want {
		if strings.Contains(line, "churn.warning_raised") {
			raised++
		}
	}
	if raised < 20 {
		t.Fatalf("only %d warnings were raised", raised)
	}
	if got := told(t, again, "rapport.churn"); !slices.Equal(got, want) {
		t.Errorf("a second replay tells %d changes of warnings, the first one %d", len(got), len(want))
	}
	if got := told(t, twice, "rapport.churn"); !slices.Equal(got, want) {
		t.Errorf("the repeated log tells %d changes of warnings, the log %d", len(got), len(want))
	}
}

// repeated returns the log with every event twice.
func repeated(log [][]eventstore.Record) [][]eventstore.Record {
	twice := make([][]eventstore.Record, len(log))
	for p, records := range log {
		for _, r := range records {
			copies := 2
			if string(r.Key) == domain.ControlSubject {
				copies = 1
			}
			for range copies {
				r.Offset = int64(len(twice[p]))
				twice[p] = append(twice[p], r)
			}
		}
	}
	return twice
}

// told returns what was published on a topic, partition by partition: for each output its customer, id, type, place in the
// sequence and time.
func told(t *testing.T, published map[string]*bytes.Buffer, topic string) []string {
	t.Helper()
	var lines []string
	for p := range partitions {
		text := published[fmt.Sprint(topic, p)]
		if text == nil {
			continue
		}
		for line := range bytes.Lines(text.Bytes()) {
			customer, value, _ := bytes.Cut(line, []byte(" "))
			var o struct{ ID, Type, Sequence, Time string }
			if err := json.Unmarshal(value, &o); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s %s %s %s %s", customer, o.ID, o.Type, o.Sequence, o.Time))
		}
	}
	return lines
}
