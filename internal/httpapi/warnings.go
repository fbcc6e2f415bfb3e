package httpapi

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// WarningParams are the parameters that select warnings.
type WarningParams struct {
	AfterParam
	Level      string `query:"level" enum:"watch,high,critical" doc:"Only those of this level."`
	OrgUnit    string `query:"org_unit" doc:"Only those of this organisation unit and those below it."`
	Employee   string `query:"employee" doc:"Only those that this employee is to deal with."`
	Snoozed    string `query:"snoozed" enum:"yes,no" doc:"Only those that are snoozed, or only those that are not."`
	Unanswered bool   `query:"unanswered" doc:"Only those that wait for an answer: nobody has acknowledged them or had them assigned, and they are not snoozed."`
}

// warningsInput is the parameters of the list of warnings.
type warningsInput struct {
	WarningParams
	PageParams
	Status   string `query:"status" enum:"open,ended,all" default:"open" doc:"Those that are open, those that ended, or both. Of the warnings of a customer the latest is listed."`
	Customer string `query:"customer" doc:"Only that of this customer."`
	From     string `query:"from" format:"date-time" doc:"Only those raised at this instant or later."`
	To       string `query:"to" format:"date-time" doc:"Only those raised before this instant."`
	Sort     string `query:"sort" enum:"-raised_at,answer_due_at" default:"-raised_at" doc:"The newest first, or those first whose time for an answer is or was over first; the ones without such a time last."`
}

// warningPage is one page of warnings.
type warningPage struct {
	Items []*projections.WarningView `json:"items" nullable:"false"`
	Next  string                     `json:"next,omitempty"`
	AsOf  domain.Instant             `json:"as_of"`
}

// groupsInput is the parameters of the groups of warnings.
type groupsInput struct {
	WarningParams
	By string `query:"by" enum:"level,org_unit,employee,factor" default:"level" doc:"What the warnings of a group have in common."`
}

// warningGroupPage is the groups of the open warnings.
type warningGroupPage struct {
	Items []projections.WarningGroup `json:"items" nullable:"false"`
	AsOf  domain.Instant             `json:"as_of"`
}

// addWarnings registers what is about churn warnings.
func (a *api) addWarnings() {
	read(a, "/v1/warnings", "warnings", "Churn warnings, the newest first", a.warnings, 504)
	read(a, "/v1/warnings/groups", "warning-groups", "Open churn warnings, counted by level, unit, employee or factor", a.warningGroups, 504)
	read(a, "/v1/warnings/report", "warning-report", "How many churn warnings there were and what became of them", a.warningReport, 504)
	a.addWarningDecisions()
}

// filter returns the filter for the warnings that the parameters select.
func (in *WarningParams) filter() projections.CaseFilter {
	return projections.CaseFilter{
		Kind: projections.CaseWarning, Topic: in.Level, OrgUnit: in.OrgUnit, Holder: in.Employee, Snoozed: projections.Choice(in.Snoozed), Unanswered: in.Unanswered,
	}
}

func (a *api) warnings(ctx context.Context, in *warningsInput) (*answer[warningPage], error) {
	filter := in.filter()
	filter.Customer, filter.Cursor, filter.Limit = in.Customer, in.Cursor, in.Limit
	if in.Sort == "answer_due_at" {
		filter.Sort = projections.SortDue
	}
	if in.Status != "all" {
		filter.Status = projections.CaseStatus(in.Status)
	}
	var err error
	if filter.From, err = instantParameter("from", in.From); err != nil {
		return nil, err
	}
	if filter.To, err = instantParameter("to", in.To); err != nil {
		return nil, err
	}
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	found, err := a.Query.Cases(ctx, filter)
	if err != nil {
		return nil, err
	}
	page := warningPage{Items: make([]*projections.WarningView, len(found.Items)), Next: found.Next, AsOf: found.AsOf}
	for i := range found.Items {
		if page.Items[i], err = found.Items[i].Warning(found.AsOf); err != nil {
			return nil, err
		}
	}
	return &answer[warningPage]{positionText(found.Positions), page}, nil
}

func (a *api) warningGroups(ctx context.Context, in *groupsInput) (*answer[warningGroupPage], error) {
	filter := in.filter()
	filter.Status, filter.Limit = projections.CaseOpen, projections.AllCases
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	found, err := a.Query.Cases(ctx, filter)
	if err != nil {
		return nil, err
	}
	groups, err := projections.GroupWarnings(found, projections.WarningGrouping(in.By))
	if err != nil {
		return nil, err
	}
	return &answer[warningGroupPage]{positionText(found.Positions), warningGroupPage{Items: groups, AsOf: found.AsOf}}, nil
}

func (a *api) warningReport(ctx context.Context, in *MonthParams) (*answer[*projections.WarningReport], error) {
	filter := projections.WarningFilter{OrgUnit: in.OrgUnit}
	var err error
	if filter.From, filter.To, err = in.months(); err != nil {
		return nil, err
	}
	return report(ctx, a, in.After, filter.Cells(), func(v *projections.CellView) *projections.WarningReport {
		return projections.NewWarningReport(v, &filter)
	})
}
