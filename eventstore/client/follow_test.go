package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore/client"
)

// started returns the event of a stream for the output of the given number of a customer.
func started(cursor, customer string, sequence int) string {
	return fmt.Sprintf("id: %s\nevent: lifecycle.started\n"+
		`data: {"specversion":"1.0","id":"o-%s-%d","source":"rapport","type":"lifecycle.started","subject":%q,"time":"2026-03-01T09:30:00Z","orgunit":"north",`+
		`"causationid":"e-1","policyversion":"2026-03","position":"0:7","sequence":"%018d","data":{"to":"prospect","reason":"started","at":"2026-03-01T09:30:00Z","policy_version":"2026-03","position":"0:7","later":1}}`+
		"\n\n", cursor, customer, sequence, customer, sequence)
}

// script answers each request for the stream with the next of some texts, then with an end of the test.
type script struct {
	answers []string
	// resumed are the ids that the client came back with, and asked its queries.
	resumed, asked []string
}

// serve answers a request. A text that ends in "…" leaves the stream open.
func (s *script) serve(w http.ResponseWriter, r *http.Request) {
	s.resumed = append(s.resumed, r.Header.Get("Last-Event-ID"))
	s.asked = append(s.asked, r.URL.RawQuery)
	text := s.answers[0]
	s.answers = s.answers[1:]
	if problem, ok := strings.CutPrefix(text, "problem "); ok {
		w.WriteHeader(http.StatusGone)
		fmt.Fprintf(w, `{"type":"https://rapport-crm.github.io/problems/%s"}`, problem)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	open := strings.TrimSuffix(text, "…")
	fmt.Fprint(w, "retry: 1\n"+open)
	if open != text {
		if err := http.NewResponseController(w).Flush(); err == nil {
			<-r.Context().Done()
		}
	}
}

func TestOutputsComeOnceAndInOrderOverStreamsThatEnd(t *testing.T) {
	t.Parallel()
	cut := started("1-5", "c-1", 4)
	s := &script{answers: []string{
		"id: 1-0\n\n" + started("1-1", "c-1", 1) + started("1-2", "c-2", 1) + ": heartbeat\nid: 1-3\n\n",
		// After a crash of the server outputs are on the topic again.
		started("1-4", "c-1", 1) + started("1-4", "c-1", 2) + cut[:len(cut)-30],
		": closing: the server stops\n\n",
		started("1-5", "c-1", 3) + "…",
		started("1-6", "c-1", 4) + started("1-7", "c-2", 2),
		"problem outputs-gone",
	}}
	// Only the answer that ends with … is given up for its silence; a busy machine is never silent for as long.
	c := newClient(t, client.Options{Silence: 3 * time.Second}, s.serve)
	var got []string
	var end error
	for o, err := range c.Follow(t.Context(), client.Filter{}, client.Beginning) {
		if err != nil {
			end = err
			break
		}
		got = append(got, fmt.Sprint(o.Customer, " ", strings.TrimLeft(o.Sequence, "0"), " ", o.Cursor))
	}
	if want := []string{"c-1 1 1-1", "c-2 1 1-2", "c-1 2 1-4", "c-1 3 1-5", "c-1 4 1-6", "c-2 2 1-7"}; !slices.Equal(got, want) {
		t.Errorf("the outputs are %q, want %q", got, want)
	}
	if want := []string{"1", "1-3", "1-4", "1-4", "1-5", "1-7"}; !slices.Equal(s.resumed, want) {
		t.Errorf("the client came back with %q, want %q", s.resumed, want)
	}
	if !errors.Is(end, client.ErrGone) {
		t.Errorf("the end is %v", end)
	}
}

func TestAnOutputIsDecodedIntoTheStructOfItsType(t *testing.T) {
	t.Parallel()
	s := &script{answers: []string{started("1-1", "c-1", 3) + "…"}}
	c := newClient(t, client.Options{}, s.serve)
	filter := client.Filter{Topics: []string{"rapport.lifecycle"}, Types: []string{"lifecycle.started", "x"}, Customers: []string{"c 1"}, OrgUnit: "north/a"}
	for o, err := range c.Follow(t.Context(), filter, "") {
		if err != nil {
			t.Fatal(err)
		}
		data, ok := o.Data.(*domain.LifecycleStarted)
		if !ok || data.To != "prospect" || data.At != o.Time {
			t.Errorf("the data is %+v", o.Data)
		}
		if o.ID != "o-c-1-3" || o.Type != "lifecycle.started" || o.OrgUnit != "north" || o.CausationID != "e-1" ||
			o.PolicyVersion != "2026-03" || o.Position != "0:7" || o.Time.String() != "2026-03-01T09:30:00Z" {
			t.Errorf("the output is %+v", o)
		}
		break
	}
	if want := "customer=c+1&org_unit=north%2Fa&topic=rapport.lifecycle&type=lifecycle.started%2Cx"; s.asked[0] != want || s.resumed[0] != "" {
		t.Errorf("the query is %s after %q, want %s", s.asked[0], s.resumed[0], want)
	}
}

func TestAnOutputOfATypeThatIsNotKnownIsKept(t *testing.T) {
	t.Parallel()
	text := `{"specversion":"1.0","id":"o-1","source":"rapport","type":"weather.changed","subject":"c-1","time":"2026-03-01T09:30:00Z","sequence":"000000000000000001","data":{"rain":true}}`
	o, err := client.DecodeOutput([]byte(text))
	if err != nil || o.Data != nil || string(o.Event) != text || o.Type != "weather.changed" {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []string{"", "{}", `{"specversion":"1.0","id":"o","source":"r","type":"lifecycle.started","subject":"c","time":"2026-03-01T09:30:00Z","data":{"at":7}}`} {
		if _, err := client.DecodeOutput([]byte(bad)); err == nil {
			t.Errorf("%s is taken for an output", bad)
		}
	}
}

func TestTheEndOfTheContextEndsTheStream(t *testing.T) {
	t.Parallel()
	s := &script{answers: []string{started("1-1", "c-1", 1) + "…"}}
	c := newClient(t, client.Options{}, s.serve)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	outputs := 0
	var end error
	for _, err := range c.Follow(ctx, client.Filter{}, "") {
		if err != nil {
			end = err
			continue
		}
		outputs++
		stop()
	}
	if outputs != 1 || !errors.Is(end, ctx.Err()) {
		t.Errorf("%d outputs, and the end is %v", outputs, end)
	}
}
