package main

import (
	"context"

	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/engine"
)

// logFlags say where the log is.
type logFlags struct {
	Kafka []string `help:"Addresses of a Kafka cluster, host:port,… Without it the embedded broker is used." placeholder:"HOST:PORT" env:"RAPPORT_KAFKA"`
	Data  string   `help:"Data directory of the embedded broker." default:"./rapport-data" type:"path" env:"RAPPORT_DATA"`
	Topic string   `help:"Topic of the log." default:"rapport.events" env:"RAPPORT_TOPIC"`
}

func (f logFlags) config() engine.LogConfig {
	return engine.LogConfig{Kafka: f.Kafka, Data: f.Data, Topic: f.Topic}
}

// openLog opens a log that may be served by another process, for reading: a data directory that does not exist is an
// error.
func (a *app) openLog(ctx context.Context, f logFlags) (*eventstore.Log, func() error, error) {
	return engine.AttachLog(ctx, f.config(), a.Logger)
}

// createLog is openLog for writing: it makes what does not exist yet.
func (a *app) createLog(ctx context.Context, f logFlags) (*eventstore.Log, func() error, error) {
	c := f.config()
	c.Create = true
	return engine.AttachLog(ctx, c, a.Logger)
}
