package projections

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/eventstore"
)

// ComplaintFilter selects the complaints of a report by when they were filed and what they are about. Zero fields select
// everything.
type ComplaintFilter struct {
	// From and To are the months of filing covered, in the time zone of the policy, both inclusive.
	From, To domain.Month
	// OrgUnit selects a unit and everything below it.
	OrgUnit  string
	Subject  string
	Product  string
	WorkStep string
	// Employee is the employee whom the complaint is about.
	Employee string
	// Window is how long before and after a preventive measure complaints are counted. Default: 13 weeks.
	Window domain.Instant
}

// Cases returns the filter of the cases that the report is made from: also those that it does not count, because a
// measure is judged by what came before and after.
func (f ComplaintFilter) Cases() CaseFilter {
	return CaseFilter{Kind: CaseComplaint, OrgUnit: f.OrgUnit, Limit: AllCases}
}

// Praise returns the filter of the cells that the report is made from.
func (f ComplaintFilter) Praise() CellFilter {
	return CellFilter{
		Kinds: []CellKind{CellPraise}, From: f.From, To: f.To, OrgUnit: f.OrgUnit, Employee: f.Employee, Whole: f.Employee == "",
	}
}

// ComplaintReport says what customers complain about and how it is dealt with (CMP-01 to CMP-17, SAT-13, SAT-23). It
// counts complaints by their filing; those whose filing is not known are only counted as such. Its JSON form is part of
// the public contract. Shares and times over fewer complaints than the policy asks for are null.
type ComplaintReport struct {
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	// Complaints counts those that were filed, Open those of them that are not resolved.
	Complaints int64 `json:"complaints"`
	Open       int64 `json:"open"`
	// NotFiled counts the complaints that events name while their filing is not known.
	NotFiled int64 `json:"not_filed"`

	Months    []ComplaintGroup `json:"months"`
	Statuses  []ComplaintGroup `json:"statuses"`
	Forms     []ComplaintGroup `json:"forms"`
	Kinds     []ComplaintGroup `json:"kinds"`
	Subjects  []ComplaintGroup `json:"subjects"`
	Sides     []ComplaintGroup `json:"sides"`
	Causes    []ComplaintGroup `json:"causes"`
	Products  []ComplaintGroup `json:"products"`
	WorkSteps []ComplaintGroup `json:"work_steps"`
	// Employees are those whom the complaints are about.
	Employees []ComplaintGroup `json:"employees"`
	OrgUnits  []ComplaintGroup `json:"org_units"`
	// Stages are the steps of work of each unit, for those who read scores beside complaints (SAT-13).
	Stages []ComplaintStage `json:"stages"`

	Validity     ComplaintValidity      `json:"validity"`
	Handling     ComplaintHandling      `json:"handling"`
	Steps        []ComplaintStepFigure  `json:"steps"`
	Backlog      ComplaintBacklog       `json:"backlog"`
	Reopened     statistics.ShareFigure `json:"reopened"`
	Custody      ComplaintCustodyReport `json:"custody"`
	Compensation []ComplaintCompensated `json:"compensation"`
	Outcome      ComplaintOutcome       `json:"outcome"`
	FollowUps    ComplaintFollowUps     `json:"follow_ups"`
	Praise       ComplaintPraise        `json:"praise"`
	Recurrence   ComplaintRecurrence    `json:"recurrence"`

	PolicyVersion string `json:"policy_version"`
}

// ComplaintGroup counts the complaints of one group. An empty name stands for those where it is not known.
type ComplaintGroup struct {
	Name       string `json:"name"`
	Complaints int64  `json:"complaints"`
	Open       int64  `json:"open"`
	// Valid counts those that were found to stand, Decided those on which was decided at all.
	Valid   int64 `json:"valid"`
	Decided int64 `json:"decided"`
}

// ComplaintStage counts the complaints about one step of the work of one unit.
type ComplaintStage struct {
	OrgUnit    string `json:"org_unit"`
	WorkStep   string `json:"work_step"`
	Complaints int64  `json:"complaints"`
	Valid      int64  `json:"valid"`
}

// ComplaintHandling says how long complaints took from the filing to the resolution in force: in all, and in working time
// of the policy in force (CMP-14).
type ComplaintHandling struct {
	Elapsed DurationFigure `json:"elapsed"`
	Working DurationFigure `json:"working"`
}

// ComplaintStepFigure says of a step of the way how many complaints took it, how many left it out, and how long after the
// filing it was first taken.
type ComplaintStepFigure struct {
	Step    ComplaintStep  `json:"step"`
	Taken   int64          `json:"taken"`
	Skipped int64          `json:"skipped"`
	After   DurationFigure `json:"after_filing"`
}

// filedComplaint is a complaint with its detail.
type filedComplaint struct {
	*Case
	*ComplaintDetail
	month domain.Month
}

// open reports whether the complaint is not resolved.
func (c *filedComplaint) open() bool { return c.Ended == 0 }

// valid reports whether the complaint was found to stand.
func (c *filedComplaint) valid() bool { return c.Valid != nil && *c.Valid }

// complaintReporter makes a report of complaints.
type complaintReporter struct {
	filter    ComplaintFilter
	policy    *domain.Policy
	reporting statistics.Reporting
	asOf      domain.Instant
	// all are the complaints that were filed, chosen those of them that the report counts; first is the earliest filing.
	all, chosen []*filedComplaint
	first       domain.Instant
	notFiled    int64
}

// NewComplaintReport returns the report from all complaints that filter.Cases selects and the praise that filter.Praise
// selects, which may be nil. It fails on a case that is no complaint.
func NewComplaintReport(page *CasePage, praise *CellView, filter ComplaintFilter) (*ComplaintReport, error) {
	r := &complaintReporter{
		filter: filter, policy: page.Policy, asOf: page.AsOf,
		reporting: reportingOf(page.Policy),
	}
	if err := r.read(page); err != nil {
		return nil, err
	}
	report := &ComplaintReport{AsOf: page.AsOf, Positions: page.Positions, NotFiled: r.notFiled, PolicyVersion: page.Policy.Version}
	r.count(report)
	report.Validity, report.Handling, report.Steps = r.validity(), r.handling(), r.steps()
	report.Backlog, report.Custody, report.Compensation = r.backlog(), r.custody(), r.compensation()
	report.Outcome, report.FollowUps = r.outcome(), r.followUps()
	report.Reopened = r.share(func(c *filedComplaint) (part, whole bool) { return c.Reopened > 0, !c.open() || c.Reopened > 0 })
	report.Praise, report.Recurrence = r.praise(praise), r.recurrence()
	return report, nil
}

// read sorts the cases of the page by whether they count.
func (r *complaintReporter) read(page *CasePage) error {
	for i := range page.Items {
		x := &page.Items[i]
		d, err := x.Complaint()
		if err != nil {
			return err
		}
		c := &filedComplaint{Case: x, ComplaintDetail: d, month: domain.DateOf(x.Opened, r.policy.Location()).Month()}
		chosen := r.filter.wants(c)
		if c.FiledAt == 0 {
			if chosen {
				r.notFiled++
			}
			continue
		}
		if chosen {
			r.chosen = append(r.chosen, c)
		}
		r.all = append(r.all, c)
		if r.first == 0 || c.FiledAt < r.first {
			r.first = c.FiledAt
		}
	}
	return nil
}

// wants reports whether the report counts the complaint.
func (f *ComplaintFilter) wants(c *filedComplaint) bool {
	return (f.From == 0 || c.month >= f.From) && (f.To == 0 || c.month <= f.To) && f.about(c)
}

// about reports whether the complaint is about what the filter asks for, whenever it was filed.
func (f *ComplaintFilter) about(c *filedComplaint) bool {
	is := func(asked, have string) bool { return asked == "" || asked == have }
	return within(c.OrgUnit, f.OrgUnit) && is(f.Subject, c.Subject) && is(f.Product, c.Product) &&
		is(f.WorkStep, c.WorkStep) && is(f.Employee, c.Employee)
}

// ByWorkStep returns how many complaints are about each step of the firm's work, where that is known.
func (p *ComplaintReport) ByWorkStep() map[string]int64 {
	steps := make(map[string]int64)
	for _, g := range p.WorkSteps {
		if g.Name != "" {
			steps[g.Name] = g.Complaints
		}
	}
	return steps
}

// count counts the complaints by every dimension.
func (r *complaintReporter) count(report *ComplaintReport) {
	report.Complaints = int64(len(r.chosen))
	stages := make(map[[2]string]ComplaintStage)
	for _, c := range r.chosen {
		if c.open() {
			report.Open++
		}
		key := [2]string{c.OrgUnit, c.WorkStep}
		s := stages[key]
		s.OrgUnit, s.WorkStep = c.OrgUnit, c.WorkStep
		s.Complaints++
		if c.valid() {
			s.Valid++
		}
		stages[key] = s
	}
	report.Stages = orEmpty(slices.SortedFunc(maps.Values(stages), func(a, b ComplaintStage) int {
		return cmp.Or(cmp.Compare(a.OrgUnit, b.OrgUnit), cmp.Compare(a.WorkStep, b.WorkStep))
	}))
	report.Months = r.groups(func(c *filedComplaint) string { return c.month.String() })
	report.Statuses = r.groups(func(c *filedComplaint) string { return c.ComplaintDetail.Status.String() })
	report.Forms = r.groups(func(c *filedComplaint) string { return c.Form })
	report.Kinds = r.groups(func(c *filedComplaint) string { return c.ComplaintDetail.Kind })
	report.Subjects = r.groups(func(c *filedComplaint) string { return c.Subject })
	report.Sides = r.groups(func(c *filedComplaint) string { return c.Side })
	report.Causes = r.groups(func(c *filedComplaint) string { return c.Cause })
	report.Products = r.groups(func(c *filedComplaint) string { return c.Product })
	report.WorkSteps = r.groups(func(c *filedComplaint) string { return c.WorkStep })
	report.Employees = r.groups(func(c *filedComplaint) string { return c.Employee })
	report.OrgUnits = r.groups(func(c *filedComplaint) string { return c.OrgUnit })
}

// groups counts the complaints by name, in the order of the names.
func (r *complaintReporter) groups(name func(*filedComplaint) string) []ComplaintGroup {
	groups := make(map[string]*ComplaintGroup)
	for _, c := range r.chosen {
		g := groups[name(c)]
		if g == nil {
			g = &ComplaintGroup{Name: name(c)}
			groups[g.Name] = g
		}
		g.add(c)
	}
	list := make([]ComplaintGroup, 0, len(groups))
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		list = append(list, *groups[name])
	}
	return list
}

func (g *ComplaintGroup) add(c *filedComplaint) {
	g.Complaints++
	if c.open() {
		g.Open++
	}
	if c.Valid != nil {
		g.Decided++
	}
	if c.valid() {
		g.Valid++
	}
}

// share returns the part of the complaints that part reports, among those that count for the whole.
func (r *complaintReporter) share(of func(*filedComplaint) (part, whole bool)) statistics.ShareFigure {
	var s statistics.Share
	for _, c := range r.chosen {
		part, whole := of(c)
		addShare(&s, part, whole)
	}
	return r.reporting.Share(s)
}

func addShare(s *statistics.Share, part, whole bool) {
	if whole {
		s.Whole++
		if part {
			s.Part++
		}
	}
}
