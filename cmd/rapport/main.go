// Command rapport is the customer lifecycle engine and its tools: one binary, a file per verb.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // policies name zones on machines without a zone database

	"github.com/alecthomas/kong"
)

// commands are the verbs and the flags they share.
type commands struct {
	JSON     bool       `help:"Print one JSON document on standard output."`
	LogLevel slog.Level `help:"Least level of the log on standard error: debug, info, warn, error." default:"info" env:"RAPPORT_LOG_LEVEL"`

	Demo           demoCmd           `cmd:"" help:"Live through two years of a generated dealer group, then go on live."`
	Serve          serveCmd          `cmd:"" help:"Run the engine."`
	Append         appendCmd         `cmd:"" help:"Append events through a running server."`
	Import         importCmd         `cmd:"" help:"Append the events of files straight to the log."`
	Summary        summaryCmd        `cmd:"" help:"Print the counts of the whole."`
	Customers      customersCmd      `cmd:"" help:"List customers."`
	Customer       customerCmd       `cmd:"" help:"Print one customer."`
	Timeline       timelineCmd       `cmd:"" help:"Print the events of one customer."`
	Explain        explainCmd        `cmd:"" help:"Print why a customer is at risk, in a stage, satisfied or worth something, with all events behind it."`
	History        historyCmd        `cmd:"" help:"Print the stage and the risk of one customer after each event."`
	Lifecycle      lifecycleCmd      `cmd:"" help:"Print stages, transitions, flows and cohorts."`
	Contacts       contactsCmd       `cmd:"" help:"Print contacts by category, month, channel and employee."`
	MayContact     mayContactCmd     `cmd:"" help:"Say whether a customer may be contacted now."`
	Brief          briefCmd          `cmd:"" help:"Print what to know before a call."`
	Warnings       warningsCmd       `cmd:"" help:"List churn warnings, decide about them, or report on them."`
	Satisfaction   satisfactionCmd   `cmd:"" help:"Print what customers answered."`
	Complaints     complaintsCmd     `cmd:"" help:"List complaints, or report on them."`
	Winback        winBackCmd        `cmd:"" help:"List losses and those who may be won back, or report on winning them back."`
	Value          valueCmd          `cmd:"" help:"Print what customers are worth, or list them by value."`
	Deadlines      deadlinesCmd      `cmd:"" help:"List what has to be done, or report on what was done in time."`
	Rectifications rectificationsCmd `cmd:"" help:"List what organisation units have to put right, or report on it."`
	Departures     departuresCmd     `cmd:"" help:"List the employees who left."`
	Positions      positionsCmd      `cmd:"" help:"Print how far each partition was folded."`
	Quarantine     quarantineCmd     `cmd:"" help:"List the records that were set aside, and decide about them."`
	Redrive        redriveCmd        `cmd:"" help:"List the customers whose fold broke down, or fold their records after a fix."`
	AsOf           asofCmd           `cmd:"" name:"asof" help:"Print the whole or one customer as it was, by replay of the log."`
	Verify         verifyCmd         `cmd:"" help:"Recompute the views from the log and compare."`
	Tail           tailCmd           `cmd:"" help:"Follow the log or an output topic, one line for each record."`
	Rebuild        rebuildCmd        `cmd:"" help:"Fold the log into a new generation of views and show it in place of the live one."`
	Generations    generationsCmd    `cmd:"" help:"List the generations of views, go back to one, or drop one."`
	Fit            fitCmd            `cmd:"" help:"Fit a model to the log by replay, and record it there."`
	Backtest       backtestCmd       `cmd:"" help:"Compare what would have been foretold in the past with what happened."`
	Policy         policyCmd         `cmd:"" help:"Show, check, compare or publish a policy."`
	Webhooks       webhooksCmd       `cmd:"" help:"Tell other systems over HTTP what the fold finds out."`
	Deliveries     deliveriesCmd     `cmd:"" help:"List what was sent to webhooks, and what waits."`
	Topics         topicsCmd         `cmd:"" help:"Make the topic of the log."`
	Healthcheck    healthcheckCmd    `cmd:"" help:"Exit 0 when the server of --url is ready."`
	Version        versionCmd        `cmd:"" help:"Print the version."`
}

// app is what every verb works with.
type app struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// JSON asks for one JSON document on Stdout.
	JSON   bool
	Logger *slog.Logger
}

// The exit codes of the program.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitConflict    = 4
	exitInterrupted = 130
)

// exitError is an error with an exit code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run parses the arguments, runs the verb and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	given, err := readSettings(settingsFile)
	if err != nil {
		fmt.Fprintln(stderr, "rapport:", err)
		return exitUsage
	}
	var c commands
	parser, err := newParser(&c, given, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "rapport:", err)
		return exitFailed
	}
	return parseAndRun(ctx, parser, &c, args, &app{Stdin: stdin, Stdout: stdout, Stderr: stderr})
}

// newParser returns the parser that fills c: flags win over the environment, the environment over the settings given.
func newParser(c *commands, given settings, stdout, stderr io.Writer) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("rapport"), kong.Description("Customer lifecycle engine on a Kafka log."), kong.UsageOnError(),
		kong.Resolvers(given), kong.Writers(stdout, stderr), kong.Exit(func(code int) { panic(exited(code)) }),
	)
}

// exited carries the exit code of a help or version flag out of the parser.
type exited int

func parseAndRun(ctx context.Context, parser *kong.Kong, c *commands, args []string, a *app) (code int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exited:
			code = int(r)
		default:
			panic(r)
		}
	}()
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(a.Stderr, "rapport:", err)
		return exitUsage
	}
	a.JSON = c.JSON
	a.Logger = slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: c.LogLevel}))
	parsed.BindTo(ctx, (*context.Context)(nil))
	return a.exitCode(ctx, parsed.Run(a))
}

// exitCode reports err on standard error and returns the code for it.
func (a *app) exitCode(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	var own *exitError
	switch {
	case errors.As(err, &own):
		fmt.Fprintln(a.Stderr, "rapport:", err)
		return own.code
	case ctx.Err() != nil:
		fmt.Fprintln(a.Stderr, "rapport: interrupted:", err)
		return exitInterrupted
	default:
		fmt.Fprintln(a.Stderr, "rapport:", err)
		return exitFailed
	}
}
