package pg

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Class says what an error of the database means to the program that met it.
type Class uint8

// The classes of errors.
const (
	// Other is everything else: a mistake in the program, a full disk, an error that is not the database's.
	Other Class = iota
	// Retryable means that the transaction had no effect and may succeed when it is run again: a serialization failure,
	// a deadlock, a lock that was not granted in time.
	Retryable
	// Unavailable means that the server or the way to it is not there at the moment. Whether a commit that met it took
	// effect is not known.
	Unavailable
	// Duplicate means that a row with the same key exists.
	Duplicate
	// Refused means that the server does not let this account in, or does not let it do this.
	Refused
	// Missing means that a schema, table, column or function does not exist: another version of the program made the
	// tables, or took them away.
	Missing
)

var classNames = [...]string{"other", "retryable", "unavailable", "duplicate", "refused", "missing"}

// String returns the name used in logs and metrics.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// Classify returns the class of an error; nil is Other. An error of the caller's own context is Other too.
func Classify(err error) Class {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Other
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return classifyState(server.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return Unavailable
	}
	if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return Unavailable
	}
	return Other
}

// classifyState classifies an SQLSTATE (appendix A of the PostgreSQL manual). The first two characters are its class.
func classifyState(state string) Class {
	switch state {
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return Retryable
	case "23505":
		return Duplicate
	case "42501": // insufficient_privilege
		return Refused
	case "3F000", "42P01", "42703", "42883": // schema, table, column, function
		return Missing
	case "57P01", "57P02", "57P03", "57P05", "25P03", "53300": // shut down, timed out while idle, too many connections
		return Unavailable
	}
	switch {
	case strings.HasPrefix(state, "08"): // connection exception
		return Unavailable
	case strings.HasPrefix(state, "28"): // invalid authorization
		return Refused
	}
	return Other
}
