package faults

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/rapport-crm/rapport/domain"
)

// place is where a sequence of outputs counts: a customer on a topic.
type place struct{ topic, customer string }

// ledger is what a receiver has of the outputs that drops those whose id it knows: their bytes, by place, in the order in
// which they came. It may be used concurrently.
type ledger struct {
	mu   sync.Mutex
	kept map[place][]string
	// known has the bytes of each output by its id.
	known   map[string]string
	repeats int
	// faults are outputs that no receiver should get.
	faults []error
}

func newLedger() *ledger {
	return &ledger{kept: make(map[place][]string), known: make(map[string]string)}
}

// take takes an output in, and returns its id.
func (l *ledger) take(body []byte) string {
	var o struct{ ID, Type, Subject string }
	err := json.Unmarshal(body, &o)
	typ, ok := domain.LookupOutput(o.Type)
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.known[o.ID]
	switch {
	case err != nil || !ok:
		l.faults = append(l.faults, fmt.Errorf("%.300s is no output: %w", body, err))
	case known && before != string(body):
		l.faults = append(l.faults, fmt.Errorf("%s was %s and is %s", o.ID, before, body))
	case known:
		l.repeats++
	default:
		l.known[o.ID] = string(body)
		at := place{typ.Topic, o.Subject}
		l.kept[at] = append(l.kept[at], string(body))
	}
	return o.ID
}

// blame notes what no receiver should see.
func (l *ledger) blame(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, err)
}

// counts returns how many outputs there are, and how often one came again.
func (l *ledger) counts() (outputs, repeats int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.known), l.repeats
}

// has reports whether there are outputs on a topic.
func (l *ledger) has(topic string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for at := range l.kept {
		if at.topic == topic {
			return true
		}
	}
	return false
}

// differs returns nil when the ledger has the outputs of another one, those of each place in the same order, and no faults.
func (l *ledger) differs(want *ledger) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) > 0 {
		return fmt.Errorf("%w, and %d more", l.faults[0], len(l.faults)-1)
	}
	for at, outputs := range want.kept {
		got := l.kept[at]
		for i := range min(len(got), len(outputs)) {
			if got[i] != outputs[i] {
				return fmt.Errorf("%s on %s: number %d is\n%s\ntold is\n%s", at.customer, at.topic, i+1, got[i], outputs[i])
			}
		}
		if len(got) != len(outputs) {
			return fmt.Errorf("%s on %s: %d outputs came, %d are told", at.customer, at.topic, len(got), len(outputs))
		}
	}
	if len(l.known) != len(want.known) {
		return fmt.Errorf("%d outputs came, %d are told", len(l.known), len(want.known))
	}
	return nil
}

func TestALedgerDiffersByWhatIsMissingTooMuchChangedOrInAnotherOrder(t *testing.T) {
	t.Parallel()
	o := func(id, customer string) string {
		return fmt.Sprintf(`{"id":%q,"type":"lifecycle.started","subject":%q}`, id, customer)
	}
	want := newLedger()
	for _, body := range []string{o("1", "a"), o("2", "a"), o("3", "b")} {
		want.take([]byte(body))
	}
	for name, c := range map[string]struct {
		bodies []string
		same   bool
	}{
		"in order":                   {[]string{o("1", "a"), o("2", "a"), o("3", "b")}, true},
		"customers in another order": {[]string{o("3", "b"), o("1", "a"), o("2", "a")}, true},
		"repeated":                   {[]string{o("1", "a"), o("2", "a"), o("1", "a"), o("2", "a"), o("3", "b")}, true},
		"in another order":           {[]string{o("2", "a"), o("1", "a"), o("3", "b")}, false},
		"one is missing":             {[]string{o("1", "a"), o("2", "a")}, false},
		"one is foreign":             {[]string{o("1", "a"), o("2", "a"), o("3", "b"), o("4", "c")}, false},
		"one has another id":         {[]string{o("1", "a"), o("4", "a"), o("3", "b")}, false},
		"one has changed":            {[]string{o("1", "a"), o("2", "a"), o("3", "b"), o("1", "b")}, false},
		"one cannot be read":         {[]string{o("1", "a"), o("2", "a"), o("3", "b"), "{"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newLedger()
			for _, body := range c.bodies {
				got.take([]byte(body))
			}
			if err := got.differs(want); (err == nil) != c.same {
				t.Errorf("the difference is %v", err)
			}
		})
	}
}
