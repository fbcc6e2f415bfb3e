package projections

import (
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// ledger is what is kept of few customers, beyond sums, to tell what they are worth: the days of a large customer's last
// year, opportunities, objections to prices, forecasts, purchases elsewhere and who was referred. A ledger is replaced,
// never changed, and so are its slices.
type ledger struct {
	// days are the sums of single days in the main currency, ascending; see keepDay.
	days []ledgerDay
	// opportunities are the latest ones, in the order of their ids.
	opportunities []opportunity
	// objections are the days of the latest objections to a price, ascending; objected counts all of them.
	objections []domain.Date
	objected   int64
	// forecasts are those expected last, in the order of their ids.
	forecasts []forecast
	// elsewhere sums what the customer told of purchases from competitors, by currency in the order of first use.
	elsewhere []domain.Money
	// referred are the ids of the customers whom this one brought, in the order in which they became known.
	referred []string
}

// Limits of what a ledger keeps. Beyond them the oldest goes.
const (
	mostOpportunities = 32
	mostObjections    = 32
	mostForecasts     = 64
	mostReferred      = 256
)

// ledgerDay sums a day in the main currency, in minor units: revenue is purchases less returns.
type ledgerDay struct {
	day           domain.Date
	revenue, cost int64
}

// ledger returns a copy of the ledger, to be changed and put in its place by setLedger.
func (t *Trade) ledger() ledger {
	if t.side == nil || t.side.ledger == nil {
		return ledger{}
	}
	return *t.side.ledger
}

func (t *Trade) setLedger(l ledger) {
	side := t.aside()
	side.ledger = &l
	t.setAside(side)
}

func codeLedger(k *coder, l *ledger) {
	list(k, &l.days, func(k *coder, d *ledgerDay) {
		number(k, &d.day)
		k.int(&d.revenue)
		k.int(&d.cost)
	})
	list(k, &l.opportunities, codeOpportunity)
	list(k, &l.objections, number[domain.Date])
	k.int(&l.objected)
	list(k, &l.forecasts, codeForecast)
	list(k, &l.elsewhere, func(k *coder, m *domain.Money) {
		k.string(&m.Currency)
		k.int(&m.Minor)
	})
	list(k, &l.referred, stringElement)
}

// applyLedger keeps what the event says beyond the sums of trade.
func (f *Fold) applyLedger(c *Customer, e *Entry, out *Effects) {
	at := e.Event.Time
	switch d := e.Data.(type) {
	case *domain.PurchaseRecorded:
		f.keepDay(&c.Trade, at, d.Amount, false)
		f.fulfil(c, e, actual{kind: domain.ForecastPurchase, revenue: &d.Amount}, out)
	case *domain.PurchaseReturned:
		f.keepDay(&c.Trade, at, domain.Money{Minor: -d.Amount.Minor, Currency: d.Amount.Currency}, false)
	case *domain.CostAttributed:
		f.keepDay(&c.Trade, at, d.Amount, true)
		if !c.Trade.addActualCost(c, d, out) {
			f.fulfil(c, e, actual{kind: domain.ForecastCost, cost: &d.Amount}, out)
		}
	case *domain.CompensationGiven:
		if d.Amount != nil {
			f.keepDay(&c.Trade, at, *d.Amount, true)
		}
	case *domain.BadDebtBooked:
		if d.Amount != nil {
			f.keepDay(&c.Trade, at, *d.Amount, true)
		}
		f.fulfil(c, e, actual{kind: domain.ForecastBadDebt, cost: d.Amount}, out)
	case *domain.UsageRecorded:
		f.fulfil(c, e, actual{kind: domain.ForecastUsage}, out)
	case *domain.CampaignSent:
		f.fulfil(c, e, actual{kind: domain.ForecastCampaign, cost: d.Cost}, out)
	case *domain.CustomerEventForecast:
		f.forecast(c, e, d, out)
	case *domain.OpportunityOpened, *domain.OpportunityWon, *domain.OpportunityLost, *domain.PriceObjected, *domain.CompetitorPurchased, *domain.ReferralMade:
		c.Trade.applyChoices(e, domain.DateOf(at, f.location))
	}
}

// applyChoices keeps how the customer comes to a purchase: opportunities, objections to prices, purchases elsewhere and
// referrals.
func (t *Trade) applyChoices(e *Entry, day domain.Date) {
	l := t.ledger()
	switch d := e.Data.(type) {
	case *domain.OpportunityOpened:
		l.openOpportunity(d.OpportunityID, day)
	case *domain.OpportunityWon:
		l.endOpportunity(d.OpportunityID, day, true)
	case *domain.OpportunityLost:
		l.endOpportunity(d.OpportunityID, day, false)
	case *domain.PriceObjected:
		l.object(day)
	case *domain.CompetitorPurchased:
		if d.Amount == nil {
			return
		}
		l.buyElsewhere(*d.Amount)
	case *domain.ReferralMade:
		if d.Referred == "" || slices.Contains(l.referred, d.Referred) || len(l.referred) == mostReferred {
			return
		}
		l.referred = append(slices.Clone(l.referred), strings.Clone(d.Referred))
	default:
		return
	}
	t.setLedger(l)
}

func (l *ledger) object(day domain.Date) {
	l.objected++
	i, _ := slices.BinarySearch(l.objections, day)
	l.objections = slices.Insert(slices.Clone(l.objections), i, day)
	if len(l.objections) > mostObjections {
		l.objections = l.objections[1:]
	}
}

func (l *ledger) buyElsewhere(m domain.Money) {
	l.elsewhere = slices.Clone(l.elsewhere)
	for i := range l.elsewhere {
		if l.elsewhere[i].Currency == m.Currency {
			l.elsewhere[i].Minor = domain.AddMinor(l.elsewhere[i].Minor, m.Minor)
			return
		}
	}
	l.elsewhere = append(l.elsewhere, domain.Money{Minor: m.Minor, Currency: strings.Clone(m.Currency)})
}
