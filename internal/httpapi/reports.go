package httpapi

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
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

// lifecycleInput is the parameters of the report on the lifecycle.
type lifecycleInput struct {
	AfterParam
	From string `query:"from" format:"date" doc:"The first day covered." example:"2026-01-01"`
	To   string `query:"to" format:"date" doc:"The last day covered." example:"2026-03-31"`
}

// addReports registers what is about the whole.
func (a *api) addReports() {
	read(a, "/v1/summary", "summary", "Counts of the whole", a.summary, 504)
	read(a, "/v1/lifecycle", "lifecycle", "Stages, moves, flows and cohorts", a.lifecycle, 504)
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
