package projections

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain"
)

// MassLosses are the months in which unusually many customers of an organisation unit were lost for one cause and with one
// product (CHN-10), in the order in which they became known. A MassLosses is replaced, never changed.
type MassLosses struct {
	all []massLoss
}

// mostMassLosses is how many mass losses of a unit are kept. Beyond that the one that became known first goes.
const mostMassLosses = 256

// MostMassLossEvidence is how many losses a mass loss names: the first ones. How many there were is told beside them.
const MostMassLossEvidence = 64

// massLoss is one of them.
type massLoss struct {
	event, month, cause, product string
	at                           domain.Instant
	losses                       int64
	evidence                     []string
}

// applyMassLosses notes a mass loss that was observed, once for each month, cause and product, and tells of it.
func (f *Fold) applyMassLosses(c *Customer, e *Entry, out *Effects) {
	d, ok := e.Data.(*domain.MassLossObserved)
	if !ok {
		return
	}
	var all []massLoss
	institution := c.asInstitution()
	if institution.massLosses != nil {
		all = institution.massLosses.all
	}
	if slices.ContainsFunc(all, func(m massLoss) bool { return m.month == d.Month && m.cause == d.Cause && m.product == d.Product }) {
		return
	}
	m := massLoss{
		event: e.id(), month: strings.Clone(d.Month), cause: strings.Clone(d.Cause), product: strings.Clone(d.Product),
		at: e.Event.Time, losses: d.Losses,
	}
	for _, id := range d.Evidence[:min(len(d.Evidence), MostMassLossEvidence)] {
		m.evidence = append(m.evidence, strings.Clone(id))
	}
	all = append(slices.Clone(all), m)
	if len(all) > mostMassLosses {
		out.touch(c, CaseMassLoss, all[0].event)
		all = all[1:]
	}
	institution.massLosses = &MassLosses{all: all}
	c.setInstitution(institution)
	out.touch(c, CaseMassLoss, m.event)
	evidence := append([]string{m.event}, m.evidence...)
	out.emit(c, Output{
		Topic: TopicChurn, Type: "churn.mass_loss", At: m.at, Evidence: evidence, Policy: f.policy.Version,
	}, func() any {
		return &domain.ChurnMassLoss{
			Month: m.month, Cause: m.cause, Product: m.product, Losses: m.losses, At: m.at,
			Evidence: evidence, PolicyVersion: f.policy.Version, Position: out.position.String(),
		}
	})
}

// MassLossDetail is the detail of a case of kind CaseMassLoss, whose topic is the cause.
type MassLossDetail struct {
	Month string `json:"month"`
	// Cause and Product are empty when they are not known.
	Cause   string `json:"cause"`
	Product string `json:"product"`
	// Losses is how many customers had been lost when it was noticed, Evidence are the ids of the
	// first 64 of them.
	Losses   int64    `json:"losses"`
	Evidence []string `json:"evidence"`
}

// cases returns the mass losses as cases. They have no end: what is done about one is not recorded.
func (x *MassLosses) cases() []Case {
	if x == nil {
		return nil
	}
	var cases []Case
	for i := range x.all {
		m := &x.all[i]
		detail, err := json.Marshal(MassLossDetail{
			Month: m.month, Cause: m.cause, Product: m.product, Losses: m.losses, Evidence: orEmpty(m.evidence),
		})
		if err != nil {
			panic("projections: the detail of a mass loss is no JSON: " + err.Error()) // it holds texts and numbers only
		}
		cases = append(cases, Case{ID: m.event, Topic: m.cause, Opened: m.at, Detail: detail})
	}
	return cases
}

func codeMassLosses(k *coder, x *MassLosses) {
	list(k, &x.all, func(k *coder, m *massLoss) {
		for _, word := range []*string{&m.event, &m.month, &m.cause, &m.product} {
			k.string(word)
		}
		k.instant(&m.at)
		k.int(&m.losses)
		list(k, &m.evidence, stringElement)
	})
}
