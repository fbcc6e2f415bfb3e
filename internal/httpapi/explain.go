package httpapi

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/replay"
	"github.com/rapport-crm/rapport/projections"
)

// explainInput is the parameters of an explanation.
type explainInput struct {
	CustomerParams
	What string `query:"what" enum:"risk,stage,satisfaction,value" default:"risk" doc:"What is to be explained."`
}

// historyInput is the parameters of the history of a customer.
type historyInput struct {
	CustomerParams
	PageParams
	Order string `query:"order" enum:"asc,desc" default:"desc" doc:"Oldest or newest first."`
}

// addExplanations registers what says how the views of a customer came about.
func (a *api) addExplanations() {
	read(a, "/v1/customers/{id}/explain", "explain", "How the risk, the stage, the satisfaction or the value of a customer came about, with all events behind it", a.explain, 404, 504)
	read(a, "/v1/customers/{id}/history", "history", "The stage and the risk of a customer after each event, and when time changed them", a.history, 404, 504)
}

func (a *api) explain(ctx context.Context, in *explainInput) (*answer[*projections.Explanation], error) {
	bound, err := a.moment(ctx, &in.CustomerParams)
	if err != nil {
		return nil, err
	}
	found, err := a.History.Explain(ctx, in.ID, projections.Question(in.What), bound)
	if err != nil {
		return nil, a.missing(ctx, err)
	}
	return &answer[*projections.Explanation]{positionText(found.Positions), found}, nil
}

func (a *api) history(ctx context.Context, in *historyInput) (*answer[*replay.HistoryPage], error) {
	bound, err := a.moment(ctx, &in.CustomerParams)
	if err != nil {
		return nil, err
	}
	found, err := a.History.History(ctx, in.ID, replay.HistoryRequest{
		Bound: bound, Limit: in.Limit, Cursor: in.Cursor, Ascending: in.Order == "asc",
	})
	if err != nil {
		return nil, a.missing(ctx, err)
	}
	return &answer[*replay.HistoryPage]{positionText(found.Positions), found}, nil
}

// moment returns what is asked about. Without as_of that is the customer as of now, which is what the views show.
func (a *api) moment(ctx context.Context, in *CustomerParams) (projections.Bound, error) {
	bound, err := in.bound()
	if err != nil {
		return bound, err
	}
	if err := a.wait(ctx, in.After); err != nil {
		return bound, err
	}
	if bound.At == 0 {
		now, err := a.now(ctx, in.ID)
		if err != nil {
			return bound, a.missing(ctx, err)
		}
		bound.At = now
	}
	return bound, nil
}

// now returns the instant as of which the views show a customer.
func (a *api) now(ctx context.Context, id string) (domain.Instant, error) {
	view, err := a.Query.Customer(ctx, id)
	if err != nil {
		return 0, err
	}
	return view.AsOf, nil
}
