package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore/client"
)

func TestAnAppendIsRepeatedWithTheSameBytesUntilTheLogHasIt(t *testing.T) {
	t.Parallel()
	var bodies []string
	c := newClient(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies = append(bodies, string(body))
		switch len(bodies) {
		case 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			panic(http.ErrAbortHandler) // the connection ends without an answer
		case 3:
			fmt.Fprint(w, `{"id":"x","status":"unk`)
		case 4:
			fmt.Fprint(w, `{"id":"x","status":"unknown"}`)
		default:
			fmt.Fprint(w, `{"id":"x","status":"duplicate","version":7,"position":"3:12"}`)
		}
	})
	got, err := c.Append(t.Context(), newPurchase(t, "c-1"), time.Second)
	if err != nil || got.Err() != nil || got.Status != client.Duplicate || got.Version != 7 || got.Position != "3:12" {
		t.Errorf("the result is %+v, %v", got, err)
	}
	if len(bodies) != 5 || len(slices.Compact(bodies)) != 1 {
		t.Errorf("the requests are %q", bodies)
	}
}

func TestAnImpatientAppendTriesOnce(t *testing.T) {
	t.Parallel()
	tries := 0
	c := newClient(t, client.Options{Patience: -1}, func(w http.ResponseWriter, _ *http.Request) {
		tries++
		w.WriteHeader(http.StatusBadGateway)
	})
	_, err := c.Append(t.Context(), newPurchase(t, "c-1"), 0)
	p, ok := errors.AsType[*client.Problem](err)
	if tries != 1 || !ok || p.Status != http.StatusBadGateway {
		t.Errorf("after %d tries the error is %v", tries, err)
	}
}

func TestAWaitIsAskedForInWholeSeconds(t *testing.T) {
	t.Parallel()
	var asked []string
	c := newClient(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Prefer"))
		fmt.Fprint(w, `{"status":"accepted"}`)
	})
	for _, wait := range []time.Duration{0, time.Millisecond, 5 * time.Second} {
		if _, err := c.Append(t.Context(), newPurchase(t, "c-1"), wait); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"", "wait=1", "wait=5"}; !slices.Equal(asked, want) {
		t.Errorf("the preferences are %q, want %q", asked, want)
	}
}

func TestARefusalIsATypedErrorAndNotRepeated(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		slug   string
		status int
		want   error
	}{
		{"invalid-event", http.StatusUnprocessableEntity, client.ErrInvalid},
		{"id-reused", http.StatusConflict, client.ErrIDReused},
		{"version-mismatch", http.StatusPreconditionFailed, client.ErrVersionMismatch},
		{"too-large", http.StatusRequestEntityTooLarge, nil},
	} {
		t.Run(test.slug, func(t *testing.T) {
			t.Parallel()
			tries := 0
			c := newClient(t, client.Options{}, func(w http.ResponseWriter, _ *http.Request) {
				tries++
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(test.status)
				fmt.Fprintf(w, `{"type":"https://rapport-crm.github.io/problems/%s","title":"No","detail":"not so","status":%d,"version":4,
					"errors":[{"pointer":"/data/amount","rule":"required","message":"is required"}]}`, test.slug, test.status)
			})
			_, err := c.Append(t.Context(), newPurchase(t, "c-1"), 0)
			p, ok := errors.AsType[*client.Problem](err)
			if !ok || p.Status != test.status || p.Version != 4 || len(p.Errors) != 1 || p.Errors[0].Pointer != "/data/amount" {
				t.Fatalf("the error is %v", err)
			}
			for _, kind := range []error{client.ErrInvalid, client.ErrIDReused, client.ErrVersionMismatch, client.ErrGone} {
				if want := errors.Is(test.want, kind); errors.Is(err, kind) != want {
					t.Errorf("that it is %q is %v, want %v", kind, !want, want)
				}
			}
			if !strings.Contains(err.Error(), "not so; /data/amount is required") || tries != 1 {
				t.Errorf("after %d tries the error reads %q", tries, err)
			}
		})
	}
}

func TestOnlyThoseOfABatchWhoseOutcomeIsUnknownAreSentAgain(t *testing.T) {
	t.Parallel()
	var requests [][]string
	c := newClient(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
		var events []struct{ Subject string }
		if err := json.NewDecoder(r.Body).Decode(&events); err != nil {
			t.Error(err)
		}
		var subjects []string
		results := []client.Result{}
		for i, ev := range events {
			subjects = append(subjects, ev.Subject)
			status := client.Accepted
			if len(requests) == 0 && i > 0 {
				status = client.Unknown
			}
			if ev.Subject == "c-3" && len(requests) > 0 {
				status = client.Conflict
			}
			results = append(results, client.Result{ID: ev.Subject, Status: status, Errors: []domain.Problem{{Pointer: "/expectedversion", Rule: "version"}}})
		}
		requests = append(requests, subjects)
		if err := json.NewEncoder(w).Encode(map[string]any{"results": results}); err != nil {
			t.Error(err)
		}
	})
	events := []*domain.Event{newPurchase(t, "c-1"), newPurchase(t, "c-2"), newPurchase(t, "c-3")}
	results, err := c.AppendBatch(t.Context(), events, 0)
	if err != nil || len(results) != 3 {
		t.Fatalf("%+v, %v", results, err)
	}
	if got, want := fmt.Sprint(requests), "[[c-1 c-2 c-3] [c-2 c-3]]"; got != want {
		t.Errorf("the requests are %s, want %s", got, want)
	}
	for i, want := range []error{nil, nil, client.ErrVersionMismatch} {
		if err := results[i].Err(); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("result %d is %v, want %v", i, err, want)
		}
	}
}

func TestWhatStaysUnknownInABatchIsToldForEachEvent(t *testing.T) {
	t.Parallel()
	c := newClient(t, client.Options{Patience: -1}, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"results":[{"id":"a","status":"accepted"},{"id":"b","status":"unknown"}]}`)
	})
	results, err := c.AppendBatch(t.Context(), []*domain.Event{newPurchase(t, "c-1"), newPurchase(t, "c-2")}, 0)
	if err != nil || results[0].Err() != nil || !errors.Is(results[1].Err(), client.ErrUnknown) {
		t.Errorf("%+v, %v", results, err)
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "rapport:8080", "ftp://rapport", "http://", "http://a b"} {
		if _, err := client.New(address, nil); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
}

// The kinds of problem that have an error of their own are those of the documented list.
func TestTheKindsOfProblemAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "problems.md"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := client.Kinds()
	if len(kinds) == 0 {
		t.Fatal("there are no kinds")
	}
	for _, kind := range kinds {
		if !strings.Contains(string(page), "| `"+kind+"` |") {
			t.Errorf("%s is not documented", kind)
		}
	}
}
