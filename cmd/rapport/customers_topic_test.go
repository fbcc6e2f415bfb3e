package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/kafkatest"
	"github.com/rapport-crm/rapport/internal/pgtest"
	"github.com/rapport-crm/rapport/projections"
)

// tableCustomers are the customers of the test of the topic of customers.
const tableCustomers = 150

// TestTheTopicOfCustomersHasTheStateOfEachAfterKillsAndAWriterThatPublishedNone begins to publish when customers are there
// already, kills the server in the middle of the work, and lets one go on for a while that does not publish.
func TestTheTopicOfCustomersHasTheStateOfEachAfterKillsAndAWriterThatPublishedNone(t *testing.T) {
	t.Parallel()
	kafka, database := kafkatest.Broker(t), pgtest.Database(t)
	prefix := uuid.NewString()
	dir := t.TempDir()
	flags := []string{"--kafka", kafka, "--topic", "rapport." + prefix, "--database-url", database, "--session", "6s"}
	s := serve(t, dir, flags...)
	silent := s.args
	publishing := append(append([]string{}, silent...), "--customers-topic")
	s.purchases(t, prefix, 1)
	s.stop()
	s.args = publishing
	s.restart(t)
	checkTable(t, s, kafka, prefix)
	for round := 2; round < 4; round++ {
		s.purchases(t, prefix, round)
		s.kill()
		s.restart(t)
	}
	checkTable(t, s, kafka, prefix)
	s.kill()
	s.args = silent
	s.restart(t)
	s.purchases(t, prefix, 4)
	s.summary(t, "")
	s.kill()
	s.args = publishing
	s.restart(t)
	checkTable(t, s, kafka, prefix)
	if code := s.stop(); code != exitDone {
		t.Errorf("the server ended with code %d\n%s", code, s.err.String())
	}
}

// purchases appends an event of every customer and returns once they are in the log.
func (s *server) purchases(t *testing.T, prefix string, round int) {
	t.Helper()
	var events strings.Builder
	for n := range tableCustomers {
		fmt.Fprintf(&events, `{"specversion":"1.0","id":"ev-%d-%d","source":"test","type":"purchase.recorded","subject":"%s-%03d","time":%q,"data":{"amount":{"minor":%d,"currency":"CNY"}}}`+"\n",
			round, n, prefix, n, time.Now().UTC().Format(time.RFC3339), 100*round)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/events", strings.NewReader(events.String()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || strings.Count(string(answer), `"accepted"`) != tableCustomers {
		t.Fatalf("the events were answered with %d, %v: %.300s", response.StatusCode, err, answer)
	}
}

// checkTable compares the topic with the list of customers, once the views have everything that is in the log.
func checkTable(t *testing.T, s *server, kafka, prefix string) {
	t.Helper()
	listed := make(map[string]string)
	for cursor := ""; ; {
		var page projections.CustomerPage
		s.read(t, "/v1/customers?limit=100&cursor="+url.QueryEscape(cursor), &page)
		for i := range page.Items {
			item := &page.Items[i]
			listed[item.ID] = fmt.Sprintln(item.Version, item.Stage, item.Risk, item.ValueClass, item.Since, item.Purchases, item.Sums, item.LastPurchaseAt, item.OpenMatters)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(listed) != tableCustomers {
		t.Fatalf("%d customers are listed", len(listed))
	}
	last, greatest := readCustomersTopic(t, kafka, prefix)
	for name, states := range map[string]map[string]domain.CustomerState{"last": last, "greatest": greatest} {
		if len(states) != len(listed) {
			t.Errorf("%d customers are on the topic, %d are listed", len(states), len(listed))
		}
		for id, s := range states {
			got := fmt.Sprintln(s.Version, s.Stage, s.Risk, s.ValueClass, s.Since, s.Purchases, s.Sums, s.LastPurchaseAt, s.OpenMatters)
			if got != listed[id] {
				t.Errorf("the %s state of %s is %s, listed is %s", name, id, got, listed[id])
			}
		}
	}
}

// readCustomersTopic reads the topic of customers: the last state of each customer of the test, and the one of the greatest sequence.
func readCustomersTopic(t *testing.T, kafka, prefix string) (last, greatest map[string]domain.CustomerState) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	log, err := eventstore.Open(ctx, eventstore.Config{Brokers: []string{kafka}, Topic: domain.CustomersTopic, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	ends, err := log.Ends(ctx)
	if err != nil {
		t.Fatal(err)
	}
	decoder := domain.NewDecoder()
	last, greatest = make(map[string]domain.CustomerState), make(map[string]domain.CustomerState)
	for p := range log.Partitions() {
		if ends[p] == 0 {
			continue
		}
		// The segment that is written to is not compacted, so no offset is missing yet.
		for batch, err := range log.Follow(ctx, p, 0, eventstore.FollowOptions{Until: ends[p]}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range batch.Records {
				if _, err := decoder.Decode(domain.CustomerStateType(), r.Value); err != nil {
					t.Fatalf("%s does not follow its schema: %v", r.Value, err)
				}
				var state domain.CustomerState
				if err := json.Unmarshal(r.Value, &state); err != nil || state.ID != string(r.Key) {
					t.Fatalf("the record of %q is %s: %v", r.Key, r.Value, err)
				}
				if !strings.HasPrefix(state.ID, prefix) {
					continue
				}
				last[state.ID] = state
				if state.Sequence >= greatest[state.ID].Sequence {
					greatest[state.ID] = state
				}
			}
		}
	}
	return last, greatest
}

func TestTheTopicOfCustomersIsRefusedWithoutAClusterAndADatabase(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), "serve", "--customers-topic", "--addr", "127.0.0.1:0")
	if code := p.wait(); code != exitUsage || !strings.Contains(p.err.String(), "needs a Kafka cluster and a database") {
		t.Errorf("exit code %d\n%s", code, p.err.String())
	}
}
