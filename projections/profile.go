package projections

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// Profile is who a customer is: the facts that were stated, observed or predicted, the identifiers, the owners and the
// consents (ID-04, IC-09). A Profile is replaced, never changed.
type Profile struct {
	PartyType   string
	Purpose     string
	Name        string
	Attributes  []Attribute
	Identifiers []Identifier
	// Owners are the employees who follow the customer now, in the order of assignment. They follow from handovers, which
	// are in the order of their dates.
	Owners    []string
	handovers []handover
	Consents  []Consent
	// Absorbed are the ids merged into this customer.
	Absorbed []string
	// Prospect says that the firm knows the customer as one who may buy: targeted, qualified, or with a lead or an
	// opportunity (LC-03, LC-08).
	Prospect bool
	// ErasureRequested is when the customer asked to be forgotten, zero otherwise.
	ErasureRequested domain.Instant
}

// Attribute is one fact about a customer; Value is JSON.
type Attribute struct {
	Name      string
	Value     string
	Knowledge string
	At        domain.Instant
}

// Identifier is a name of the customer in another scheme, for example a phone number.
type Identifier struct {
	Scheme string
	Value  string
}

// Consent says whether data may be used for a purpose.
type Consent struct {
	Purpose string
	Given   bool
	At      domain.Instant
}

func (f *Fold) applyProfile(c *Customer, e *Entry, out *Effects) {
	f.applyUnit(c, e.Event.OrgUnit, e, out)
	switch d := e.Data.(type) {
	case *domain.CustomerRegistered:
		c.profile().register(e, d)
	case *domain.CustomerAttributeSet:
		c.profile().attribute(Attribute{Name: d.Name, Value: string(d.Value), Knowledge: string(d.Knowledge), At: e.Event.Time})
	case *domain.CustomerIdentified:
		c.profile().identify(Identifier{Scheme: d.Scheme, Value: d.Value})
	case *domain.CustomerOwnerAssigned:
		f.applyOwners(c, e, handover{assigned: true, employee: d.Employee, role: d.Role}, out)
	case *domain.CustomerOwnerReleased:
		f.applyOwners(c, e, handover{employee: d.Employee, reason: d.Reason}, out)
	case *domain.CustomerTransferred:
		f.applyUnit(c, d.To, e, out)
	case *domain.ConsentGiven:
		c.profile().consent(Consent{Purpose: d.Purpose, Given: true, At: e.Event.Time})
	case *domain.ConsentWithdrawn:
		c.profile().consent(Consent{Purpose: d.Purpose, At: e.Event.Time})
	case *domain.CustomerMerged:
		p := c.profile()
		p.Absorbed = with(p.Absorbed, d.Absorbed)
	case *domain.CustomerUnmerged:
		p := c.profile()
		p.Absorbed = without(p.Absorbed, d.Absorbed)
	case *domain.ProspectTargeted, *domain.ProspectQualified, *domain.LeadCaptured, *domain.OpportunityOpened:
		c.profile().Prospect = true
	case *domain.CustomerErasureRequested:
		c.profile().ErasureRequested = e.Event.Time
	}
}

// applyUnit notes the organisation unit that has the customer. Its cases go with the customer.
func (f *Fold) applyUnit(c *Customer, path string, e *Entry, out *Effects) {
	before := c.unit.path
	c.unit.take(path, e.Event.Time)
	if c.unit.path != before {
		out.touchAll(c)
	}
}

// profile puts a copy of the customer's profile in its place and returns it, to be changed.
func (c *Customer) profile() *Profile {
	p := new(Profile)
	if c.Profile != nil {
		*p = *c.Profile
	}
	c.Profile = p
	return p
}

// unit is the organisation unit that has the customer: the one that the newest event names.
type unit struct {
	path string
	at   domain.Instant
}

func (u *unit) take(path string, at domain.Instant) {
	if path == "" || at < u.at {
		return
	}
	u.at = at
	if path != u.path {
		u.path = strings.Clone(path)
	}
}

// own returns the path in memory that outlives the event, that of the unit when it is the same.
func (u *unit) own(path string) string {
	if path == u.path {
		return u.path
	}
	return strings.Clone(path)
}

func (p *Profile) register(e *Entry, d *domain.CustomerRegistered) {
	p.PartyType = strings.Clone(string(d.PartyType))
	if d.Purpose != "" {
		p.Purpose = strings.Clone(string(d.Purpose))
	}
	if d.Name != "" {
		p.Name = strings.Clone(d.Name)
	}
	var facts map[string]json.RawMessage
	if len(d.Attributes) == 0 || json.Unmarshal(d.Attributes, &facts) != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		p.attribute(Attribute{Name: name, Value: string(facts[name]), At: e.Event.Time})
	}
}

// attribute keeps the newest value of each name, in the order of names; null takes the attribute away.
func (p *Profile) attribute(a Attribute) {
	i, found := slices.BinarySearchFunc(p.Attributes, a.Name, func(x Attribute, name string) int {
		return strings.Compare(x.Name, name)
	})
	if found && p.Attributes[i].At > a.At {
		return
	}
	p.Attributes = slices.Clone(p.Attributes)
	if found {
		p.Attributes = slices.Delete(p.Attributes, i, i+1)
	}
	if a.Value == "null" {
		return
	}
	if a.Knowledge == "" {
		a.Knowledge = string(domain.KnowledgeStated)
	}
	a.Name, a.Value, a.Knowledge = strings.Clone(a.Name), strings.Clone(a.Value), strings.Clone(a.Knowledge)
	p.Attributes = slices.Insert(p.Attributes, i, a)
}

func (p *Profile) identify(n Identifier) {
	if !slices.Contains(p.Identifiers, n) {
		n = Identifier{Scheme: strings.Clone(n.Scheme), Value: strings.Clone(n.Value)}
		p.Identifiers = append(p.Identifiers, n)
	}
}

// consent keeps the newest word on each purpose.
func (p *Profile) consent(n Consent) {
	p.Consents = slices.Clone(p.Consents)
	for i := range p.Consents {
		if x := &p.Consents[i]; x.Purpose == n.Purpose {
			if x.At <= n.At {
				x.Given, x.At = n.Given, n.At
			}
			return
		}
	}
	n.Purpose = strings.Clone(n.Purpose)
	p.Consents = append(p.Consents, n)
}

// with returns list with s at its end, unless it is there already.
func with(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, strings.Clone(s))
}

// without returns list without s; an empty s stands for all.
func without(list []string, s string) []string {
	if s == "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == s })
}
