package projections

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// StateFormat is the version of the binary form of Customer. It changes with every change of that form; a store with
// another one is folded anew from the log.
const StateFormat = 5

// errState says that bytes are not a state of StateFormat.
var errState = errors.New("state is cut off or of another format")

// AppendState appends the binary form of what the fold keeps about the customer, without the id, the stream index and
// anything that depends on where the records lie. Equal states give equal bytes.
func (c *Customer) AppendState(dst []byte) []byte {
	k := coder{buf: dst, writing: true}
	state := *c // others may read c meanwhile, and the coder writes back what it wrote out
	state.code(&k)
	return k.buf
}

// LoadState replaces what the fold keeps about the customer by the binary form.
func (c *Customer) LoadState(state []byte) error {
	k := coder{buf: state}
	c.code(&k)
	if k.failed || len(k.buf) != 0 {
		return fmt.Errorf("load state of customer: %w", errState)
	}
	return nil
}

func (c *Customer) code(k *coder) {
	k.instant(&c.Now)
	k.instant(&c.First)
	k.instant(&c.Last)
	k.int(&c.Events)
	number(k, &c.Late)
	k.bool(&c.Parked)
	number(k, &c.class)
	for i := range c.sent {
		number(k, &c.sent[i])
	}
	c.Lifecycle.code(k)
	c.Trade.code(k)
	list(k, &c.Matters.Open, codeMatter)
	optional(k, &c.Profile, codeProfile)
	optional(k, &c.Contacts, codeContacts)
	k.string(&c.unit.path)
	k.instant(&c.unit.at)
	optional(k, &c.Deadlines, codeDeadlines)
	optional(k, &c.Satisfaction, codeSatisfaction)
	optional(k, &c.FollowUps, codeFollowUps)
	optional(k, &c.Complaints, codeComplaints)
	k.instant(&c.riskDue)
	optional(k, &c.Risk, codeRisk)
	i := c.asInstitution()
	optional(k, &i.rectifications, codeRectifications)
	optional(k, &i.massLosses, codeMassLosses)
	optional(k, &i.departure, codeDeparture)
	if !k.writing {
		c.setInstitution(i)
	}
}

func (l *Lifecycle) code(k *coder) {
	number(k, &l.Stage)
	k.instant(&l.Since)
	number(k, &l.Reason)
	k.bool(&l.Inferred)
	k.bool(&l.WonBack)
	list(k, &l.Evidence, stringElement)
	number(k, &l.Moves)
	number(k, &l.Cohort)
	k.instant(&l.Ended)
	k.string(&l.EndedBy)
	optional(k, &l.Override, codeOverride)
	number(k, &l.Risk)
	k.instant(&l.related)
	number(k, &l.rule)
	k.instant(&l.ruleSince)
	k.instant(&l.silenceFrom)
	k.string(&l.silenceBy)
	k.instant(&l.growth.since)
	number(k, &l.growth.day)
	k.bool(&l.growth.onDay)
	number(k, &l.growth.renewals)
	list(k, &l.growth.evidence, stringElement)
	for i := range l.timers {
		k.instant(&l.timers[i])
	}
}

func codeOverride(k *coder, o *Override) {
	number(k, &o.Stage)
	k.instant(&o.Until)
	k.string(&o.Reason)
	k.string(&o.Event)
}

func (t *Trade) code(k *coder) {
	k.int(&t.Purchases)
	k.int(&t.Returns)
	k.int(&t.Quantity)
	codeCurrency(k, &t.Main)
	side := t.aside()
	list(k, &side.other, codeCurrency)
	t.codeDays(k)
	k.int(&t.FirstSpend)
	k.instant(&t.FirstPurchase)
	k.instant(&t.LastPurchase)
	k.string(&t.LastPurchaseID)
	t.codeProduct(k)
	number(k, &t.Contracts)
	number(k, &t.Renewals)
	number(k, &t.Referrals)
	list(k, &side.subscriptions, func(k *coder, s *Subscription) {
		k.string(&s.ID)
		k.instant(&s.Since)
	})
	list(k, &side.costs, codeCost)
	optional(k, &side.ledger, codeLedger)
	if !k.writing {
		t.setAside(side)
	}
}

func (t *Trade) codeProduct(k *coder) {
	product := t.Product()
	k.string(&product)
	if !k.writing {
		t.product = productOf(product)
	}
}

// codeDays codes the occasions by the gaps between them.
func (t *Trade) codeDays(k *coder) {
	days := t.Days
	if k.writing {
		days = slices.Clone(days)
		for i := len(days) - 1; i > 0; i-- {
			days[i] -= days[i-1]
		}
	}
	list(k, &days, number[domain.Date])
	if !k.writing {
		for i := 1; i < len(days); i++ {
			days[i] += days[i-1]
		}
		t.Days = days
	}
}

func codeCurrency(k *coder, s *CurrencySum) {
	k.string(&s.Currency)
	k.int(&s.Purchased)
	k.int(&s.Returned)
}

func codeCost(k *coder, s *Cost) {
	k.string(&s.Kind)
	k.string(&s.Currency)
	k.int(&s.Minor)
}

func codeMatter(k *coder, m *Matter) {
	k.string((*string)(&m.Kind))
	k.string(&m.ID)
	k.instant(&m.Opened)
	k.string(&m.Event)
}

func codeProfile(k *coder, p *Profile) {
	k.string(&p.PartyType)
	k.string(&p.Purpose)
	k.string(&p.Name)
	list(k, &p.Attributes, func(k *coder, a *Attribute) {
		k.string(&a.Name)
		k.string(&a.Value)
		k.string(&a.Knowledge)
		k.instant(&a.At)
	})
	list(k, &p.Identifiers, func(k *coder, n *Identifier) {
		k.string(&n.Scheme)
		k.string(&n.Value)
	})
	list(k, &p.handovers, codeHandover)
	if !k.writing {
		p.findOwners()
	}
	list(k, &p.Consents, func(k *coder, n *Consent) {
		k.string(&n.Purpose)
		k.bool(&n.Given)
		k.instant(&n.At)
	})
	list(k, &p.Absorbed, stringElement)
	k.bool(&p.Prospect)
	k.instant(&p.ErasureRequested)
}

func codeContacts(k *coder, c *Contacts) {
	number(k, &c.Inbound)
	number(k, &c.Outbound)
	number(k, &c.Attempts)
	number(k, &c.Collisions)
	k.instant(&c.Last.At)
	k.string(&c.Last.Direction)
	k.string(&c.Last.Channel)
	k.string(&c.Last.Employee)
	k.string(&c.Last.Category)
	k.string(&c.Last.Content)
	k.string(&c.Last.Goal)
	k.string(&c.Last.Event)
	k.instant(&c.LastOutbound)
	k.instant(&c.LastInbound)
	optional(k, &c.Lease, codeLease)
	codeOutreach(k, &c.outreach)
	list(k, &c.attempts, codeAttempt)
	number(k, &c.inSince)
	number(k, &c.outSince)
	k.bool(&c.checked)
	k.bool(&c.together)
}

func codeLease(k *coder, l *Lease) {
	k.string(&l.Employee)
	k.string(&l.Channel)
	k.instant(&l.Since)
	k.instant(&l.Until)
	k.string(&l.Event)
}
