package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/eventstore"
)

// WinBackFilter selects the win-back cases of a report. Zero fields select everything.
type WinBackFilter struct {
	// From and To are the months in which the cases started, in the time zone of the policy, both inclusive.
	From, To domain.Month
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	Cause   string
	Owner   string
	// Terms selects the cases with an offer of these terms.
	Terms string
}

// Cases returns the filter of the cases that the report is made from.
func (f WinBackFilter) Cases() CaseFilter {
	return CaseFilter{Kind: CaseLoss, OrgUnit: f.OrgUnit, Holder: f.Owner, Limit: AllCases}
}

// Costs returns the filter of the cells that tell what new customers cost.
func (f WinBackFilter) Costs() CellFilter {
	return CellFilter{
		Kinds: []CellKind{CellCost}, From: f.From, To: f.To, OrgUnit: f.OrgUnit,
		Names: [4]string{costNameKind: string(domain.CostAcquisition)}, Whole: true,
	}
}

// Lifecycle returns the filter of the report on the lifecycle that tells how many customers were new.
func (f WinBackFilter) Lifecycle() LifecycleFilter {
	return LossFilter{From: f.From, To: f.To}.Lifecycle()
}

// WinBackReport says what winning customers back brought and cost (CHN-11 to CHN-13, CHN-15). Its JSON form is part of the
// public contract. Shares of fewer cases than the policy asks for are null; amounts are per currency and never mixed.
type WinBackReport struct {
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	WinBackFigures
	Causes   []WinBackGroup `json:"causes"`
	Owners   []WinBackGroup `json:"owners"`
	OrgUnits []WinBackGroup `json:"org_units"`
	// Terms are those of all offers: a case with two offers is in both groups.
	Terms []WinBackGroup `json:"terms"`
	// Cohorts are the months in which the cases started.
	Cohorts []WinBackGroup `json:"cohorts"`
	// Delays are the cases by the time from the loss to the first contact, Steps by what was done (CHN-13).
	Delays []WinBackGroup `json:"delays"`
	Steps  []WinBackGroup `json:"steps"`
	// Economy compares what a customer cost who was won back with what a new one cost.
	Economy []WinBackEconomy `json:"economy"`
	// Margin is the share of the revenue that counts as benefit, from the policy.
	Margin        float64 `json:"margin"`
	PolicyVersion string  `json:"policy_version"`
}

// WinBackFigures are what is told of a set of cases.
type WinBackFigures struct {
	Cases int64 `json:"cases"`
	// Running counts those whose window is open, Moot those started when the customer was back already.
	Running   int64 `json:"running"`
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	Moot      int64 `json:"moot"`
	Contacted int64 `json:"contacted"`
	Offers    int64 `json:"offers"`
	Accepted  int64 `json:"accepted"`
	// Success is the share that succeeded of those that succeeded or failed.
	Success statistics.ShareFigure `json:"success"`
	// Delay is the time from the loss to the first contact.
	Delay DurationFigure `json:"delay"`
	Money []WinBackMoney `json:"money"`
}

// WinBackMoney is what a set of cases cost and brought in one currency, in minor units.
type WinBackMoney struct {
	Currency string `json:"currency"`
	// Succeeded counts the cases that succeeded and cost or brought something in the currency.
	Succeeded int64 `json:"succeeded"`
	Cost      int64 `json:"cost_minor"`
	// Revenue is what those who were won back paid within the window, Benefit the policy's margin of it.
	Revenue int64 `json:"revenue_minor"`
	Benefit int64 `json:"benefit_minor"`
	// BenefitToCost is the benefit for each unit of cost, null without cost (CHN-12).
	BenefitToCost *float64 `json:"benefit_to_cost"`
	// CostPerSuccess is the cost of all cases, also those that failed, for each of Succeeded; null without any.
	CostPerSuccess *float64 `json:"cost_per_success_minor"`
}

// WinBackGroup is the figures of one group. An empty name stands for those where it is not known.
type WinBackGroup struct {
	Name string `json:"name"`
	WinBackFigures
}

// WinBackEconomy compares what customers cost in one currency, in minor units (CHN-15). New customers are not known by
// currency: PerNew is null where they were acquired for money of more than one.
type WinBackEconomy struct {
	Currency      string   `json:"currency"`
	PerWonBack    *float64 `json:"per_won_back_minor"`
	PerNew        *float64 `json:"per_new_minor"`
	Acquisition   int64    `json:"acquisition_minor"`
	WinBack       int64    `json:"win_back_minor"`
	NewCustomers  *int64   `json:"new_customers"`
	WonBack       int64    `json:"won_back"`
	WonBackToANew *float64 `json:"per_won_back_to_per_new"`
}

// NewWinBackReport returns the report from all cases that filter.Cases selects. What new customers cost comes from the cells
// that filter.Costs selects and the report on the lifecycle, either of which may be nil. It fails on a case that is no loss.
func NewWinBackReport(page *CasePage, costs *CellView, lifecycle *LifecycleReport, filter WinBackFilter) (*WinBackReport, error) {
	all, err := readLosses(page)
	if err != nil {
		return nil, err
	}
	r := winBackReporter{policy: page.Policy}
	for _, l := range all {
		if l.WinBack != nil {
			l.month = domain.DateOf(l.WinBack.StartedAt, page.Policy.Location()).Month()
			if filter.wants(l) {
				r.cases = append(r.cases, l)
			}
		}
	}
	report := &WinBackReport{
		AsOf: page.AsOf, Positions: page.Positions, PolicyVersion: page.Policy.Version, Margin: page.Policy.Value.Margin,
		WinBackFigures: r.figures(r.cases),
		Causes:         r.groups(func(l *knownLoss) []string { return []string{l.Cause} }),
		Owners:         r.groups(func(l *knownLoss) []string { return []string{l.WinBack.Owner} }),
		OrgUnits:       r.groups(func(l *knownLoss) []string { return []string{l.OrgUnit} }),
		Terms:          r.groups(func(l *knownLoss) []string { return l.WinBack.terms() }),
		Cohorts:        r.groups(func(l *knownLoss) []string { return []string{l.month.String()} }),
		Delays:         r.named(delayNames(), func(l *knownLoss) []string { return []string{delayName(l.WinBack.DelaySeconds)} }),
		Steps:          r.named(stepNames(), func(l *knownLoss) []string { return l.WinBack.stepNames() }),
	}
	report.Economy = report.economy(costs, lifecycle, filter)
	return report, nil
}

func (f *WinBackFilter) wants(l *knownLoss) bool {
	return (f.From == 0 || l.month >= f.From) && (f.To == 0 || l.month <= f.To) && within(l.OrgUnit, f.OrgUnit) &&
		(f.Cause == "" || l.Cause == f.Cause) && (f.Owner == "" || l.WinBack.Owner == f.Owner) &&
		(f.Terms == "" || slices.Contains(l.WinBack.terms(), f.Terms))
}
