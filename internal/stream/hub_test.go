package stream_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/stream"
)

// sameOutputs fails unless got are the outputs wanted, each once and those of a customer on a topic in their order.
func sameOutputs(t *testing.T, got, want []string, of map[string]string) {
	t.Helper()
	sorted := slices.Sorted(slices.Values(got))
	if other := slices.Sorted(slices.Values(want)); !slices.Equal(sorted, other) {
		t.Fatalf("%d outputs, want %d: %s\nwant %s", len(got), len(want), sorted, other)
	}
	last := make(map[string]int)
	for _, id := range got {
		var n int
		if _, err := fmt.Sscanf(id, "o%d", &n); err != nil {
			t.Fatal(err)
		}
		lane := fmt.Sprint(of[id], n%2)
		if before, any := last[lane]; any && before > n {
			t.Errorf("output %d of %s comes after %d", n, of[id], before)
		}
		last[lane] = n
	}
}

func TestEveryClientGetsEachOutputOnceInTheOrderOfItsCustomer(t *testing.T) {
	t.Parallel()
	c := setup(t, 3)
	c.publish(t, 50)
	h, _ := c.hub(t, stream.Options{})
	var clients []*client
	for range 5 {
		clients = append(clients, subscribe(t, h, stream.Filter{}, ""))
	}
	all := c.publish(t, 300)
	for _, one := range clients {
		one.until(300)
		sameOutputs(t, one.ids, all[50:], one.of)
	}
}

func TestAClientResumesAtOtherHubsAndAfterRestartsWithoutGapOrRepeat(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			c := setup(t, 1+random.IntN(4))
			h, _ := c.hub(t, stream.Options{})
			got := subscribe(t, h, stream.Filter{}, "")
			var all []string
			for range 8 {
				all = c.publish(t, random.IntN(200))
				// Some rings hold everything, some nothing but the last output.
				opts := stream.Options{RingOutputs: 1 << random.IntN(10)}
				if random.IntN(2) == 0 {
					opts.RingOutputs = 1 << 14
				}
				h, stop := c.hub(t, opts)
				one := subscribe(t, h, stream.Filter{}, got.last)
				for want := random.IntN(len(all) - len(got.ids) + 1); len(one.ids) < want; {
					if err := one.next(); errors.Is(err, stream.ErrSlow) {
						break
					} else if err != nil {
						t.Fatal(err)
					}
				}
				one.take(one.sub.Position())
				got.ids, got.last = append(got.ids, one.ids...), one.last
				for id, customer := range one.of {
					got.of[id] = customer
				}
				if random.IntN(2) == 0 {
					stop()
					one.endsWith(stream.ErrStopped)
				}
				one.sub.Close()
			}
			last := subscribe(t, h, stream.Filter{}, got.last)
			last.until(len(all) - len(got.ids))
			for id, customer := range last.of {
				got.of[id] = customer
			}
			sameOutputs(t, append(got.ids, last.ids...), all, got.of)
		})
	}
}

func TestTwoHubsGiveTheOutputsOfAPartitionTheSameIDs(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	filter := stream.Filter{Topics: topics[:1]}
	var texts [2][]string
	var clients [2]*client
	for i, ring := range []int{4096, 8} {
		h, _ := c.hub(t, stream.Options{RingOutputs: ring})
		clients[i] = subscribe(t, h, filter, "1-0-0")
	}
	for n := range 40 {
		if err := c.outlet.Publish(t.Context(), topics[0], []eventstore.Record{record(2 * n)}); err != nil {
			t.Fatal(err)
		}
		for i, one := range clients {
			one.until(n + 1)
			texts[i] = append(texts[i], one.last)
		}
	}
	if !slices.Equal(texts[0], texts[1]) || texts[0][39] != "1-14-" {
		t.Errorf("one hub gives %q, the other %q", texts[0], texts[1])
	}
}

func TestASlowClientIsDroppedAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	c := setup(t, 2)
	h, _ := c.hub(t, stream.Options{RingOutputs: 64})
	slow, quick := subscribe(t, h, stream.Filter{}, ""), subscribe(t, h, stream.Filter{}, "")
	var all []string
	for n := range 20 {
		all = c.publish(t, 30)
		quick.until(30 * (n + 1))
	}
	sameOutputs(t, quick.ids, all, quick.of)
	slow.endsWith(stream.ErrSlow)
	again := subscribe(t, h, stream.Filter{}, slow.last)
	again.until(len(all) - len(slow.ids))
	for id, customer := range slow.of {
		again.of[id] = customer
	}
	sameOutputs(t, append(slow.ids, again.ids...), all, again.of)
}

func TestFiltersSelectByTopicTypeCustomerAndUnit(t *testing.T) {
	t.Parallel()
	c := setup(t, 2)
	h, _ := c.hub(t, stream.Options{})
	all := c.publish(t, 120)
	for name, test := range map[string]struct {
		filter stream.Filter
		wants  func(n int) bool
	}{
		"topic":     {stream.Filter{Topics: topics[1:]}, func(n int) bool { return n%2 == 1 }},
		"type":      {stream.Filter{Types: []string{"lifecycle.started", "lifecycle.terminated"}}, func(n int) bool { return n%2 == 0 }},
		"customers": {stream.Filter{Customers: []string{"c0", "c7"}}, func(n int) bool { return n/2%customers == 0 || n/2%customers == 7 }},
		"unit":      {stream.Filter{OrgUnit: "group/dealer-1"}, func(n int) bool { return n%3 == 1 }},
		"above":     {stream.Filter{OrgUnit: "group", Topics: topics[:1]}, func(n int) bool { return n%2 == 0 }},
		"prefix":    {stream.Filter{OrgUnit: "group/dealer"}, func(int) bool { return false }},
	} {
		var want []string
		for n, id := range all {
			if test.wants(n) {
				want = append(want, id)
			}
		}
		one := subscribe(t, h, test.filter, "1")
		one.until(len(want))
		t.Run(name, func(t *testing.T) { sameOutputs(t, one.ids, want, one.of) })
	}
}

func TestTheIDOfAClientGoesOnWithWhatItsFilterSpares(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	h, _ := c.hub(t, stream.Options{})
	one := subscribe(t, h, stream.Filter{Customers: []string{"nobody"}}, "")
	other := subscribe(t, h, stream.Filter{}, "")
	c.publish(t, 80)
	other.until(80)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for one.last != "1-14-14" {
		// One more output wakes a client that has not looked at the ring yet.
		if _, err := one.sub.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		one.take(one.sub.Position())
	}
}

func TestAClientAfterTheLastOneHasLeftGetsWhatCameMeanwhile(t *testing.T) {
	t.Parallel()
	c := setup(t, 2)
	h, _ := c.hub(t, stream.Options{})
	last, ids, of := "1", []string(nil), make(map[string]string)
	var all []string
	for range 10 {
		all = c.publish(t, 20)
		one := subscribe(t, h, stream.Filter{}, last)
		one.until(20)
		one.sub.Close()
		last, ids = one.last, append(ids, one.ids...)
		for id, customer := range one.of {
			of[id] = customer
		}
	}
	sameOutputs(t, ids, all, of)
}

func TestIDsOfOtherTopicsAreRefused(t *testing.T) {
	t.Parallel()
	c := setup(t, 2)
	c.publish(t, 10)
	h, _ := c.hub(t, stream.Options{})
	for _, text := range []string{"1-zz-0", "1-0.0.1", "1-0-0-1"} {
		from, err := stream.ParseCursor(text)
		if err != nil {
			t.Fatal(err)
		}
		if sub, err := h.Subscribe(t.Context(), stream.Filter{}, from); !errors.Is(err, stream.ErrCursor) {
			t.Errorf("%s: %v, %v", text, sub, err)
		}
	}
	for _, text := range []string{"", "2-0", "1-x-!", "1--0.", "1-0-" + strings.Repeat("0.", 10_000), "1--1", "1-..", "id"} {
		if c, err := stream.ParseCursor(text); (err == nil) != (text == "1--1") || err != nil && !errors.Is(err, stream.ErrCursor) {
			t.Errorf("%q: %v, %v", text, c, err)
		}
	}
}

func TestMoreClientsThanAllowedAreRefusedUntilOneLeaves(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	h, stop := c.hub(t, stream.Options{MaxClients: 2})
	first, second := subscribe(t, h, stream.Filter{}, ""), subscribe(t, h, stream.Filter{}, "")
	if _, err := h.Subscribe(t.Context(), stream.Filter{}, nil); !errors.Is(err, stream.ErrFull) {
		t.Errorf("got %v", err)
	}
	first.sub.Close()
	first.sub.Close()
	third := subscribe(t, h, stream.Filter{}, "")
	stop()
	second.endsWith(stream.ErrStopped)
	third.endsWith(stream.ErrStopped)
	if _, err := h.Subscribe(t.Context(), stream.Filter{}, nil); !errors.Is(err, stream.ErrStopped) {
		t.Errorf("after the end: %v", err)
	}
}

func TestARecordThatIsNoOutputIsPassedOver(t *testing.T) {
	t.Parallel()
	c := setup(t, 1)
	h, _ := c.hub(t, stream.Options{RingOutputs: 4})
	one := subscribe(t, h, stream.Filter{}, "")
	strange := []eventstore.Record{{Key: []byte("c"), Value: []byte("{")}, record(0), {Key: []byte("c"), Value: nil}}
	if err := c.outlet.Publish(t.Context(), topics[0], strange); err != nil {
		t.Fatal(err)
	}
	one.until(1)
	again := subscribe(t, h, stream.Filter{}, "1")
	again.until(1)
	if one.ids[0] != "o0" || again.ids[0] != "o0" {
		t.Errorf("got %q and %q", one.ids, again.ids)
	}
}

// serveMany lets n clients take outputs from one hub until each has the given number.
func serveMany(t testing.TB, h *stream.Hub, n, outputs int) (ready, done *sync.WaitGroup) {
	t.Helper()
	ready, done = new(sync.WaitGroup), new(sync.WaitGroup)
	ready.Add(n)
	for range n {
		done.Go(func() {
			sub, err := h.Subscribe(t.Context(), stream.Filter{}, nil)
			ready.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer sub.Close()
			for got := 0; got < outputs; {
				events, err := sub.Next(t.Context())
				if err != nil {
					t.Errorf("after %d outputs: %v", got, err)
					return
				}
				got += len(events)
			}
		})
	}
	return ready, done
}

func TestManyClientsShareOneReader(t *testing.T) {
	t.Parallel()
	c := setup(t, 2)
	h, _ := c.hub(t, stream.Options{})
	ready, done := serveMany(t, h, 100, 500)
	ready.Wait()
	c.publish(t, 500)
	done.Wait()
}
