package demo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/domain"
)

// source is the CloudEvents source of every event of this package.
const source = "urn:rapport:demo"

// world is one run of the simulation.
type world struct {
	agenda
	g    *Generator
	from domain.Instant
	// space is the namespace of the event ids.
	space   uuid.UUID
	dealers []*dealer
	names   *nameBook
	sales   questionnaire
	service questionnaire
	// out are the events of the latest step.
	out []domain.Event
	// arrivals is the number of customers so far, previous the latest of them.
	arrivals int
	previous *life
}

// newWorld sets up the group at the start of the period. Events are made from the given instant on.
func newWorld(g *Generator, from domain.Instant) *world {
	w := &world{g: g, from: from, names: newNameBook(), sales: salesQuestionnaire(), service: serviceQuestionnaire()}
	w.space = uuid.NewSHA1(uuid.NameSpaceURL, []byte(source+":"+strconv.FormatUint(g.options.Seed, 10)))
	w.now = g.start
	w.openDealers()
	w.at(w.arrival(0), w.arrive)
	return w
}

// arrival returns when the n-th customer arrives, counted from 0. Each arrives at a random place of its own share of
// the period without its last day, so that the files of the period are those that the options ask for. Those who come
// after the period arrive at the same rate, from its end on.
func (w *world) arrival(n int) domain.Instant {
	d := newDice(w.g.options.Seed, arrivalDice, uint64(n))
	span := int64(w.g.options.Days-1) * int64(domain.Day/domain.Second)
	customers := int64(w.g.options.Customers)
	low, high := span*int64(n)/customers, span*int64(n+1)/customers
	at := w.g.start + domain.Instant(low+int64(d.below(int(max(high-low, 1)))))*domain.Second
	if int64(n) >= customers {
		at += domain.Day + domain.Second
	}
	return at
}

// The kinds of dice, which keep their draws apart.
const (
	arrivalDice = iota
	dealerDice
	customerDice
)

// stamp is the part of an event that its data does not say.
type stamp struct {
	subject, actor, unit string
	channel              domain.Channel
	cause                string
	// number counts the events of the stream, id is the id of an event that has one of its own.
	number int
	id     string
	// at is when it happened, for an event that is recorded later than that; zero for now.
	at domain.Instant
}

// emit makes an event with data of one of the catalogue's structs and returns its id.
func (w *world) emit(data any, s stamp) string {
	name, known := w.g.names[reflect.TypeOf(data)]
	if !known {
		panic(fmt.Sprintf("demo: %T is not the data of an event type", data))
	}
	return w.emitAs(name, data, s)
}

// emitAs makes an event of the given type, which may be one outside the catalogue.
func (w *world) emitAs(name string, data any, s stamp) string {
	var key [64]byte
	id := uuid.NewSHA1(w.space, strconv.AppendInt(append(append(key[:0], s.subject...), '/'), int64(s.number), 10)).String()
	id = cmp.Or(s.id, id)
	if w.now < w.from {
		return id
	}
	w.out = append(w.out, domain.Event{
		ID: id, Source: source, Type: name, Subject: s.subject, Time: cmp.Or(s.at, w.now), Actor: s.actor, OrgUnit: s.unit,
		Channel: string(s.channel), CausationID: s.cause, ExpectedVersion: domain.NoExpectation, Data: encode(data),
	})
	return id
}

// encode returns data as JSON. The data is made of the catalogue's structs and of literals, so that it can always be
// written.
func encode(data any) []byte {
	b, err := json.Marshal(data)
	if err != nil {
		panic("demo: encode event: " + err.Error())
	}
	return b
}

// yuan returns an amount of whole yuan.
func yuan(n int) domain.Money { return domain.Money{Minor: int64(n) * 100, Currency: "CNY"} }
