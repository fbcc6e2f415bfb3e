package viewtest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
)

// History is what a log holds, in the order of appending, before it is spread over partitions.
type History struct {
	items []item
	// subjects are the ids of all streams.
	subjects []string
}

// item is a record of a history and where it is to stand.
type item struct {
	record eventstore.Record
	place  place
	// about is the index of the item whose partition a control record is for, and fill writes its data once the position
	// of that item is known.
	about int
	fill  func(eventstore.Position) domain.Event
}

// place says in which partition a record stands.
type place uint8

const (
	// own is the partition of the key.
	own place = iota
	// stray is a partition that is not that of the key. Where there is only one the record is left out.
	stray
	// everywhere is each partition.
	everywhere
	// along is the partition of another item.
	along
)

// Subjects returns the ids of the streams that events may belong to.
func (h *History) Subjects() []string { return h.subjects }

// Partition returns the records of each of n partitions.
func (h *History) Partition(n int) [][]eventstore.Record {
	parts, _ := h.spread(n, len(h.items))
	return parts
}

// spread returns the records of each of n partitions, and how many of each are among the first items.
func (h *History) spread(n, first int) (parts [][]eventstore.Record, lengths []int) {
	owner := Owner(n)
	parts, lengths = make([][]eventstore.Record, n), make([]int, n)
	positions := make([]eventstore.Position, len(h.items))
	put := func(p int, r eventstore.Record) eventstore.Position {
		r.Partition, r.Offset = p, int64(len(parts[p]))
		parts[p] = append(parts[p], r)
		return r.Position()
	}
	for i, it := range h.items {
		if i == first {
			lengths = lengthsOf(parts)
		}
		switch it.place {
		case own:
			positions[i] = put(owner(it.record.Key), it.record)
		case stray:
			if n > 1 {
				positions[i] = put((owner(it.record.Key)+1)%n, it.record)
			}
		case everywhere:
			for p := range n {
				positions[i] = put(p, it.record)
			}
		case along:
			about := positions[it.about]
			ev := it.fill(about)
			it.record.Value = wire.Encode(nil, &ev)
			positions[i] = put(about.Partition, it.record)
		}
	}
	if first == len(h.items) {
		lengths = lengthsOf(parts)
	}
	return parts, lengths
}

func lengthsOf(parts [][]eventstore.Record) []int {
	lengths := make([]int, len(parts))
	for p := range parts {
		lengths[p] = len(parts[p])
	}
	return lengths
}

// Owner returns the function that names the partition of a key among n partitions.
func Owner(n int) func(key []byte) int {
	return func(key []byte) int {
		h := fnv.New32a()
		_, _ = h.Write(key) // never fails
		return int(h.Sum32() % uint32(n))
	}
}

// Draw draws a history of up to 120 records for a property test. It holds every type of the catalogue, late events,
// repeated deliveries, reused ids, expected versions and records that are to be quarantined.
func Draw(t *rapid.T) *History {
	n := rapid.IntRange(1, 120).Draw(t, "records")
	customers := rapid.IntRange(1, 8).Draw(t, "customers")
	return generate(n, customers, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") })
}

// DrawControlled draws a history like Draw, with control records in it: ticks, policies, and those that settle what was
// set aside or parked. Some events are poisonous; see Breaking.
func DrawControlled(t *rapid.T) *History {
	n := rapid.IntRange(1, 120).Draw(t, "records")
	customers := rapid.IntRange(1, 8).Draw(t, "customers")
	g := newGenerator(customers, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") })
	g.addOthers()
	for i := range n {
		if g.choose(5) == 0 {
			g.control(i)
		} else {
			g.record(i)
		}
	}
	return &g.History
}

// Generate returns a history with the given number of records and customers. Equal arguments give equal histories.
func Generate(seed uint64, records, customers int) *History {
	random := rand.New(rand.NewPCG(seed, seed))
	return generate(records, customers, random.IntN)
}

// Purchases returns a history of purchases alone, which go round the customers.
func Purchases(records, customers int) *History {
	return purchases(records, customers, 100, func(i int) int { return i % customers })
}

// Shuffled is Purchases with a customer chosen at random for every record.
func Shuffled(records, customers int) *History {
	random := rand.New(rand.NewPCG(1, 2))
	return purchases(records, customers, 1234, func(int) int { return random.IntN(customers) })
}

func purchases(records, customers int, minor int64, customer func(i int) int) *History {
	g := newGenerator(customers, func(int) int { return 0 })
	data := fmt.Sprintf(`{"amount":{"minor":%d,"currency":"CNY"}}`, minor)
	for i := range records {
		g.at = g.at.Add(time.Minute)
		g.append(g.event(i, "purchase.recorded", g.subjects[customer(i)], data))
	}
	return &g.History
}

// generator makes the records of a history.
type generator struct {
	History
	// choose returns a number from 0 to n−1.
	choose func(n int) int
	at     time.Time
	events []domain.Event
}

func newGenerator(customers int, choose func(int) int) *generator {
	g := &generator{choose: choose, at: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i := range customers {
		g.subjects = append(g.subjects, fmt.Sprintf("C%05d", i))
	}
	return g
}

func generate(records, customers int, choose func(int) int) *History {
	g := newGenerator(customers, choose)
	g.addOthers()
	for i := range records {
		g.record(i)
	}
	return &g.History
}

// addOthers adds the subjects that are not like the others.
func (g *generator) addOthers() {
	g.subjects = append(g.subjects, "Ünal İ", "org:brand/region", "employee:7")
}

// record appends one record: mostly a good one.
func (g *generator) record(i int) {
	g.at = g.at.Add(time.Duration(g.choose(24*20)) * time.Hour)
	ev := g.any(i)
	switch kind := g.choose(40); {
	case kind < 3 && len(g.events) > 0:
		ev = g.events[g.choose(len(g.events))] // delivered again
	case kind < 5 && len(g.events) > 0:
		ev.ID = g.events[g.choose(len(g.events))].ID
	case kind < 8:
		ev.ExpectedVersion = int64(g.choose(4))
	case kind == 8:
		ev.Time = domain.InstantOf(time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC))
	case kind == 9:
		g.append(ev)
		g.items[len(g.items)-1].place = stray
		return
	case kind == 10:
		g.appendRecord("broken\xff\x00", []byte("{"))
		return
	case kind == 11:
		ev.Data = []byte(`{"amount":{"minor":-1,"currency":"x"},"a\u0000b":1}`)
	case kind < 16:
		ev.Time -= domain.Instant(g.choose(100)) * domain.Day // late
	}
	g.append(ev)
}

func (g *generator) append(ev domain.Event) {
	g.events = append(g.events, ev)
	g.appendRecord(ev.Subject, wire.Encode(nil, &ev))
}

func (g *generator) appendRecord(key string, value []byte) {
	recorded := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(len(g.items)/3) * time.Second)
	g.items = append(g.items, item{record: eventstore.Record{
		Key: []byte(key), Value: value, Headers: wire.Headers(), RecordedAt: recorded,
	}})
}

// story are the events that move customers, %d standing for a small number.
var story = []struct{ name, data string }{
	{"purchase.recorded", `{"amount":{"minor":%d00,"currency":"CNY"}}`},
	{"purchase.recorded", `{"amount":{"minor":%d50,"currency":"USD"}}`},
	{"purchase.recorded", `{"amount":{"minor":900719925474099%d,"currency":"JPY"}}`},
	{"purchase.returned", `{"amount":{"minor":%d,"currency":"CNY"}}`},
	{"customer.registered", `{"party_type":"person","name":"ÄNNE %d \"\\ İ","attributes":{"city":"x"}}`},
	{"customer.owner_assigned", `{"employee":"e,{}\"\\ %d"}`},
	{"customer.owner_released", `{"employee":"e,{}\"\\ %d"}`},
	{"customer.transferred", `{"to":"brand/r%d"}`},
	{"subscription.started", `{"subscription_id":"s%d"}`},
	{"subscription.renewed", `{"subscription_id":"s%d"}`},
	{"subscription.cancelled", `{"subscription_id":"s%d"}`},
	{"order.placed", `{"order_id":"o%d"}`},
	{"order.delivered", `{"order_id":"o%d"}`},
	{"contact.made", `{"direction":"out","channel":"phone","employee":"e%d"}`},
	{"customer.stage_overridden", `{"stage":"maturity","reason":"r%d","until":"2025-09-01T00:00:00Z"}`},
	{"relationship.ended", `{"reason":"r%d"}`},
	{"elsewhere.happened", `{"n":%d}`},
	{"inquiry.received", `{"inquiry_id":"q%d"}`},
	{"inquiry.answered", `{"inquiry_id":"q%d"}`},
	{"promise.made", `{"promise_id":"p%[1]d","due_at":"2025-0%[1]d-01T00:00:00Z","employee":"e1"}`},
	{"promise.kept", `{"promise_id":"p%d"}`},
	{"customer.lost", `{"nature":"temporary","competitor":"c%d"}`},
	{"churn.cause_determined", `{"cause":"competitor","note":"%d"}`},
	{"win_back.started", `{"win_back_id":"w%[1]d","owner":"e%[1]d"}`},
	{"win_back.contact_made", `{"win_back_id":"w%d","apology":true}`},
	{"win_back.offer_made", `{"win_back_id":"w%[1]d","terms":"t\"%[1]d","cost":{"minor":%[1]d,"currency":"CNY"}}`},
	{"win_back.offer_accepted", `{"win_back_id":"w%d"}`},
	{"cost.attributed", `{"kind":"win_back","amount":{"minor":900719925474099%d,"currency":"JPY"}}`},
	{"delivery.handed_over", `{"delivery_id":"d%d"}`},
	{"follow_up.completed", `{"of":"d%d","channel":"phone","employee":"e2"}`},
	{"contact.intended", `{"employee":"e%d","channel":"phone"}`},
	{"contact.made", `{"direction":"in","channel":"visit","category":"k%d"}`},
	{"complaint.filed", `{"complaint_id":"k%[1]d","subject":"late \"%[1]d\"","form":"oral"}`},
	{"complaint.handed_over", `{"complaint_id":"k%[1]d","to":"e%[1]d"}`},
	{"complaint.resolved", `{"complaint_id":"k%d","satisfied":true}`},
	{"complaint.reopened", `{"complaint_id":"k%d"}`},
	{"survey.answered", `{"questionnaire":"service","source":"internal","mode":"phone","employees":{"receptionist":"e1"},"answers":[{"item":"V01","score":%d},{"item":"V02","refused":true}]}`},
	{"survey.answered", `{"questionnaire":"nps","source":"external","answers":[{"item":"NPS","score":%d}]}`},
}

// any returns an event of the story, or the example of any type of the catalogue.
func (g *generator) any(i int) domain.Event {
	if g.choose(3) > 0 {
		s := story[g.choose(len(story))]
		return g.event(i, s.name, g.subject(domain.StreamCustomer), fmt.Sprintf(s.data, 1+g.choose(3)))
	}
	types := domain.Types()
	typ := types[g.choose(len(types))]
	return g.event(i, typ.Name, g.subject(typ.Stream), string(typ.Example()))
}

func (g *generator) subject(kind domain.Stream) string {
	customers := len(g.subjects) - 2
	switch kind {
	case domain.StreamOrg:
		return g.subjects[customers]
	case domain.StreamEmployee:
		return g.subjects[customers+1]
	case domain.StreamAny:
		return g.subjects[g.choose(len(g.subjects))]
	default:
		return g.subjects[g.choose(customers)]
	}
}

func (g *generator) event(i int, typ, subject, data string) domain.Event {
	return domain.Event{
		ID: fmt.Sprintf("0199a1b2-c3d4-7000-8000-%012d", i), Source: "urn:test", Type: typ, Subject: subject,
		Time: domain.InstantOf(g.at), OrgUnit: []string{"", "", "brand", "brand/r1", "brand0"}[g.choose(5)],
		ExpectedVersion: domain.NoExpectation, Data: []byte(data),
	}
}
