package pgview

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/internal/pgtest"
)

// The rows belong to their caller again when copying them has ended, however it ended.
func TestACopyWhoseConnectionIsLostHasEndedItsReadsWhenItReturns(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	var conns [2]*pgx.Conn
	for i := range conns {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) }) // one of them is lost
		conns[i] = conn
	}
	tx, err := conns[0].Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "CREATE TEMPORARY TABLE copied (n integer)"); err != nil {
		t.Fatal(err)
	}
	returned, early := make(chan struct{}), make(chan bool, 1)
	process := int(conns[0].PgConn().PID())
	err = copyRows(t.Context(), tx, "copied", "n", func(b *copyBuffer) (bool, error) {
		if _, err := conns[1].Exec(context.WithoutCancel(t.Context()), "SELECT pg_terminate_backend($1)", process); err != nil {
			return false, err
		}
		select {
		case <-returned:
			early <- true
		case <-time.After(time.Second): // the loss is noticed in a millisecond
			early <- false
		}
		return false, nil
	})
	close(returned)
	if err == nil {
		t.Error("the copy succeeded on a lost connection")
	}
	if <-early {
		t.Error("the copy returned while its rows were being read")
	}
}
