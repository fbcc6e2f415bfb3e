package projections

import (
	"fmt"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// Effects collects what a fold yields besides the state: the moves, and the increments of the roll-ups. It is reused
// from batch to batch by Reset. Not safe for concurrent use.
type Effects struct {
	// Moves are the stage moves in the order in which they happened.
	Moves []Move
	// Rollups are increments to be added to those of the partition.
	Rollups Rollups
	// Cases are the cases that came, changed or went; one may be named several times.
	Cases []CaseRef
	// Outputs are the derived events in the order in which they came about, when they are asked for.
	Outputs []Output

	// publish asks for outputs; position is the place of the record that is folded, and cause the event in it, nil for a
	// control record.
	publish  bool
	position eventstore.Position
	cause    *Entry
}

// Publish asks for outputs.
func (e *Effects) Publish() { e.publish = true }

// Reset empties e and keeps its memory.
func (e *Effects) Reset() {
	clear(e.Moves)
	e.Moves = e.Moves[:0]
	clear(e.Cases)
	e.Cases = e.Cases[:0]
	clear(e.Outputs)
	e.Outputs = e.Outputs[:0]
	e.cause = nil
	e.Rollups.reset()
}

// add adds the effects of o.
func (e *Effects) add(o *Effects) {
	e.Moves = append(e.Moves, o.Moves...)
	e.Rollups.Add(&o.Rollups)
	e.Cases = append(e.Cases, o.Cases...)
	e.Outputs = append(e.Outputs, o.Outputs...)
}

// Move is one step of a customer through the lifecycle. Moves of a customer are numbered from 1; the first one starts
// the lifecycle, from StageNone to StageProspect.
type Move struct {
	Customer string         `json:"customer,omitempty"`
	Seq      int32          `json:"seq"`
	At       domain.Instant `json:"at"`
	From     domain.Stage   `json:"from"`
	To       domain.Stage   `json:"to"`
	Reason   Reason         `json:"reason"`
	// Inferred says that nobody reported the end: silence did.
	Inferred bool `json:"inferred,omitempty"`
	// WonBack says that the customer came back from decline or termination.
	WonBack bool `json:"won_back,omitempty"`
	// Dwell is the time spent in the stage that was left, in microseconds.
	Dwell int64 `json:"dwell_us"`
	// Evidence are the ids of the events behind the move.
	Evidence []string `json:"evidence"`
	// Policy is the version of the policy that produced the move.
	Policy string `json:"policy_version"`
}

// Reason says which rule made a move.
type Reason uint8

// The rules of the lifecycle.
const (
	ReasonNone Reason = iota
	ReasonStarted
	ReasonFirstPurchase
	ReasonFirstContract
	ReasonFirstSubscription
	ReasonMaturity
	ReasonRenewals
	ReasonSilence
	ReasonLost
	ReasonSubscriptionCancelled
	ReasonRisk
	ReasonRelationshipEnded
	ReasonPurchase
	ReasonRenewal
	ReasonReturned
	ReasonContract
	ReasonSubscription
	ReasonOverride
	ReasonOverrideEnded
	reasonCount
)

var reasonNames = [reasonCount]string{
	"none", "started", "first_purchase", "first_contract", "first_subscription", "occasions_reached",
	"renewals_reached", "silence", "lost", "last_subscription_cancelled", "warning_critical", "relationship_ended",
	"purchase", "renewal", "returned", "contract", "subscription", "override", "override_ended",
}

// String returns the name used in JSON.
func (r Reason) String() string {
	if r < reasonCount {
		return reasonNames[r]
	}
	return "unknown"
}

// MarshalText writes the name of the rule.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the name of a rule.
func (r *Reason) UnmarshalText(text []byte) error {
	for i, name := range reasonNames {
		if name == string(text) {
			*r = Reason(i)
			return nil
		}
	}
	return fmt.Errorf("no rule of the lifecycle has this name")
}
