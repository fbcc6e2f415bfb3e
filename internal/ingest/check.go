package ingest

import (
	"errors"
	"fmt"
	"time"

	"github.com/rapport-crm/rapport/domain"
)

// Rules that are the door's own; the others are those of package domain.
const (
	// RuleReserved means that the type is one that only the engine appends.
	RuleReserved = "reserved"
	// RuleFuture means that the event is dated further in the future than the policy allows.
	RuleFuture = "future"
	// RuleIDReused means that an earlier event of the same subject has the same id and other content.
	RuleIDReused = "id_reused"
)

var (
	reserved = domain.Problem{Pointer: "/type", Rule: RuleReserved, Message: "belongs to the engine's own records"}
	idReused = domain.Problem{Pointer: "/id", Rule: RuleIDReused, Message: "was used before by an event with other content"}
	tooLarge = domain.Problem{Pointer: "", Rule: domain.RuleLength, Message: "must be small enough for one record of the log"}
)

// future is the latest time an event may have, and the problem of a later one.
type future struct {
	latest  domain.Instant
	problem domain.Problem
}

func (d *Door) future() future {
	ahead := d.policy().MaxFuture
	return future{
		latest: domain.InstantOf(d.now().Add(ahead)),
		problem: domain.Problem{
			Pointer: "/time", Rule: RuleFuture, Message: fmt.Sprintf("must not lie more than %s in the future", ahead.Round(time.Second)),
		},
	}
}

// check returns every rule that the event breaks, nil when it is valid.
func check(decoder *domain.Decoder, ev *domain.Event, f future) []domain.Problem {
	var problems []domain.Problem
	typ, _, err := decoder.DecodeEvent(ev)
	var invalid *domain.Invalid
	if errors.As(err, &invalid) {
		problems = invalid.Problems
	}
	if typ != nil && typ.Control {
		// Nobody but the engine needs to know what is wrong inside a control record.
		return []domain.Problem{reserved}
	}
	if ev.Time > f.latest {
		problems = append(problems, f.problem)
	}
	return problems
}
