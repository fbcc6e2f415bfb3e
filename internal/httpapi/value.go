package httpapi

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// valueInput is the parameters of the report on value.
type valueInput struct {
	MonthParams
	Measure string `query:"measure" enum:"purchases,revenue,profit" doc:"What customers are ranked by. Without it that of the policy."`
}

// valueListInput is the parameters of the list of customers by value.
type valueListInput struct {
	AfterParam
	PageParams
	OrgUnit    string `query:"org_unit" doc:"Only customers of this organisation unit and those below it; shares are of their whole."`
	Measure    string `query:"measure" enum:"purchases,revenue,profit" doc:"What customers are ranked by. Without it that of the policy."`
	Currency   string `query:"currency" doc:"Only customers with this main currency." example:"CNY"`
	KeyAccount bool   `query:"key_account" doc:"Only candidates for key accounts."`
}

// forecasterInput is the parameters of the report on forecasts.
type forecasterInput struct {
	AfterParam
	OrgUnit    string `query:"org_unit" doc:"Only customers of this organisation unit and those below it."`
	Forecaster string `query:"forecaster" doc:"Only forecasts of this employee or program."`
}

// addValue registers what is about the value of customers.
func (a *api) addValue() {
	read(a, "/v1/value", "value", "What the customers are worth and how it is spread", a.value, 504)
	read(a, "/v1/value/customers", "value-customers", "Customers by value, with all methods side by side", a.valueCustomers, 504)
	read(a, "/v1/value/forecasts", "forecasts", "Events of customers that somebody expects", cases[projections.ForecastDetail](a, projections.CaseForecast), 504)
	read(a, "/v1/value/forecasters", "forecasters", "How well events were forecast, by forecaster", a.forecasters, 504)
}

func (a *api) value(ctx context.Context, in *valueInput) (*answer[*projections.ValueReport], error) {
	filter := projections.ValueFilter{OrgUnit: in.OrgUnit, Measure: domain.ValueMeasure(in.Measure)}
	var err error
	if filter.From, filter.To, err = in.months(); err != nil {
		return nil, err
	}
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	valuation := projections.NewValuation(filter)
	moment, err := a.Query.Walk(ctx, filter.OrgUnit, valuation.Add)
	if err != nil {
		return nil, err
	}
	changes, err := a.Query.Cells(ctx, filter.Cells())
	if err != nil {
		return nil, err
	}
	return &answer[*projections.ValueReport]{positionText(moment.Positions), valuation.Report(moment, changes)}, nil
}

func (a *api) valueCustomers(ctx context.Context, in *valueListInput) (*answer[*projections.ValuePage], error) {
	list, err := projections.NewValueList(projections.ValueListFilter{
		OrgUnit: in.OrgUnit, Measure: domain.ValueMeasure(in.Measure), Currency: in.Currency, KeyAccounts: in.KeyAccount,
		Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	moment, err := a.Query.Walk(ctx, in.OrgUnit, list.Add)
	if err != nil {
		return nil, err
	}
	page := list.Page(moment)
	return &answer[*projections.ValuePage]{positionText(page.Positions), page}, nil
}

func (a *api) forecasters(ctx context.Context, in *forecasterInput) (*answer[*projections.ForecasterReport], error) {
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	forecasts, err := a.Query.Cases(ctx, projections.CaseFilter{
		Kind: projections.CaseForecast, OrgUnit: in.OrgUnit, Holder: in.Forecaster, Limit: projections.AllCases,
	})
	if err != nil {
		return nil, err
	}
	report, err := projections.NewForecasterReport(forecasts)
	if err != nil {
		return nil, err
	}
	return &answer[*projections.ForecasterReport]{positionText(report.Positions), report}, nil
}
