package backtest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// occasion is a calendar day on which a customer bought. As in the lifecycle, what was free counts too.
type occasion struct {
	day domain.Date
	// at is the instant of the last purchase of the day.
	at domain.Instant
	// amount is in hundreds of minor units of the currency of the back-test; 0 in another one.
	amount float64
}

// life is what the log tells of a customer from its beginning to its end.
type life struct {
	id        string
	occasions []occasion
	// lost are the instants at which somebody reported the customer lost.
	lost []domain.Instant
	// folded is how many events were seen.
	folded int64
}

// purchases collects lives while the log is folded. It is safe for concurrent use.
type purchases struct {
	mu    sync.Mutex
	zone  func(domain.Instant) domain.Date
	lives map[string]*life
	// amounts are kept by currency, as long as it is not known which one counts.
	amounts map[amountKey]int64
	// currencies are those that occurred, in memory of their own.
	currencies map[string]string
	first      domain.Instant
	last       domain.Instant
}

// amountKey names what a customer paid in one currency on one day.
type amountKey struct {
	id       string
	day      domain.Date
	currency string
}

func newPurchases(zone func(domain.Instant) domain.Date) *purchases {
	return &purchases{zone: zone, lives: make(map[string]*life), amounts: make(map[amountKey]int64), currencies: make(map[string]string)}
}

// see takes in an event before it is folded. A batch that is folded twice, because the fold panicked on some customer, shows
// by the number of events that the customer has.
func (p *purchases) see(c *projections.Customer, e *projections.Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lives[c.ID]
	if l == nil {
		l = &life{id: c.ID}
		p.lives[c.ID] = l
	}
	if c.Events < l.folded {
		return
	}
	l.folded = c.Events + 1
	at := e.Event.Time
	if p.first == 0 || at < p.first {
		p.first = at
	}
	p.last = max(p.last, at)
	switch d := e.Data.(type) {
	case *domain.PurchaseRecorded:
		p.buy(l, at, d.Amount)
	case *domain.CustomerLost:
		l.lost = append(l.lost, at)
	}
}

func (p *purchases) buy(l *life, at domain.Instant, m domain.Money) {
	currency, known := p.currencies[m.Currency]
	if !known {
		currency = strings.Clone(m.Currency)
		p.currencies[currency] = currency
	}
	day := p.zone(at)
	p.amounts[amountKey{l.id, day, currency}] += m.Minor
	i, found := slices.BinarySearchFunc(l.occasions, day, func(o occasion, d domain.Date) int { return cmp.Compare(o.day, d) })
	if !found {
		l.occasions = slices.Insert(l.occasions, i, occasion{day: day})
	}
	l.occasions[i].at = max(l.occasions[i].at, at)
}

// settle returns the lives of those who ever bought, in the order of their ids, still without amounts.
func (p *purchases) settle() []*life {
	var lives []*life
	for _, id := range slices.Sorted(maps.Keys(p.lives)) {
		if l := p.lives[id]; len(l.occasions) > 0 {
			slices.Sort(l.lost)
			lives = append(lives, l)
		}
	}
	return lives
}

// pay fills in the amounts and returns their currency: the one in which most customers bought on most days up to the given one, the
// first in the alphabet of several. What came later has no say in it, because amounts are a part of scores.
func (p *purchases) pay(lives []*life, until domain.Date) (currency string) {
	uses := make(map[string]int)
	for of := range p.amounts {
		if of.day <= until {
			uses[of.currency]++
		}
	}
	for _, c := range slices.Sorted(maps.Keys(uses)) {
		if currency == "" || uses[c] > uses[currency] {
			currency = c
		}
	}
	for _, l := range lives {
		for i := range l.occasions {
			o := &l.occasions[i]
			o.amount = float64(p.amounts[amountKey{l.id, o.day, currency}]) / 100
		}
	}
	return currency
}
