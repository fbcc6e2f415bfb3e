package httpapi

import (
	"context"
	"errors"
	"strconv"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
)

// customersInput is the parameters of the list of customers.
type customersInput struct {
	AfterParam
	PageParams
	Stage   string `query:"stage" enum:"prospect,growth,maturity,decline,termination" doc:"Only customers in this stage."`
	Risk    string `query:"risk" enum:"watch,high,critical" doc:"Only customers with an open churn warning of this level."`
	Class   string `query:"class" doc:"Only customers in this class of value." example:"A"`
	OrgUnit string `query:"org_unit" doc:"Only customers of this organisation unit and those below it."`
	Owner   string `query:"owner" doc:"Only customers this employee looks after."`
	Text    string `query:"text" doc:"Only customers whose id or name contains this text."`
	Sort    string `query:"sort" enum:"id,-last_event_at,-since,-last_purchase_at" default:"id" doc:"The order of the list."`
}

// CustomerParams are the parameters of one customer as of an instant.
type CustomerParams struct {
	AfterParam
	ID      string `path:"id" maxLength:"256" doc:"The id of the customer."`
	AsOf    string `query:"as_of" format:"date-time" doc:"Leave out what happened later."`
	KnownAt string `query:"known_at" format:"date-time" doc:"Leave out what was recorded later."`
}

// customerOutput is one customer. The tag is for the precondition of an append and not for a copy of the answer: silence
// moves a customer on while the version of its stream stays.
type customerOutput struct {
	Position string                    `header:"Rapport-Position" doc:"The records that the answer reflects."`
	ETag     string                    `header:"ETag" doc:"The version of the customer, for If-Match of an append; an answer may change while it stays. It is left out with as_of and known_at."`
	Body     *projections.CustomerView `nullable:"false"`
}

// timelineInput is the parameters of a timeline.
type timelineInput struct {
	AfterParam
	PageParams
	ID    string   `path:"id" maxLength:"256" doc:"The id of the customer, or org: or employee: and an id."`
	Order string   `query:"order" enum:"asc,desc" default:"desc" doc:"Oldest or newest first."`
	Type  []string `query:"type" maxItems:"50" doc:"Only events of these types, separated by commas."`
}

// addCustomers registers what is about customers.
func (a *api) addCustomers() {
	read(a, "/v1/customers", "customers", "List customers", a.customers, 504)
	read(a, "/v1/customers/{id}", "customer", "One customer, now or as of an instant", a.customer, 404, 504)
	read(a, "/v1/customers/{id}/timeline", "timeline", "The events of a customer", a.timeline, 404, 504)
}

func (a *api) customers(ctx context.Context, in *customersInput) (*answer[*projections.CustomerPage], error) {
	filter := projections.CustomerFilter{
		Class: in.Class, OrgUnit: in.OrgUnit, Owner: in.Owner, Text: in.Text,
		Sort: projections.CustomerSort(in.Sort), Cursor: in.Cursor, Limit: in.Limit,
	}
	if in.Stage != "" {
		stage, err := domain.ParseStage(in.Stage)
		if err != nil {
			return nil, parameter("stage", domain.RuleOneOf, "must be the name of a stage")
		}
		filter.Stage = stage
	}
	if in.Risk != "" {
		if err := filter.Risk.UnmarshalText([]byte(in.Risk)); err != nil {
			return nil, parameter("risk", domain.RuleOneOf, "must be the name of a level")
		}
	}
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	found, err := a.Query.Customers(ctx, filter)
	if err != nil {
		return nil, err
	}
	return &answer[*projections.CustomerPage]{positionText(found.Positions), found}, nil
}

func (a *api) customer(ctx context.Context, in *CustomerParams) (*customerOutput, error) {
	bound, err := in.bound()
	if err != nil {
		return nil, err
	}
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	if bound != (projections.Bound{}) {
		view, err := a.History.CustomerAt(ctx, in.ID, bound)
		if err != nil {
			return nil, a.missing(ctx, err)
		}
		return &customerOutput{Position: positionText(view.Positions), Body: view}, nil
	}
	view, err := a.Query.Customer(ctx, in.ID)
	if err != nil {
		return nil, a.missing(ctx, err)
	}
	return &customerOutput{Position: positionText(view.Positions), ETag: etag(view.Version), Body: view}, nil
}

func (in *CustomerParams) bound() (bound projections.Bound, err error) {
	if bound.At, err = instantParameter("as_of", in.AsOf); err != nil {
		return bound, err
	}
	bound.Known, err = instantParameter("known_at", in.KnownAt)
	return bound, err
}

func (a *api) timeline(ctx context.Context, in *timelineInput) (*answer[*replay.TimelinePage], error) {
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	found, err := a.History.Timeline(ctx, in.ID, replay.TimelineRequest{
		Limit: in.Limit, Cursor: in.Cursor, Ascending: in.Order == "asc", Types: in.Type,
	})
	if err != nil {
		return nil, a.missing(ctx, err)
	}
	return &answer[*replay.TimelinePage]{positionText(found.Positions), found}, nil
}

// missing adds to "not found" the records it is based on, so that a client sees whether the views are behind.
func (a *api) missing(ctx context.Context, err error) error {
	if !errors.Is(err, projections.ErrNotFound) {
		return err
	}
	p := problemOf(err)
	if reflected, err := a.Query.Positions(ctx); err == nil {
		p.setHeader(headerPosition, positionText(reflected))
	}
	return p
}

// etag returns the entity tag of a version.
func etag(version int64) string { return `"v` + strconv.FormatInt(version, 10) + `"` }
