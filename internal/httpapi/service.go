package httpapi

import (
	"context"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// MonthParams are the parameters of a report by month and organisation unit.
type MonthParams struct {
	AfterParam
	From    string `query:"from" pattern:"^\\d{4}-\\d{2}$" doc:"The first month covered, in the time zone of the policy." example:"2026-01"`
	To      string `query:"to" pattern:"^\\d{4}-\\d{2}$" doc:"The last month covered." example:"2026-03"`
	OrgUnit string `query:"org_unit" doc:"Only this organisation unit and those below it."`
}

// months returns the months covered, zero for a side that is left open.
func (in *MonthParams) months() (from, to domain.Month, err error) {
	for _, month := range []struct {
		name, text string
		to         *domain.Month
	}{{"from", in.From, &from}, {"to", in.To, &to}} {
		if month.text == "" {
			continue
		}
		m, err := domain.ParseMonth(month.text)
		if err != nil {
			return 0, 0, parameter(month.name, domain.RuleFormat, "must be a month such as 2026-03")
		}
		*month.to = m
	}
	if from != 0 && to != 0 && to < from {
		return 0, 0, parameter("to", domain.RuleMin, "must not be before from")
	}
	return from, to, nil
}

// addService registers what is about contacts, deadlines, complaints and employees who left.
func (a *api) addService() {
	read(a, "/v1/complaints", "complaints", "The register of complaints", cases[projections.ComplaintDetail](a, projections.CaseComplaint), 504)
	read(a, "/v1/complaints/report", "complaint-report", "What customers complain about and how it is dealt with", a.complaintReport, 504)
	read(a, "/v1/deadlines", "deadlines", "What has to be done and is not done yet", cases[projections.DeadlineDetail](a, projections.CaseDeadline), 504)
	read(a, "/v1/deadlines/report", "deadline-report", "Which share of the deadlines was kept", a.deadlineReport, 504)
	read(a, "/v1/departures", "departures", "The employees who left", cases[projections.DepartureDetail](a, projections.CaseDeparture), 504)
	read(a, "/v1/contacts/statistics", "contact-statistics", "Contacts by category, month, channel and employee", a.contactReport, 504)
}

// complaintReportInput is the parameters of the report on complaints.
type complaintReportInput struct {
	MonthParams
	Subject  string `query:"subject" doc:"Only complaints about this subject."`
	Product  string `query:"product" doc:"Only complaints about this product."`
	WorkStep string `query:"work_step" doc:"Only complaints about this step of the work."`
	Employee string `query:"employee" doc:"Only complaints about this employee."`
}

func (a *api) complaintReport(ctx context.Context, in *complaintReportInput) (*answer[*projections.ComplaintReport], error) {
	filter := projections.ComplaintFilter{
		OrgUnit: in.OrgUnit, Subject: in.Subject, Product: in.Product, WorkStep: in.WorkStep, Employee: in.Employee,
	}
	var err error
	if filter.From, filter.To, err = in.months(); err != nil {
		return nil, err
	}
	if err := a.wait(ctx, in.After); err != nil {
		return nil, err
	}
	complaints, err := a.Query.Cases(ctx, filter.Cases())
	if err != nil {
		return nil, err
	}
	praise, err := a.Query.Cells(ctx, filter.Praise())
	if err != nil {
		return nil, err
	}
	report, err := projections.NewComplaintReport(complaints, praise, filter)
	if err != nil {
		return nil, err
	}
	return &answer[*projections.ComplaintReport]{positionText(report.Positions), report}, nil
}

// deadlineReportInput is the parameters of the report on deadlines.
type deadlineReportInput struct {
	MonthParams
	Deadline string `query:"deadline" doc:"Only deadlines of this name in the policy."`
	Employee string `query:"employee" doc:"Only what was decided for this employee."`
}

func (a *api) deadlineReport(ctx context.Context, in *deadlineReportInput) (*answer[*projections.DeadlineReport], error) {
	filter := projections.DeadlineFilter{Kind: in.Deadline, OrgUnit: in.OrgUnit, Employee: in.Employee}
	var err error
	if filter.From, filter.To, err = in.months(); err != nil {
		return nil, err
	}
	return report(ctx, a, in.After, filter.Cells(), func(v *projections.CellView) *projections.DeadlineReport {
		return projections.NewDeadlineReport(v, &filter)
	})
}

// contactReportInput is the parameters of the statistics of contacts.
type contactReportInput struct {
	MonthParams
	Employee string `query:"employee" doc:"Only contacts of this employee."`
}

func (a *api) contactReport(ctx context.Context, in *contactReportInput) (*answer[*projections.ContactReport], error) {
	filter := projections.ContactFilter{OrgUnit: in.OrgUnit, Employee: in.Employee}
	var err error
	if filter.From, filter.To, err = in.months(); err != nil {
		return nil, err
	}
	return report(ctx, a, in.After, filter.Cells(), func(v *projections.CellView) *projections.ContactReport {
		return projections.NewContactReport(v, filter)
	})
}

// report answers with what is made of the cells that the filter selects, once the views have reached the position.
func report[R any](
	ctx context.Context, a *api, after string, filter projections.CellFilter, of func(*projections.CellView) R,
) (*answer[R], error) {
	if err := a.wait(ctx, after); err != nil {
		return nil, err
	}
	view, err := a.Query.Cells(ctx, filter)
	if err != nil {
		return nil, err
	}
	return &answer[R]{positionText(view.Positions), of(view)}, nil
}
