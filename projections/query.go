package projections

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// Query answers from the views. Both stores give the same answers in the same order. Every answer is of one moment: it
// reflects all records before the positions it carries and none after them. Reads with At zero are of "now", which
// under the clock "events" is the newest occurred_at that was accepted; silence up to At has had its effect.
type Query interface {
	// Positions returns how far each partition was folded.
	Positions(ctx context.Context) (eventstore.Positions, error)

	// Summary returns the counts of the whole.
	Summary(ctx context.Context) (*Summary, error)

	// Customer returns one customer, or ErrNotFound.
	Customer(ctx context.Context, id string) (*CustomerView, error)

	// Customers returns a page of customers.
	Customers(ctx context.Context, filter CustomerFilter) (*CustomerPage, error)

	// Lifecycle returns the report on stages and moves.
	Lifecycle(ctx context.Context, filter LifecycleFilter) (*LifecycleReport, error)

	// Cells returns the cells that the filter selects, summed over the partitions, with what silence has brought.
	Cells(ctx context.Context, filter CellFilter) (*CellView, error)

	// Cases returns a page of cases, or all that the filter selects.
	Cases(ctx context.Context, filter CaseFilter) (*CasePage, error)

	// Walk calls use with every customer below an organisation unit, all for the empty one, as silence has made them by the
	// instant, in no order. A copy of the customer may be kept. Nothing else is to be asked meanwhile.
	Walk(ctx context.Context, orgUnit string, use func(*Fold, *Customer, domain.Instant)) (*Moment, error)

	// Stream returns where the records of one stream are, or ErrNotFound.
	Stream(ctx context.Context, id string) (*StreamView, error)

	// Partitions returns where each partition stands.
	Partitions(ctx context.Context) ([]PartitionView, error)

	// Resolve returns what became of the record at a position that was folded: a record of the given stream with the
	// given event id. The outcome is unknown when the record queues behind a parked customer.
	Resolve(ctx context.Context, at eventstore.Position, stream, event string) (Outcome, error)

	// Parked returns a page of the parked customers.
	Parked(ctx context.Context, filter ParkedFilter) (*ParkedPage, error)

	// Backlog says how much waits for somebody to look at it.
	Backlog(ctx context.Context) (*Backlog, error)

	// Policies returns the policies that were published, the latest first. The policy before the first of them is not
	// among them.
	Policies(ctx context.Context) ([]PolicyView, error)

	// Quarantined returns a page of the records that were set aside, newest first.
	Quarantined(ctx context.Context, filter QuarantineFilter) (*QuarantinePage, error)
}

// Summary is the state of the whole. Its JSON form is part of the public contract.
type Summary struct {
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	// Events counts the accepted events, Customers the customers they belong to.
	Events    int64 `json:"events"`
	Customers int64 `json:"customers"`
	// Late counts the accepted events that occurred before their customer's time.
	Late     int64            `json:"late"`
	Stages   map[string]int64 `json:"stages"`
	Warnings map[string]int64 `json:"warnings"`
	// Satisfaction counts what customers answered.
	Satisfaction SatisfactionSummary `json:"satisfaction"`
	// Open counts the matters that are not settled, by kind.
	Open map[string]int64 `json:"open"`
	// Trade sums purchases and returns by currency, in minor units.
	Trade         map[string]TradeSum `json:"trade"`
	Verdicts      map[string]int64    `json:"verdicts"`
	Digest        string              `json:"digest"`
	PolicyVersion string              `json:"policy_version"`
}

// SatisfactionSummary counts what customers answered.
type SatisfactionSummary struct {
	// Answers is the number of questionnaires that were answered.
	Answers int64 `json:"answers"`
	// Invited is the number of invitations to answer one, Refused that of customers who did not want to.
	Invited int64 `json:"invited"`
	Refused int64 `json:"refused"`
}

// Moment says of when an answer is, and what it reflects.
type Moment struct {
	AsOf      domain.Instant
	Positions eventstore.Positions
	// Policy is the policy that was published last, or the first one.
	Policy *domain.Policy
}

// CustomerFilter selects and orders customers. Zero fields select everything.
type CustomerFilter struct {
	Stage domain.Stage
	// Risk is the level of the open churn warning; RiskLow selects everything.
	Risk domain.RiskLevel
	// Class is the name of a class of value.
	Class string
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	Owner   string
	// Text is looked for in the id and the name, without regard to case.
	Text string
	Sort CustomerSort
	// Cursor continues after the page that returned it.
	Cursor string
	// Limit is the length of the page, 1 to 500. Default: 50.
	Limit int
}

// CustomerSort is the order of a list of customers. Customers without the value come last; ties are in order of id.
type CustomerSort string

// The orders of a list of customers: by id, or by the newest event, stage entry or purchase first.
const (
	SortID           CustomerSort = "id"
	SortLastEvent    CustomerSort = "-last_event_at"
	SortSince        CustomerSort = "-since"
	SortLastPurchase CustomerSort = "-last_purchase_at"
)

// CustomerPage is one page of customers.
type CustomerPage struct {
	Items     []CustomerItem       `json:"items"`
	Next      string               `json:"next,omitempty"`
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
}

// PartitionView says where a partition stands: how far it was folded, when the last record before that was recorded, by
// whom, and under which policy.
type PartitionView struct {
	Partition int            `json:"partition"`
	Next      int64          `json:"next"`
	Recorded  domain.Instant `json:"recorded_at,omitzero"`
	Newest    domain.Instant `json:"newest_at,omitzero"`
	Owner     string         `json:"owner,omitempty"`
	Epoch     int64          `json:"epoch"`
	// Due is when the next timer of the partition fires, zero when none is set.
	Due           domain.Instant `json:"next_due_at,omitzero"`
	PolicyVersion string         `json:"policy_version"`
}

// Backlog counts what waits for somebody to look at it.
type Backlog struct {
	// Quarantined counts the open entries of the quarantine; Oldest is when the oldest was recorded, zero without one.
	Quarantined       int64
	OldestQuarantined domain.Instant
	// Parked counts the parked customers and Queued the records behind them.
	Parked       int64
	Queued       int64
	OldestParked domain.Instant
}

// PolicyView is a policy that was published. It holds from Position on in that partition, and from places of their own
// in the others.
type PolicyView struct {
	Version     string                `json:"version"`
	PublishedAt domain.Instant        `json:"published_at"`
	Positions   []eventstore.Position `json:"positions"`
	Document    string                `json:"document"`
}

// StreamView says where the accepted records of a stream are, in order of version.
type StreamView struct {
	ID        string
	Partition int
	Offsets   []int64
	// Control are the offsets of the control records that may have changed the stream: ticks that fired its timers, and
	// published policies. Ascending.
	Control   []int64
	Positions eventstore.Positions
}
