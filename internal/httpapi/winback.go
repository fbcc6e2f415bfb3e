package httpapi

import (
	"context"

	"github.com/rapport-crm/rapport/projections"
)

// addWinBack registers what is about losses and winning customers back.
func (a *api) addWinBack() {
	read(a, "/v1/winback", "losses", "The register of losses with what was done to win the customers back",
		cases[projections.LossDetail](a, projections.CaseLoss), 504)
	read(a, "/v1/winback/proposed", "win-back-proposals", "The lost customers who may be won back", a.winBackProposals, 504)
	read(a, "/v1/winback/report", "win-back-report", "What winning customers back brought and cost", a.winBackReport, 504)
	read(a, "/v1/winback/losses", "loss-report", "Who was lost, why, and what was decided about it", a.lossReport, 504)
	read(a, "/v1/winback/mass-losses", "mass-losses", "Months in which many customers of a unit were lost for one reason",
		cases[projections.MassLossDetail](a, projections.CaseMassLoss), 504)
}

// proposalInput is the parameters of the list of customers to be won back.
type proposalInput struct {
	AfterParam
	OrgUnit   string `query:"org_unit" doc:"Only those of this organisation unit and those below it."`
	Cause     string `query:"cause" doc:"Only those lost for this cause."`
	Owner     string `query:"owner" doc:"Only those whose case this employee has."`
	Undecided bool   `query:"undecided" doc:"Only those about whom nothing was decided."`
	Limit     int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Length of the list."`
}

func (a *api) winBackProposals(ctx context.Context, in *proposalInput) (*answer[*projections.WinBackProposals], error) {
	filter := projections.ProposalFilter{OrgUnit: in.OrgUnit, Cause: in.Cause, Owner: in.Owner, Undecided: in.Undecided, Limit: in.Limit}
	page, err := a.losses(ctx, in.After, filter.Cases())
	if err != nil {
		return nil, err
	}
	list, err := projections.NewWinBackProposals(page, filter)
	if err != nil {
		return nil, err
	}
	return &answer[*projections.WinBackProposals]{positionText(list.Positions), list}, nil
}

// lossReportInput is the parameters of the report on losses.
type lossReportInput struct {
	MonthParams
	Cause   string `query:"cause" doc:"Only losses for this cause."`
	Product string `query:"product" doc:"Only losses of customers who had bought this product last."`
}

func (a *api) lossReport(ctx context.Context, in *lossReportInput) (*answer[*projections.LossReport], error) {
	filter := projections.LossFilter{OrgUnit: in.OrgUnit, Cause: in.Cause, Product: in.Product}
	var err error
	if filter.From, filter.To, err = in.months(); err != nil {
		return nil, err
	}
	page, err := a.losses(ctx, in.After, filter.Cases())
	if err != nil {
		return nil, err
	}
	lifecycle, err := a.Query.Lifecycle(ctx, filter.Lifecycle())
	if err != nil {
		return nil, err
	}
	report, err := projections.NewLossReport(page, lifecycle, filter)
	if err != nil {
		return nil, err
	}
	return &answer[*projections.LossReport]{positionText(report.Positions), report}, nil
}

// winBackReportInput is the parameters of the report on winning customers back.
type winBackReportInput struct {
	MonthParams
	Cause string `query:"cause" doc:"Only cases of customers lost for this cause."`
	Owner string `query:"owner" doc:"Only cases of this employee."`
	Terms string `query:"terms" doc:"Only cases with an offer of these terms."`
}

func (a *api) winBackReport(ctx context.Context, in *winBackReportInput) (*answer[*projections.WinBackReport], error) {
	filter := projections.WinBackFilter{OrgUnit: in.OrgUnit, Cause: in.Cause, Owner: in.Owner, Terms: in.Terms}
	var err error
	if filter.From, filter.To, err = in.months(); err != nil {
		return nil, err
	}
	page, err := a.losses(ctx, in.After, filter.Cases())
	if err != nil {
		return nil, err
	}
	costs, err := a.Query.Cells(ctx, filter.Costs())
	if err != nil {
		return nil, err
	}
	lifecycle, err := a.Query.Lifecycle(ctx, filter.Lifecycle())
	if err != nil {
		return nil, err
	}
	report, err := projections.NewWinBackReport(page, costs, lifecycle, filter)
	if err != nil {
		return nil, err
	}
	return &answer[*projections.WinBackReport]{positionText(report.Positions), report}, nil
}

// losses returns the cases that the filter selects, once the views have reached the position.
func (a *api) losses(ctx context.Context, after string, filter projections.CaseFilter) (*projections.CasePage, error) {
	if err := a.wait(ctx, after); err != nil {
		return nil, err
	}
	return a.Query.Cases(ctx, filter)
}
