package projections

import (
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Cells of kind CellLoss count losses (CHN-01 to CHN-05, CHN-18) in the month in which the customer was lost and for the
// unit that had the customer when that was recorded. Cells of kind CellWinBack count the cases of those whom somebody tried
// to win back (CHN-12) in the month in which the case started, once without and once with the owner of the case; what they
// cost and brought stands in cells of its own by currency. A loss or case that changes is moved from cell to cell.
const (
	// The names of CellLoss: the cause of churn and the product bought last, empty where they are not known, LossReported or
	// LossInferred, and the nature of a reported loss.
	lossNameCause   = 0
	lossNameProduct = 1
	lossNameKnown   = 2
	lossNameNature  = 3

	// The names of CellWinBack: the cause of churn, the terms of the offer that was taken, or of the last one, and the
	// currency in the cells of amounts.
	winBackNameCause    = 0
	winBackNameTerms    = 1
	winBackNameCurrency = 2

	// LossReported and LossInferred say how a loss is known.
	LossReported = "reported"
	LossInferred = "inferred"
)

// The counts of CellLoss.
const (
	// lossCount counts losses, lossReturned those of them after which the customer came back.
	lossCount = iota
	lossReturned
	// lossRecover and lossLetGo count the decisions, lossTried the losses with a case.
	lossRecover
	lossLetGo
	lossTried
)

// The counts of CellWinBack. Amounts are in minor units.
const (
	winBackCases = iota
	winBackContacted
	// winBackDelay sums the seconds from the loss to the first contact.
	winBackDelay
	winBackOffers
	winBackAccepted
	winBackSucceeded
	winBackFailed
	winBackMoot
	winBackCost
	// winBackPaid and winBackGivenBack are what those paid within the window who were won back, and what they got back.
	winBackPaid
	winBackGivenBack
)

// Cells of kind CellCost count what was attributed to customers (SV-02, CHN-15): in the first count the events, in the second
// the amount in minor units. The names are the kind of cost and the currency.
const (
	costNameKind     = 0
	costNameCurrency = 1

	costCount = 0
	costMinor = 1
)

// countCost counts a cost that was attributed to the customer.
func (f *Fold) countCost(c *Customer, e *Entry, out *Effects) {
	if d, ok := e.Data.(*domain.CostAttributed); ok {
		out.Rollups.addCell(Cell{
			Kind: CellCost, Month: domain.DateOf(e.Event.Time, f.location).Month(), Unit: c.OrgUnit(),
			Names: [4]string{costNameKind: string(d.Kind), costNameCurrency: d.Amount.Currency},
		}, CellCounts{costCount: 1, costMinor: countable(d.Amount.Minor)})
	}
}

// count adds the loss to the cells so many times.
func (l *loss) count(times int64, out *Effects) {
	known := LossReported
	if l.inferred {
		known = LossInferred
	}
	cell := Cell{Kind: CellLoss, Month: l.month, Unit: l.opening.unit, Names: [4]string{
		lossNameCause: l.cause, lossNameProduct: l.opening.product, lossNameKnown: known, lossNameNature: l.nature,
	}}
	counts := CellCounts{
		lossCount: 1, lossReturned: one(l.ended != 0), lossRecover: one(l.decision == string(domain.DecisionRecover)),
		lossLetGo: one(l.decision == string(domain.DecisionLetGo)), lossTried: one(l.campaign.started != 0),
	}
	out.Rollups.addCell(cell, counts.times(times))
	if l.campaign.started != 0 {
		l.countCase(times, "", out)
		if l.campaign.owner != "" {
			l.countCase(times, l.campaign.owner, out)
		}
	}
}

// countCase adds the case to the cells of the employee so many times, or to the whole.
func (l *loss) countCase(times int64, employee string, out *Effects) {
	k := &l.campaign
	cell := Cell{
		Kind: CellWinBack, Month: k.month, Unit: l.opening.unit, Employee: employee,
		Names: [4]string{winBackNameCause: l.cause, winBackNameTerms: k.terms()},
	}
	outcome := l.outcome()
	counts := CellCounts{
		winBackCases: 1, winBackContacted: one(k.contacted != 0), winBackOffers: int64(len(k.offers)), winBackAccepted: k.accepted(),
		winBackSucceeded: one(outcome == WinBackSucceeded), winBackFailed: one(outcome == WinBackFailed), winBackMoot: one(outcome == WinBackMoot),
	}
	if k.contacted != 0 {
		counts[winBackDelay] = int64((k.contacted - l.at) / domain.Second)
	}
	out.Rollups.addCell(cell, counts.times(times))
	add := func(amounts []CurrencyAmount, what int) {
		for _, a := range amounts {
			cell.Names[winBackNameCurrency] = a.Currency
			var counts CellCounts
			counts[what] = countable(a.Minor)
			out.Rollups.addCell(cell, counts.times(times))
		}
	}
	add(l.cost(), winBackCost)
	add(l.inWindowOf(stepBought), winBackPaid)
	add(l.inWindowOf(stepGaveBack), winBackGivenBack)
}

// terms returns the terms of the offer that was taken last, or else of the last one.
func (k *winBack) terms() string {
	terms := ""
	taken := false
	for i := range k.offers {
		if o := &k.offers[i]; o.accepted() || !taken {
			terms, taken = strings.TrimSpace(o.step.what), o.accepted()
		}
	}
	return terms
}

// accepted counts the offers that were taken.
func (k *winBack) accepted() (n int64) {
	for i := range k.offers {
		n += one(k.offers[i].accepted())
	}
	return n
}

// mostCounted is the greatest amount that is counted in cells, in minor units: with it a count holds more amounts than a log
// has events.
const mostCounted = 1_000_000_000_000

// countable returns the amount, or the greatest that is counted.
func countable(minor int64) int64 { return min(minor, mostCounted) }

// one returns 1 for true and 0 for false.
func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
