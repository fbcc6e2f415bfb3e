package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/engine"
)

// policyFlags say which policy is in force.
type policyFlags struct {
	Policy string `help:"Policy document (YAML) over the defaults." type:"existingfile" placeholder:"FILE" env:"RAPPORT_POLICY"`
}

func (f policyFlags) load() (*domain.Policy, error) {
	if f.Policy == "" {
		return domain.DefaultPolicy(), nil
	}
	doc, err := os.ReadFile(f.Policy)
	if err != nil {
		return nil, err
	}
	p, err := domain.ParsePolicy(doc)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Policy, err)
	}
	return p, nil
}

// serveCmd runs the engine until it is told to stop.
type serveCmd struct {
	logFlags
	policyFlags
	webhookSettings
	BrokerAddr   string `help:"Loopback address at which the embedded broker listens." default:"127.0.0.1:0" env:"RAPPORT_BROKER_ADDR"`
	BrokerNoSync bool   `help:"Let the operating system decide when the embedded broker's records reach the disk." env:"RAPPORT_BROKER_NO_SYNC"`
	DatabaseURL  string `help:"PostgreSQL that keeps the views. Without it they are kept in memory." placeholder:"URL" env:"RAPPORT_DATABASE_URL"`
	Addr         string `help:"Address of the HTTP API." default:"127.0.0.1:8080" env:"RAPPORT_ADDR"`

	Node    string        `help:"Name of this engine among those that share the database. Default: host and process id." env:"RAPPORT_NODE"`
	Group   string        `help:"Consumer group through which engines with the same database divide the partitions. Default: made of the topic and the database's own id." placeholder:"NAME" env:"RAPPORT_GROUP"`
	Session time.Duration `help:"How long an engine may be silent before its partitions go to others." default:"6s" env:"RAPPORT_SESSION"`
	Tick    time.Duration `help:"Time between two ticks of the clock in the log." default:"30s" env:"RAPPORT_TICK"`
	MaxLag  int64         `help:"Refuse events while the views lag by more records than this; 0 for no limit." default:"0" env:"RAPPORT_MAX_LAG"`
	Outputs bool          `help:"Publish what the fold finds out on the output topics." default:"true" negatable:"" env:"RAPPORT_OUTPUTS"`

	CustomersTopic bool `help:"Keep the state of each customer on the compacted topic rapport.customers. Needs --kafka and --database-url." env:"RAPPORT_CUSTOMERS_TOPIC"`
}

func (c *serveCmd) Run(ctx context.Context, a *app) (err error) {
	var policy *domain.Policy
	if c.Policy != "" {
		if policy, err = c.load(); err != nil {
			return &exitError{exitUsage, fmt.Errorf("serve: %w", err)}
		}
	}
	if c.CustomersTopic && (len(c.Kafka) == 0 || c.DatabaseURL == "") {
		return &exitError{exitUsage, fmt.Errorf("serve: --customers-topic: %w", engine.ErrCustomersTopic)}
	}
	webhooks, err := c.webhookSettings.options()
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("serve: %w", err)}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	log := c.config()
	log.BrokerAddr, log.NoSync = c.BrokerAddr, c.BrokerNoSync
	e, err := engine.Open(ctx, engine.Config{
		Log: log, DatabaseURL: c.DatabaseURL, Policy: policy, Node: c.Node, Group: c.Group, Session: c.Session,
		TickEvery: c.Tick, MaxLag: c.MaxLag, NoOutputs: !c.Outputs, CustomersTopic: c.CustomersTopic, Webhooks: webhooks, Version: version,
	}, a.Logger)
	if err != nil {
		return errors.Join(fmt.Errorf("serve: %w", err), listener.Close())
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if err := e.Serve(ctx, listener); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
