package httpapi

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// satisfactionInput is the parameters of the report on satisfaction.
type satisfactionInput struct {
	MonthParams
	SurveyParams
	Group   string `query:"group" enum:"item,group,org_unit,employee,role,month,source,mode" doc:"What the rows stand for. Without it there is one for each questionnaire and source."`
	Depth   int    `query:"depth" minimum:"0" maximum:"20" doc:"How many steps of the path of a unit rows by unit go into. 0 is the whole path."`
	Answers string `query:"answers" enum:"all,latest" default:"all" doc:"All answers, or the latest of each customer."`
}

// SurveyParams select answers.
type SurveyParams struct {
	Questionnaire string `query:"questionnaire" doc:"Only answers to this questionnaire."`
	Source        string `query:"source" enum:"internal,external" doc:"Only answers that this source asked for."`
	Mode          string `query:"mode" enum:"phone,face_to_face,cati,web" doc:"Only answers given in this mode."`
	Item          string `query:"item" doc:"Only answers to this item."`
	Employee      string `query:"employee" doc:"Only answers about the work of this employee."`
	Role          string `query:"role" doc:"Only answers about the work of employees in this role."`
}

func (in *satisfactionInput) filter() (*projections.SatisfactionFilter, error) {
	f := &projections.SatisfactionFilter{
		Questionnaire: in.Questionnaire, Source: domain.SurveySource(in.Source), Mode: domain.SurveyMode(in.Mode), OrgUnit: in.OrgUnit,
		Employee: in.Employee, Role: in.Role, Item: in.Item, Latest: in.Answers == "latest",
		Group: projections.SatisfactionGroup(in.Group), Depth: in.Depth,
	}
	var err error
	if f.From, f.To, err = in.months(); err != nil {
		return nil, err
	}
	return f, f.Check()
}

// addSatisfaction registers what is about satisfaction and what is done for it.
func (a *api) addSatisfaction() {
	read(a, "/v1/satisfaction", "satisfaction", "What customers answered", a.satisfaction, 504)
	read(a, "/v1/satisfaction/stages", "satisfaction-stages", "Scores beside complaints by stage of the work", a.satisfactionStages, 504)
	read(a, "/v1/satisfaction/follow-ups", "follow-ups", "How much was followed up, and how", a.followUps, 504)
	read(a, "/v1/rectifications", "rectifications", "The rectification sheets of the organisation units", cases[projections.RectificationDetail](a, projections.CaseRectification), 504)
	read(a, "/v1/rectifications/report", "rectification-report", "Whether what was put right helped", a.rectificationReport, 504)
}

func (a *api) satisfaction(ctx context.Context, in *satisfactionInput) (*answer[*projections.SatisfactionReport], error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	return report(ctx, a, in.After, filter.Cells(), func(v *projections.CellView) *projections.SatisfactionReport {
		return projections.NewSatisfactionReport(v, filter)
	})
}

// stagesInput is the parameters of the report on stages of the work.
type stagesInput struct {
	MonthParams
	SurveyParams
}

func (a *api) satisfactionStages(ctx context.Context, in *stagesInput) (*answer[*projections.StageReport], error) {
	filter, err := (&satisfactionInput{MonthParams: in.MonthParams, SurveyParams: in.SurveyParams}).filter()
	if err != nil {
		return nil, err
	}
	complaints := complaintReportInput{MonthParams: in.MonthParams, Employee: in.Employee}
	filed, err := a.complaintReport(ctx, &complaints)
	if err != nil {
		return nil, err
	}
	return report(ctx, a, "", filter.Cells(), func(v *projections.CellView) *projections.StageReport {
		return projections.NewStageReport(v, *filter, filed.Body.ByWorkStep())
	})
}

// followUpsInput is the parameters of the report on follow-ups.
type followUpsInput struct {
	MonthParams
	Kind string `query:"kind" enum:"handover,service,complaint,survey,other" doc:"Only follow-ups of this kind of thing."`
}

func (a *api) followUps(ctx context.Context, in *followUpsInput) (*answer[*projections.FollowUpReport], error) {
	filter := projections.FollowUpFilter{Kind: projections.FollowUpKind(in.Kind), OrgUnit: in.OrgUnit}
	var err error
	if filter.From, filter.To, err = in.months(); err != nil {
		return nil, err
	}
	return report(ctx, a, in.After, filter.Cells(), func(v *projections.CellView) *projections.FollowUpReport {
		return projections.NewFollowUpReport(v, &filter)
	})
}

// rectificationReportInput is the parameters of the report on rectification sheets.
type rectificationReportInput struct {
	AfterParam
	OrgUnit string `query:"org_unit" doc:"Only this organisation unit and those below it."`
}

func (a *api) rectificationReport(ctx context.Context, in *rectificationReportInput) (*answer[*projections.RectificationReport], error) {
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	sheets, err := a.Query.Cases(ctx, projections.CaseFilter{
		Kind: projections.CaseRectification, OrgUnit: in.OrgUnit, Limit: projections.AllCases, Sort: projections.SortDue,
	})
	if err != nil {
		return nil, err
	}
	answers, err := a.Query.Cells(ctx, projections.RectificationCells())
	if err != nil {
		return nil, err
	}
	report, err := projections.NewRectificationReport(sheets, answers)
	if err != nil {
		return nil, err
	}
	return &answer[*projections.RectificationReport]{positionText(report.Positions), report}, nil
}
