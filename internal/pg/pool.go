package pg

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options are the settings of a pool. The zero value of a field means its default. A setting that the connection string
// names itself, such as pool_max_conns or statement_timeout, wins over the one here.
type Options struct {
	// ApplicationName is what the server shows for the connections. Default: "rapport".
	ApplicationName string
	// IdleInTransactionTimeout ends connections that leave a transaction open without doing anything. Default: 1 minute.
	IdleInTransactionTimeout time.Duration
	// LockTimeout bounds the wait for a lock held by somebody else. Default: 10 seconds.
	LockTimeout time.Duration
	// MaxConns is the size of the pool. Default: 16.
	MaxConns int32
	// StatementTimeout bounds one statement. Default: 1 minute.
	StatementTimeout time.Duration
}

func (o Options) withDefaults() Options {
	o.ApplicationName = cmp.Or(o.ApplicationName, "rapport")
	o.IdleInTransactionTimeout = cmp.Or(o.IdleInTransactionTimeout, time.Minute)
	o.LockTimeout = cmp.Or(o.LockTimeout, 10*time.Second)
	o.MaxConns = cmp.Or(o.MaxConns, 16)
	o.StatementTimeout = cmp.Or(o.StatementTimeout, time.Minute)
	return o
}

// Pool is the type of the pools that Open returns, for those who only hand one on.
type Pool = pgxpool.Pool

// Open connects to the database of a connection string, a URL or a list of keywords and values, and returns a pool of
// connections once one of them works. The caller closes the pool. Times are in UTC on every connection.
func Open(ctx context.Context, databaseURL string, options Options) (*pgxpool.Pool, error) {
	config, err := configure(databaseURL, options.withDefaults())
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return pool, nil
}

// configure returns the settings of the pool: those of the connection string, and behind them those of the options.
func configure(databaseURL string, o Options) (*pgxpool.Config, error) {
	// The pool's parser takes its own settings out of the parameters; the parser of connections leaves them in, which
	// shows what the connection string names.
	plain, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		// The text of this error holds the connection string without its password.
		return nil, fmt.Errorf("read the connection string of the database: %w", err)
	}
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("read the connection string of the database: %w", err)
	}
	named := plain.RuntimeParams
	if named["pool_max_conns"] == "" {
		config.MaxConns = o.MaxConns
	}
	if named["pool_max_conn_lifetime"] == "" {
		config.MaxConnLifetime, config.MaxConnLifetimeJitter = 30*time.Minute, 3*time.Minute
	}
	if named["pool_health_check_period"] == "" {
		config.HealthCheckPeriod = 30 * time.Second
	}
	// Without a bound a connection whose peer has vanished would keep its user waiting for the system's own timeout.
	config.PingTimeout = cmp.Or(config.PingTimeout, 2*time.Second)
	params := config.ConnConfig.RuntimeParams
	params["timezone"] = "UTC"
	for name, value := range map[string]string{
		"application_name":                    o.ApplicationName,
		"statement_timeout":                   milliseconds(o.StatementTimeout),
		"lock_timeout":                        milliseconds(o.LockTimeout),
		"idle_in_transaction_session_timeout": milliseconds(o.IdleInTransactionTimeout),
	} {
		params[name] = cmp.Or(params[name], value)
	}
	return config, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
