package notify_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/internal/notify/notifytest"
)

func openFile(t *testing.T, path string) *notify.File {
	t.Helper()
	f, err := notify.OpenFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFileConforms(t *testing.T) {
	t.Parallel()
	notifytest.Run(t, func(t *testing.T) notify.Store {
		t.Helper()
		f := openFile(t, filepath.Join(t.TempDir(), "webhooks.ndjson"))
		t.Cleanup(func() { shut(t, f) })
		return f
	})
}

func shut(t *testing.T, f *notify.File) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

var at = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// fill puts something of every kind into a store.
func fill(t *testing.T, f *notify.File) {
	t.Helper()
	ctx := t.Context()
	for _, id := range []string{"a", "b", "c"} {
		s := notify.Subscription{ID: id, URL: "https://example.com/" + id, Types: []string{"churn.*"}, MaxAge: time.Hour, Secrets: []notify.Secret{{Key: notify.NewKey(), CreatedAt: at}}, CreatedAt: at}
		done(t, f.Subscribe(ctx, s))
		var deliveries []notify.Delivery
		for _, n := range []string{"1", "2", "3", "4"} {
			deliveries = append(deliveries, notify.Delivery{
				ID: id + n, Subscription: id, Event: n, Type: "churn.warning_raised", Customer: "x", Body: []byte(n), Status: notify.Pending, CreatedAt: at, NextAttempt: at,
			})
		}
		_, err := f.Add(ctx, deliveries)
		done(t, err)
		claimed, err := f.Claim(ctx, []notify.Claim{{Subscription: id, Limit: 3}}, at, at.Add(time.Minute))
		done(t, err)
		for i, status := range []notify.Status{notify.Delivered, notify.Dead, notify.Pending} {
			d := claimed[i]
			d.Status, d.Attempts, d.Log = status, 1, []notify.Attempt{{At: at, Status: 200 + i, Excerpt: "hm"}}
			d.NextAttempt = time.Time{}
			if status == notify.Pending {
				d.NextAttempt = at.Add(time.Hour)
			} else {
				d.FinishedAt = at.Add(time.Second)
			}
			_, err := f.Settle(ctx, []notify.Delivery{d})
			done(t, err)
		}
		// Known already: it changes nothing, now and when the file is read.
		_, err = f.Add(ctx, append(deliveries[:1:1], notify.Delivery{ID: id + "5", Subscription: id, Status: notify.Pending, CreatedAt: at, NextAttempt: at}))
		done(t, err)
	}
	_, err := f.Change(ctx, "b", func(s *notify.Subscription) error { s.Rotate(at.Add(time.Hour), 0); s.Ordered = true; return nil })
	done(t, err)
	done(t, f.Redeliver(ctx, "b1", at))
	_, err = f.RedeliverDead(ctx, "a", at)
	done(t, err)
	done(t, f.Unsubscribe(ctx, "c", at.Add(time.Minute)))
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// content returns everything that a store holds.
func content(t *testing.T, f *notify.File) []any {
	t.Helper()
	subscriptions, err := f.Subscriptions(t.Context())
	done(t, err)
	var all []any
	for i := range subscriptions {
		all = append(all, subscriptions[i], string(subscriptions[i].Secrets[0].Key))
	}
	page, err := f.Deliveries(t.Context(), notify.Filter{Limit: 1000})
	done(t, err)
	for i := range page.Items {
		page.Items[i].Claim = 0
		all = append(all, page.Items[i])
	}
	return all
}

func TestAFileHoldsWhatItHeldWhenItWasClosed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "webhooks.ndjson")
	f := openFile(t, path)
	fill(t, f)
	want := content(t, f)
	shut(t, f)
	if err := f.Redeliver(t.Context(), "b2", at); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file has error %v", err)
	}
	// The second time it is read from what the first wrote anew.
	for range 2 {
		again := openFile(t, path)
		if got := content(t, again); !reflect.DeepEqual(got, want) {
			t.Errorf("the file holds\n%+v, want\n%+v", got, want)
		}
		shut(t, again)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with secrets is %v, %v", info.Mode(), err)
	}
}

func TestAFileThatWasCutOffIsReadUpToItsLastWholeLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "webhooks.ndjson")
	f := openFile(t, path)
	fill(t, f)
	shut(t, f)
	whole, err := os.ReadFile(path)
	done(t, err)
	starts := []int{0}
	for i, c := range whole {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	last := starts[len(starts)-2]
	cut := func(length int) []any {
		other := filepath.Join(t.TempDir(), "webhooks.ndjson")
		done(t, os.WriteFile(other, whole[:length], 0o600))
		f := openFile(t, other)
		defer shut(t, f)
		return content(t, f)
	}
	want := cut(last)
	for _, length := range []int{last + 1, (last + len(whole)) / 2, len(whole) - 1} {
		if got := cut(length); !reflect.DeepEqual(got, want) {
			t.Errorf("cut off at %d of %d the file holds\n%+v, want\n%+v", length, len(whole), got, want)
		}
	}
	// A line in the middle that is none was not written by this program.
	broken := append(bytes.Clone(whole[:last-1]), []byte("x\n{}\n")...)
	done(t, os.WriteFile(path, broken, 0o600))
	if _, err := notify.OpenFile(t.Context(), path); err == nil {
		t.Error("a damaged file was opened")
	}
}

func TestAFileOfAnEarlierProgramHasNoQuietHours(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "webhooks.ndjson")
	const written = `{"subscription":{"id":"a","url":"https://example.com","digest":"08:00","secrets":[],"created_at":"2026-03-01T09:30:00Z"}}
{"added":[{"id":"1","subscription":"a","event":"e","type":"churn.warning_raised","status":"pending","created_at":"2026-03-01T09:30:00Z","next_attempt":"2026-03-01T09:30:00Z","tries":0,"attempts":0,"body":"e30=","seq":0}]}
`
	done(t, os.WriteFile(path, []byte(written), 0o600))
	f := openFile(t, path)
	defer shut(t, f)
	if s, err := f.Subscription(t.Context(), "a"); err != nil || s.Quiet != nil || s.Digest != "08:00" {
		t.Errorf("the subscription is %+v, %v", s, err)
	}
	if d, err := f.Delivery(t.Context(), "1"); err != nil || d.Level != "" || d.Status != notify.Pending {
		t.Errorf("the delivery is %+v, %v", d, err)
	}
}

func TestThoseWhoWriteAtTheSameTimeAreAllOnTheDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "webhooks.ndjson")
	f := openFile(t, path)
	done(t, f.Subscribe(t.Context(), notify.Subscription{ID: "a", Secrets: []notify.Secret{{Key: notify.NewKey()}}}))
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for n := range 50 {
				d := notify.Delivery{ID: string(rune('a'+w)) + string(rune('a'+n)), Subscription: "a", Status: notify.Pending, CreatedAt: at, NextAttempt: at}
				if n, err := f.Add(t.Context(), []notify.Delivery{d}); n != 1 || err != nil {
					t.Errorf("%d were added, %v", n, err)
				}
			}
		})
	}
	writers.Wait()
	want := content(t, f)
	// As after a crash: the file is read while it was not closed.
	again := openFile(t, path)
	if got := content(t, again); !reflect.DeepEqual(got, want) || len(got) != 2+400 {
		t.Errorf("%d came back, want %d", len(got), len(want))
	}
	shut(t, again)
	shut(t, f)
}

func TestWhatOverflowsDiesAndTheJournalForgetsTheOldest(t *testing.T) {
	t.Parallel()
	m := notify.NewMemory()
	ctx := t.Context()
	done(t, m.Subscribe(ctx, notify.Subscription{ID: "a"}))
	const pending, finished = 50_000, 20_000
	deliveries := make([]notify.Delivery, pending+finished+1)
	for i := range deliveries {
		deliveries[i] = notify.Delivery{ID: time.Duration(i).String(), Subscription: "a", Status: notify.Pending, CreatedAt: at, NextAttempt: at}
	}
	_, err := m.Add(ctx, deliveries)
	done(t, err)
	backlog, err := m.Backlog(ctx)
	if err != nil || backlog["a"].Pending != pending {
		t.Errorf("%d wait, %v", backlog["a"].Pending, err)
	}
	if _, err := m.Delivery(ctx, deliveries[pending].ID); !errors.Is(err, notify.ErrNotFound) {
		t.Errorf("the oldest that died has error %v", err)
	}
	if d, err := m.Delivery(ctx, deliveries[pending+1].ID); err != nil || d.Status != notify.Dead || d.Reason != notify.ReasonOverflow {
		t.Errorf("one that died is %+v, %v", d, err)
	}
}
