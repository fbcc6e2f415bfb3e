package pgview

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The channels on which commits and switches of generations are told.
const (
	commitChannel = "rapport_views"
	switchChannel = "rapport_generation"
)

// progress returns the message on commitChannel that a partition was folded up to next.
func (s *Store) progress(partition int, next int64) string {
	return fmt.Sprintf("%s %d %d", s.schema, partition, next)
}

// How long Watch waits before it connects again, and how long it trusts a connection that says nothing.
const (
	watchPause   = time.Second
	watchSilence = 15 * time.Second
)

// Watch tells how far the partitions of the store's generation are folded, by whichever program, and when another
// generation became the live one, until ctx ends; it returns the error of ctx. It begins with the checkpoints as they
// are. It holds one connection, and makes it anew when it is lost: then it tells the checkpoints again, so that nothing
// that was missed stays unknown. It calls report and switched one at a time.
func (s *Store) Watch(ctx context.Context, report func(partition int, next int64), switched func()) error {
	w := &watcher{store: s, report: report, switched: switched, live: s.liveName()}
	for {
		// An error of the connection is no news for the caller: the next one makes up for it.
		_ = w.listen(ctx)
		select {
		case <-ctx.Done():
			return fmt.Errorf("watch views: %w", context.Cause(ctx))
		case <-time.After(watchPause):
		}
	}
}

// watcher passes on what the database tells.
type watcher struct {
	store    *Store
	report   func(partition int, next int64)
	switched func()
	// live is the generation that was the live one when the caller heard of it last.
	live string
}

// listen passes messages on until the connection is lost or ctx ends.
func (w *watcher) listen(ctx context.Context) error {
	pooled, err := w.store.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	// The connection does not go back into the pool, whose users would get its messages.
	conn := pooled.Hijack()
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+commitChannel+"; LISTEN "+switchChannel); err != nil {
		return err
	}
	for {
		// Messages that were sent before LISTEN are made up for here, after it.
		if err := w.catchUp(ctx, conn); err != nil {
			return err
		}
		if err := w.receive(ctx, conn); err != nil {
			return err
		}
	}
}

// receive passes messages on until none has come for a while.
func (w *watcher) receive(ctx context.Context, conn *pgx.Conn) error {
	for {
		patience, cancel := context.WithTimeout(ctx, watchSilence)
		message, err := conn.WaitForNotification(patience)
		cancel()
		switch {
		case err == nil:
			if err := w.pass(ctx, message); err != nil {
				return err
			}
		case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
			return nil
		default:
			return err
		}
	}
}

// pass tells of one message. Messages of other generations are none of the caller's business.
func (w *watcher) pass(ctx context.Context, message *pgconn.Notification) error {
	if message.Channel == switchChannel {
		return w.compareLive(ctx)
	}
	parts := strings.Fields(message.Payload)
	if len(parts) != 3 || parts[0] != w.store.schema {
		return nil
	}
	partition, err := strconv.Atoi(parts[1])
	if err != nil || partition < 0 || partition >= len(w.store.partitions) {
		return nil
	}
	if next, err := strconv.ParseInt(parts[2], 10, 64); err == nil {
		w.report(partition, next)
	}
	return nil
}

// catchUp tells the checkpoints as they are, and whether another generation is live now.
func (w *watcher) catchUp(ctx context.Context, conn *pgx.Conn) error {
	if err := w.compareLive(ctx); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, w.store.sql("SELECT partition, next_offset FROM {g}.checkpoints ORDER BY partition"))
	if err != nil {
		return err
	}
	var partition int
	var next int64
	_, err = pgx.ForEachRow(rows, []any{&partition, &next}, func() error {
		w.report(partition, next)
		return nil
	})
	return err
}

// compareLive looks which generation is live, and tells when it is another one than before.
func (w *watcher) compareLive(ctx context.Context) error {
	if err := w.store.refresh(ctx); err != nil {
		return err
	}
	if live := w.store.liveName(); live != w.live {
		w.live = live
		w.switched()
	}
	return nil
}

func (s *Store) liveName() string {
	s.place.Lock()
	defer s.place.Unlock()
	return s.live
}
