package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/internal/notify"
	"github.com/rapport-crm/rapport/projections"
)

// answers says with which kind of problem an error is answered. The first row that matches counts: an error that has
// another one around it comes later.
var answers = []struct {
	err    error
	kind   kind
	detail string
}{
	{control.ErrUnavailable, kindUnavailable, "The log may have it or not, or in some partitions only. Ask again: what is there already changes nothing."},
	{control.ErrConflicting, kindInUse, "Another policy was published with this version. Give the new one a version of its own."},
	{control.ErrResolved, kindResolved, "The record was redriven or discarded."},
	{control.ErrNotFound, kindNotFound, "There is no such record in the quarantine, or no such parked stream."},
	{notify.ErrNotFound, kindNotFound, "There is no such webhook or delivery."},
	{notify.ErrPending, kindPending, "It will be sent, again or for the first time, without being asked for."},
	{notify.ErrFull, kindEnough, "Remove one before you add another."},
	{ingest.ErrBusy, kindBusy, "Too many events are in flight; nothing was appended."},
	{ingest.ErrUnavailable, kindUnavailable, "Some events may or may not be in the log; send them again with the same ids."},
	{eventstore.ErrUnknownOutcome, kindUnavailable, "Some events may or may not be in the log; send them again with the same ids."},
	{eventstore.ErrNotSent, kindUnavailable, "Some events are not in the log; send them again with the same ids."},
	{eventstore.ErrClosed, kindUnavailable, "The server is stopping."},
	{eventstore.ErrTopicMissing, kindUnavailable, "The topic of the log does not exist."},
	{eventstore.ErrUnfitTopic, kindUnavailable, "The topic of the log has settings that would lose records."},
	{eventstore.ErrTooLarge, kindTooLarge, "The event does not fit into a record of the log."},
	{eventstore.ErrEmptyKey, kindInvalidEvent, "The event has no subject."},
	{eventstore.ErrTrimmed, kindDamaged, "The log no longer has the records asked for."},
	{eventstore.ErrTruncated, kindDamaged, "The log ends before the records asked for."},
	{eventstore.ErrGap, kindDamaged, "The log leaves out records."},
	{eventstore.ErrTransactional, kindDamaged, "The log has transactional records, which cannot be read."},
	{eventstore.ErrCorrupt, kindDamaged, "The log has records that cannot be read."},
	{projections.ErrOtherLog, kindDamaged, "The views were made from another log."},
	{projections.ErrFenced, kindUnavailable, "Another server has taken over."},
	{projections.ErrNotFound, kindNotFound, "There is no such customer."},
	{projections.ErrOutcomeUnknown, kindTimeout, "The log has the event; what became of it is not known here any more. Send it again with the same id."},
	{context.DeadlineExceeded, kindTimeout, ""},
	{context.Canceled, kindUnavailable, "The request was given up."},
}

// problemOf returns the problem with which err is answered.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var malformed *wire.Malformed
	if errors.As(err, &malformed) {
		return problemOfMalformed(malformed)
	}
	var invalid *domain.Invalid
	if errors.As(err, &invalid) {
		return kindInvalidEvent.problem(detailInvalid, invalid.Problems...)
	}
	if errors.Is(err, projections.ErrFilter) {
		return kindInvalid.problem("A parameter cannot be used.", filterFault(err))
	}
	for _, row := range answers {
		if errors.Is(err, row.err) {
			return row.kind.problem(row.detail)
		}
	}
	return kindInternal.problem("")
}

const detailInvalid = "Nothing was appended. Each entry of errors names a place in the event and the rule that is broken there."

// problemOfMalformed tells apart a body that is not JSON from JSON that is not an event.
func problemOfMalformed(m *wire.Malformed) *Problem {
	switch fault := (domain.Problem{Pointer: m.Pointer, Rule: m.Rule, Message: m.Message}); m.Rule {
	case wire.RuleSyntax, wire.RuleDepth, wire.RuleUTF8:
		return kindMalformed.problem("Nothing was appended: the body must be JSON.", fault)
	default:
		return kindInvalidEvent.problem(detailInvalid, fault)
	}
}

// fail answers the request with the problem that err is. Answers from 500 on are logged, because only the log says what
// happened.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	a.report(r.Context(), err).write(w, r)
}

// report returns the problem that err is and logs it when the fault is on this side. That the views do not reflect a
// position in time is the answer to what the client asked, and no fault.
func (a *api) report(ctx context.Context, err error) *Problem {
	p := problemOf(err)
	p.Instance = requestID(ctx)
	if p.Status >= http.StatusInternalServerError && !p.is(kindNotReached) && !errors.Is(err, context.Canceled) {
		a.Logger.LogAttrs(ctx, slog.LevelError, "request failed",
			slog.String("request_id", p.Instance), slog.Int("status", p.Status), slog.Any("error", err))
	}
	return p
}
