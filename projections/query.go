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

	// Stream returns where the records of one stream are, or ErrNotFound.
	Stream(ctx context.Context, id string) (*StreamView, error)

	// Quarantined returns a page of the records that were set aside, newest first.
	Quarantined(ctx context.Context, filter QuarantineFilter) (*QuarantinePage, error)
}

// Summary is the state of the whole. Its JSON form is part of the public contract.
type Summary struct {
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	// Events counts the accepted events, Customers the customers they belong to.
	Events    int64            `json:"events"`
	Customers int64            `json:"customers"`
	Stages    map[string]int64 `json:"stages"`
	Warnings  map[string]int64 `json:"warnings"`
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
}

// CustomerFilter selects and orders customers. Zero fields select everything.
type CustomerFilter struct {
	Stage domain.Stage
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

// StreamView says where the accepted records of a stream are, in order of version.
type StreamView struct {
	ID        string
	Partition int
	Offsets   []int64
	Positions eventstore.Positions
}
