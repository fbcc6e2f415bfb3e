package projections_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// TestADayOfTicksFiresEveryDeadlineOnceAndAtItsTime gives many customers a term each that ends within a day, lets the clock
// tick every 30 s, and folds the day as it comes, and again as a whole.
func TestADayOfTicksFiresEveryDeadlineOnceAndAtItsTime(t *testing.T) {
	t.Parallel()
	const customers, every = dayCustomers, 30 * domain.Second
	random := rand.New(rand.NewPCG(7, 11))
	live := newBook(t, defaultFold)
	due := make(map[string]domain.Instant, customers)
	begin := day(1)
	for i := range customers {
		id := fmt.Sprint("c", i)
		due[id] = begin + 1 + domain.Instant(random.Int64N(int64(domain.Day)))
		live.write(id, "customer.stage_overridden", "o", begin, fmt.Sprintf(`{"stage":"maturity","reason":"r","until":%q}`, due[id]))
	}
	live.catchUp()
	for at := begin + every; at <= begin+domain.Day; at += every {
		live.tick(at)
		live.catchUp()
	}
	once := func(of string, outputs []projections.Output) {
		fired := make(map[string]bool, customers)
		for i := range outputs {
			o := &outputs[i]
			if o.Cause != "" {
				continue // the events themselves
			}
			tick := begin + domain.Instant(o.Position.Offset-customers+1)*every
			if fired[o.Customer] || o.At != due[o.Customer] || o.At > tick || o.At <= tick-every {
				t.Fatalf("%s: %s of %s at %s, due at %s, told by the tick of %s, fired before: %t", of, o.Type, o.Customer, o.At, due[o.Customer], tick, fired[o.Customer])
			}
			fired[o.Customer] = true
		}
		if len(fired) != customers {
			t.Errorf("%s: %d of %d deadlines fired", of, len(fired), customers)
		}
	}
	once("live", live.outlet.outputs)

	replayed := newBook(t, defaultFold)
	replayed.records = live.records
	replayed.catchUp()
	once("replayed", replayed.outlet.outputs)
	if a, b := summary(t, live.store), summary(t, replayed.store); a.Digest != b.Digest {
		t.Errorf("the digest of the day as it came is %s, that of the replay %s", a.Digest, b.Digest)
	}
}
