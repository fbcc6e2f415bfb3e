package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/engine"
	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/projections"
)

// record returns an event of the stream with the given data as a record.
func record(t *testing.T, id, typ, stream string, at domain.Instant, data any) eventstore.Record {
	t.Helper()
	body, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	ev := domain.Event{ID: id, Source: "test", Type: typ, Subject: stream, Time: at, ExpectedVersion: domain.NoExpectation, Data: body}
	return eventstore.Record{Key: []byte(stream), Value: wire.Encode(nil, &ev), Headers: wire.Headers()}
}

// start is when the events of these tests begin.
var start = domain.InstantOf(domain.Date(20_100).Time())

// orphans returns the assignments of n customers to an employee and then the employee's departure.
func orphans(t *testing.T, prefix, employee string, n int) []eventstore.Record {
	t.Helper()
	var records []eventstore.Record
	for i := range n {
		id := fmt.Sprint(prefix, i)
		records = append(records, record(t, "assigned", "customer.owner_assigned", id, start, domain.CustomerOwnerAssigned{Employee: employee}))
	}
	return append(records, record(t, "left", "employee.left", "employee:"+employee, start+domain.Day, domain.EmployeeLeft{}))
}

// awaitReleased returns once nobody is followed by the employee, and checks who was released, and how.
func awaitReleased(t *testing.T, e *engine.Engine, prefix, employee string, n int) {
	t.Helper()
	for owned := 1; owned > 0; {
		catchUp(t, e)
		page, err := e.Views.Customers(t.Context(), projections.CustomerFilter{Owner: employee})
		if err != nil {
			t.Fatal(err)
		}
		owned = len(page.Items)
	}
	for i := range n {
		view, err := e.Views.Customer(t.Context(), fmt.Sprint(prefix, i))
		if err != nil {
			t.Fatal(err)
		}
		if o := view.Profile.Ownerships; len(o) != 1 || o[0].To != start+domain.Day || o[0].Reason != domain.OwnerLeftCompany || view.Version != 2 {
			t.Errorf("%s has %d events: %+v", view.ID, view.Version, o)
		}
	}
}

func TestTheEngineTellsTheCustomersOfAnEmployeeWhoLeft(t *testing.T) {
	t.Parallel()
	config := engine.Config{Log: engine.LogConfig{NoSync: true, Data: t.TempDir()}, ReactEvery: time.Millisecond}
	e := open(t, config)
	stop := run(t, e)
	appendTo(t, e, orphans(t, "c-", "anna", 30))
	awaitReleased(t, e, "c-", "anna", 30)
	catchUp(t, e)
	before, err := e.Log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	// A start folds the log anew, and tells nobody again.
	e = open(t, config)
	run(t, e)
	catchUp(t, e)
	appendTo(t, e, orphans(t, "d-", "bo", 5))
	awaitReleased(t, e, "d-", "bo", 5)
	awaitReleased(t, e, "c-", "anna", 30)
	catchUp(t, e)
	views, err := e.Views.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if views.Verdicts["duplicate"] != 0 || views.Events != 30+1+30+5+1+5 {
		t.Errorf("verdicts %v after a log of %s", views.Verdicts, before)
	}
}

// shared returns the settings of engines that share a log and a database.
func shared(t *testing.T) engine.Config {
	t.Helper()
	return engine.Config{
		Log:         engine.LogConfig{Kafka: []string{kafkatest.Broker(t)}, Topic: "reactor." + uuid.NewString(), Partitions: 4},
		DatabaseURL: pgtest.Database(t), ReactEvery: time.Millisecond,
	}
}

func TestEnginesThatShareALogTellEachCustomerOnce(t *testing.T) {
	t.Parallel()
	config := shared(t)
	config.NoOutputs = true
	config.Node = "one"
	one := open(t, config)
	stop := run(t, one)
	appendTo(t, one, orphans(t, "c-", "anna", 40))
	config.Node = "two"
	two := open(t, config)
	run(t, two)
	awaitReleased(t, two, "c-", "anna", 40)
	appendTo(t, two, orphans(t, "d-", "bo", 40))
	stop() // perhaps in the middle of it
	awaitReleased(t, two, "d-", "bo", 40)
}

// TestTwoEmployeesOnTwoNodesCollideOnce lets two employees call the same customers at the same moment, each by way of an
// engine of their own.
func TestTwoEmployeesOnTwoNodesCollideOnce(t *testing.T) {
	t.Parallel()
	config := shared(t)
	prefix := uuid.NewString() // the output topics are those of all tests
	engines := make(map[string]*engine.Engine)
	for _, node := range []string{"anna", "bo"} {
		config.Node = node
		engines[node] = open(t, config)
		run(t, engines[node])
	}
	const customers = 25
	var group errgroup.Group
	for employee, e := range engines {
		var calls []eventstore.Record
		for i := range customers {
			calls = append(calls, record(t, "call-"+employee, "contact.made", fmt.Sprint(prefix, i), start, domain.ContactMade{
				Direction: domain.DirectionOut, Channel: domain.ChannelPhone, Employee: employee,
			}))
		}
		group.Go(func() error {
			for i := range calls {
				if _, err := e.Log.Append(t.Context(), calls[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]map[string]bool)
	for _, e := range engines {
		catchUp(t, e)
	}
	for _, ev := range outputs(t, engines["anna"], "rapport.service") {
		if ev.Type == "contact.collision" && strings.HasPrefix(ev.Subject, prefix) {
			if ids[ev.Subject] == nil {
				ids[ev.Subject] = make(map[string]bool)
			}
			ids[ev.Subject][ev.ID] = true
		}
	}
	for i := range customers {
		id := fmt.Sprint(prefix, i)
		view, err := engines["bo"].Views.Customer(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if len(ids[id]) != 1 || view.Contacts.Collisions != 1 || view.Contacts.LastCollision.Employee != "bo" {
			t.Errorf("%s: outputs %v, %+v", id, ids[id], view.Contacts)
		}
	}
}

// outputs returns the derived events on a topic.
func outputs(t *testing.T, e *engine.Engine, topic string) []domain.Event {
	t.Helper()
	log, err := eventstore.Open(t.Context(), eventstore.Config{Brokers: e.Log.Brokers(), Topic: topic, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	ends, err := log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []domain.Event
	for p, end := range ends {
		offsets := make([]int64, end)
		for i := range offsets {
			offsets[i] = int64(i)
		}
		records, err := log.Read(t.Context(), p, offsets)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			var ev domain.Event
			if err := wire.Decode(&ev, r.Key, r.Value, r.Headers); err != nil {
				t.Fatal(err)
			}
			ev.ID, ev.Subject, ev.Type = strings.Clone(ev.ID), strings.Clone(ev.Subject), strings.Clone(ev.Type)
			all = append(all, ev)
		}
	}
	return all
}
