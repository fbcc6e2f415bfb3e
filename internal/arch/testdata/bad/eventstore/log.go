// Package eventstore knows what it stores.
package eventstore

import (
	"time"

	"github.com/jackc/pgx/v5" // want: eventstore must not import github.com/jackc/pgx/v5: SQL stays
	"github.com/segmentio/kafka-go"

	"github.com/rapport-crm/rapport/domain" // want: eventstore must not import domain
)

// Log is allowed to use the clock and the Kafka client.
type Log struct {
	At      time.Time
	Message kafka.Message
	Conn    *pgx.Conn
	Event   domain.Event
}

// Open reads the clock, which only pure code must not do.
func Open() Log { return Log{At: time.Now()} }
