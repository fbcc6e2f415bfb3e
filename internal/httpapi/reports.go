package httpapi

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// AfterParam is the parameter of every read that may wait for a position.
type AfterParam struct {
	After string `query:"after" doc:"Wait until the answer reflects this position, as the header Rapport-Position of an earlier answer has it." example:"3:1204"`
}

// PageParams are the parameters of a list.
type PageParams struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Length of the page."`
	Cursor string `query:"cursor" doc:"Continues after the page that gave it as next."`
}

// answer is an answer from the views.
type answer[T any] struct {
	Position string `header:"Rapport-Position" doc:"The records that the answer reflects."`
	Body     T
}

// positionsView is how far the views are, and the log.
type positionsView struct {
	Positions eventstore.Positions `json:"positions" doc:"What the views reflect."`
	Ends      eventstore.Positions `json:"ends,omitempty" doc:"Where the log ends."`
	Lag       map[int]int64        `json:"lag,omitempty" doc:"For each partition how many records the views do not reflect yet."`
}

// lifecycleInput is the parameters of the report on the lifecycle.
type lifecycleInput struct {
	AfterParam
	From string `query:"from" format:"date" doc:"The first day covered." example:"2026-01-01"`
	To   string `query:"to" format:"date" doc:"The last day covered." example:"2026-03-31"`
}

// quarantineInput is the parameters of the list of quarantined records.
type quarantineInput struct {
	AfterParam
	PageParams
}

// addReports registers what is about the whole.
func (a *api) addReports() {
	read(a, "/v1/summary", "summary", "Counts of the whole", a.summary, 504)
	read(a, "/v1/lifecycle", "lifecycle", "Stages, moves, flows and cohorts", a.lifecycle, 504)
	read(a, "/v1/positions", "positions", "How far the views are", a.positions)
	read(a, "/v1/quarantine", "quarantine", "Records that were set aside, newest first", a.quarantine, 504)
}

func (a *api) summary(ctx context.Context, in *AfterParam) (*answer[*projections.Summary], error) {
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	sum, err := a.Query.Summary(ctx)
	if err != nil {
		return nil, err
	}
	return &answer[*projections.Summary]{positionText(sum.Positions), sum}, nil
}

func (a *api) lifecycle(ctx context.Context, in *lifecycleInput) (*answer[*projections.LifecycleReport], error) {
	var filter projections.LifecycleFilter
	for _, day := range []struct {
		name, text string
		to         *domain.Date
	}{{"from", in.From, &filter.From}, {"to", in.To, &filter.To}} {
		if day.text == "" {
			continue
		}
		d, err := domain.ParseDate(day.text)
		if err != nil {
			return nil, parameter(day.name, domain.RuleFormat, "must be a date such as 2026-03-01")
		}
		*day.to = d
	}
	if filter.From != 0 && filter.To != 0 && filter.To < filter.From {
		return nil, parameter("to", domain.RuleMin, "must not be before from")
	}
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	report, err := a.Query.Lifecycle(ctx, filter)
	if err != nil {
		return nil, err
	}
	return &answer[*projections.LifecycleReport]{positionText(report.Positions), report}, nil
}

func (a *api) positions(ctx context.Context, _ *struct{}) (*answer[positionsView], error) {
	reflected, err := a.Query.Positions(ctx)
	if err != nil {
		return nil, err
	}
	view := positionsView{Positions: reflected}
	if a.Ends != nil {
		if view.Ends, err = a.Ends.Ends(ctx); err != nil {
			return nil, err
		}
		view.Lag = make(map[int]int64, len(view.Ends))
		for partition, records := range behind(reflected, view.Ends) {
			view.Lag[partition] = records
		}
	}
	return &answer[positionsView]{positionText(reflected), view}, nil
}

func (a *api) quarantine(ctx context.Context, in *quarantineInput) (*answer[*projections.QuarantinePage], error) {
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	// Positions first: the page may show more than they cover, never less.
	reflected, err := a.Query.Positions(ctx)
	if err != nil {
		return nil, err
	}
	found, err := a.Query.Quarantined(ctx, projections.QuarantineFilter{Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &answer[*projections.QuarantinePage]{positionText(reflected), found}, nil
}
