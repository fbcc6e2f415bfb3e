package projections

import (
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/eventstore"
)

// LossFilter selects the losses of a report. Zero fields select everything.
type LossFilter struct {
	// From and To are the months in which the customers were lost, in the time zone of the policy, both inclusive.
	From, To domain.Month
	// OrgUnit selects a unit and everything below it.
	OrgUnit string
	Cause   string
	Product string
}

// Cases returns the filter of the cases that the report is made from.
func (f LossFilter) Cases() CaseFilter {
	return CaseFilter{Kind: CaseLoss, OrgUnit: f.OrgUnit, Limit: AllCases}
}

// Lifecycle returns the filter of the report on the lifecycle that churn rates are made from.
func (f LossFilter) Lifecycle() LifecycleFilter {
	var days LifecycleFilter
	if f.From != 0 {
		days.From = f.From.Start()
	}
	if f.To != 0 {
		days.To = (f.To + 1).Start() - 1
	}
	return days
}

// LossReport says who was lost, why, and what was decided about it (CHN-01 to CHN-05, CHN-08, CHN-09, CHN-18). Its JSON form
// is part of the public contract. Shares of fewer losses than the policy asks for are null.
type LossReport struct {
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	LossFigures
	ReturnedShare statistics.ShareFigure `json:"returned_share"`
	// Months are those from the first loss to now, also without a loss.
	Months []LossMonth `json:"months"`
	Causes []LossGroup `json:"causes"`
	// Sides are enterprise, customer, and empty where the cause is not determined.
	Sides       []LossGroup `json:"sides"`
	Natures     []LossGroup `json:"natures"`
	Products    []LossGroup `json:"products"`
	Competitors []LossGroup `json:"competitors"`
	OrgUnits    []LossGroup `json:"org_units"`
	// Matrix crosses causes with what the customers were worth.
	Matrix []LossMatrixRow `json:"matrix"`
	// Ages are the losses about which nothing was decided, by age.
	Ages []LossAge `json:"undecided_by_age"`
	// LeftAlone counts the customers who are lost and whom no list proposes to win back, by the first reason that holds.
	LeftAlone     []LossCount `json:"left_alone"`
	PolicyVersion string      `json:"policy_version"`
}

// LossFigures count a set of losses.
type LossFigures struct {
	Losses int64 `json:"losses"`
	// Inferred counts those that nobody reported, Returned those after which the customer came back.
	Inferred int64 `json:"inferred"`
	Returned int64 `json:"returned"`
	Recover  int64 `json:"recover"`
	LetGo    int64 `json:"let_go"`
	// Undecided counts those of customers still lost about which nothing was decided.
	Undecided int64 `json:"undecided"`
}

// LossGroup counts the losses of one group. An empty name stands for those where it is not known.
type LossGroup struct {
	Name string `json:"name"`
	LossFigures
}

// LossMonth counts the losses of a month.
type LossMonth struct {
	Month    domain.Month `json:"month"`
	Losses   int64        `json:"losses"`
	Reported int64        `json:"reported"`
	Inferred int64        `json:"inferred"`
	// Active is how many customers were active, in growth or maturity, when the month began, and Rate the losses for each of
	// them (CHN-18). Both are null in a report on a part of the firm, whose active customers are not counted by month.
	Active *int64   `json:"active"`
	Rate   *float64 `json:"rate"`
}

// LossMatrixRow is the losses of one cause in one currency. A customer who paid in two currencies is in a row of each.
type LossMatrixRow struct {
	Cause    string           `json:"cause"`
	Side     string           `json:"side"`
	Currency string           `json:"currency"`
	Bands    []LossMatrixCell `json:"bands"`
}

// LossMatrixCell is the losses of customers whose worth lies in one band of the policy (value.amount), the lowest first.
type LossMatrixCell struct {
	// From is the least amount of the band in minor units, null in the lowest.
	From   *int64 `json:"from_minor"`
	Losses int64  `json:"losses"`
	Worth  int64  `json:"worth_minor"`
}

// LossAge counts undecided losses of an age.
type LossAge struct {
	// UnderDays is the age that all of them are below, null for the oldest.
	UnderDays *int64           `json:"under_days"`
	Losses    int64            `json:"losses"`
	Worth     []CurrencyAmount `json:"worth"`
}

// LossCount is a number with its name.
type LossCount struct {
	Name   string `json:"name"`
	Losses int64  `json:"losses"`
}

// lossAges are the bounds of the ages of undecided losses in days.
var lossAges = [...]int64{7, 30, 90, 180}

// knownLoss is a loss with its detail.
type knownLoss struct {
	*Case
	*LossDetail
	month domain.Month
	// alone says why nobody is to win the customer back, empty when nothing speaks against it.
	alone string
}

// open reports whether the customer is still lost.
func (l *knownLoss) open() bool { return l.Ended == 0 }

// undecided reports whether somebody has to decide about the loss.
func (l *knownLoss) undecided() bool { return l.open() && l.Decision == "" && l.alone == "" }

// The reasons for which no list proposes to win a customer back.
const (
	AloneLetGo   = "let_go"
	AloneBadDebt = "bad_debt"
	AloneCause   = "cause"
	AloneEnded   = "relationship_ended"
)

// readLosses returns the losses of the page.
func readLosses(page *CasePage) ([]*knownLoss, error) {
	losses := make([]*knownLoss, 0, len(page.Items))
	for i := range page.Items {
		x := &page.Items[i]
		d, err := x.Loss()
		if err != nil {
			return nil, err
		}
		l := &knownLoss{Case: x, LossDetail: d, month: domain.DateOf(x.Opened, page.Policy.Location()).Month()}
		switch {
		case d.Decision == string(domain.DecisionLetGo):
			l.alone = AloneLetGo
		case d.BadDebt:
			l.alone = AloneBadDebt
		case slices.Contains(page.Policy.WinBack.Leave, d.Cause):
			l.alone = AloneCause
		case d.RelationshipEndedAt != 0:
			l.alone = AloneEnded
		}
		losses = append(losses, l)
	}
	return losses, nil
}

// NewLossReport returns the report from all cases that filter.Cases selects. Rates are made from the report on the lifecycle,
// which may be nil. It fails on a case that is no loss.
func NewLossReport(page *CasePage, lifecycle *LifecycleReport, filter LossFilter) (*LossReport, error) {
	all, err := readLosses(page)
	if err != nil {
		return nil, err
	}
	losses := slices.DeleteFunc(all, func(l *knownLoss) bool { return !filter.wants(l) })
	r := &LossReport{
		AsOf: page.AsOf, Positions: page.Positions, PolicyVersion: page.Policy.Version,
		Causes:      lossGroups(losses, func(l *knownLoss) string { return l.Cause }),
		Sides:       lossGroups(losses, func(l *knownLoss) string { return l.Side }),
		Natures:     lossGroups(losses, func(l *knownLoss) string { return l.Nature }),
		Products:    lossGroups(losses, func(l *knownLoss) string { return l.Product }),
		Competitors: lossGroups(losses, func(l *knownLoss) string { return l.Competitor }),
		OrgUnits:    lossGroups(losses, func(l *knownLoss) string { return l.OrgUnit }),
		Months:      lossMonths(losses, lifecycle, filter, domain.DateOf(page.AsOf, page.Policy.Location()).Month()),
		Matrix:      lossMatrix(losses, page.Policy.Value.Amount),
		Ages:        lossesByAge(losses, page.AsOf),
		LeftAlone:   leftAlone(losses),
	}
	var returned statistics.Share
	for _, l := range losses {
		r.add(l)
		addShare(&returned, !l.open(), true)
	}
	r.ReturnedShare = reportingOf(page.Policy).Share(returned)
	return r, nil
}

func (f *LossFilter) wants(l *knownLoss) bool {
	return (f.From == 0 || l.month >= f.From) && (f.To == 0 || l.month <= f.To) && within(l.OrgUnit, f.OrgUnit) &&
		(f.Cause == "" || l.Cause == f.Cause) && (f.Product == "" || l.Product == f.Product)
}

func (g *LossFigures) add(l *knownLoss) {
	g.Losses++
	g.Inferred += one(l.Inferred)
	g.Returned += one(!l.open())
	g.Recover += one(l.Decision == string(domain.DecisionRecover))
	g.LetGo += one(l.Decision == string(domain.DecisionLetGo))
	g.Undecided += one(l.undecided())
}
