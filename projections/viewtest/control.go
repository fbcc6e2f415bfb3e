package viewtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

// Breaking returns a fold that panics on poisonous events as long as broken says so.
func Breaking(fold *projections.Fold, broken func() bool) *projections.Fold {
	breaking := *fold
	breaking.Before = func(_ *projections.Customer, e *projections.Entry) {
		if e.Event.Type == poison && broken() {
			panic("poisonous event " + e.Event.ID)
		}
	}
	return &breaking
}

// poison is the type of the events on which a breaking fold panics.
const poison = "elsewhere.poisonous"

// policyDocuments are policies that change what time brings: when customers move, and which deadlines there are. The last
// of them has a fault.
var policyDocuments = []string{
	"version: quick\nlifecycle: {decline_gaps: 0.3, termination_days: 20, maturity_tenure_days: 1, maturity_occasions: 2}",
	"version: slow\nlifecycle: {decline_gaps: 9, termination_gaps: 20, maturity_tenure_days: 400}",
	"version: lenient\ndeadlines: {complaint: {off: true}, promise: {off: true}, inquiry: {within: 200h}}",
	"version: strict\ndeadlines: {complaint: {stop: {}, within: 1h, time: elapsed}, inquiry: {within: 1m, near: 0.5}, terms: {stop: {}}}",
	"version: default-1",
	"version: handmade\nmodels: {purchase: {name: nbd, parameters: {r: 0.4, alpha: 12}}}",
	"version: bare\nmodels: {}",
	"version: ''",
}

// fittedModels are models that change scores and classes. The last of them is none.
var fittedModels = []string{
	`{"model":"mbg_nbd","parameters":{"r":0.5,"alpha":6,"a":0.9,"b":1.6},"n":2357}`,
	`{"model":"nbd","parameters":{"r":0.4,"alpha":12},"n":2357}`,
	`{"model":"abc","parameters":{"least.CNY.A":5000,"least.CNY.B":100}}`,
	`{"model":"nbd","parameters":{"r":0.4}}`,
}

// control appends a control record, or a poisonous event.
func (g *generator) control(i int) {
	g.at = g.at.Add(time.Duration(g.choose(24*30)) * time.Hour)
	switch g.choose(8) {
	case 0, 1, 2:
		g.tick(i, g.at)
	case 3:
		if g.choose(3) == 0 {
			g.appendControl(g.controlEvent(i, "model.fitted", fittedModels[g.choose(len(fittedModels))]))
			break
		}
		g.publish(i, policyDocuments[g.choose(len(policyDocuments))])
	case 4:
		g.settle(i, g.choose(max(len(g.items), 1)))
	case 5:
		g.redrive(i, g.subject(domain.StreamCustomer))
	default:
		g.append(g.event(i, poison, g.subject(domain.StreamCustomer), `{}`))
	}
}

// tick appends a tick to every partition.
func (g *generator) tick(i int, at time.Time) {
	g.appendControl(g.controlEvent(i, "clock.ticked", fmt.Sprintf(`{"at":%q}`, domain.InstantOf(at))))
}

// publish appends a policy to every partition.
func (g *generator) publish(i int, document string) {
	version, _, _ := strings.Cut(strings.TrimPrefix(document, "version: "), "\n")
	g.appendControl(g.controlEvent(i, "policy.published", fmt.Sprintf(`{"version":%q,"document":%q}`, version, document)))
}

// settle appends what was done about the item with the given index, whether it was set aside or not.
func (g *generator) settle(i, about int) {
	if about >= len(g.items) {
		return
	}
	discarded := g.choose(2) == 0
	g.appendRecord(domain.ControlSubject, nil)
	last := &g.items[len(g.items)-1]
	last.place, last.about = along, about
	ev := g.controlEvent(i, "quarantine.redriven", "")
	last.fill = func(at eventstore.Position) domain.Event {
		ev := ev
		ev.Data = fmt.Appendf(nil, `{"partition":%d,"offset":%d,"position":"%d:7"}`, at.Partition, at.Offset, at.Partition)
		if discarded {
			ev.Type = "quarantine.discarded"
			ev.Data = fmt.Appendf(nil, `{"partition":%d,"offset":%d,"reason":"no \"use\""}`, at.Partition, at.Offset)
		}
		return ev
	}
}

// redrive appends to every partition that a stream is to be folded again, which concerns the one that has it.
func (g *generator) redrive(i int, subject string) {
	g.appendControl(g.controlEvent(i, "stream.redriven", fmt.Sprintf(`{"stream":%q}`, subject)))
}

func (g *generator) controlEvent(i int, typ, data string) domain.Event {
	ev := g.event(i, typ, domain.ControlSubject, data)
	ev.OrgUnit, ev.Actor = "", "operator ä"
	return ev
}

// appendControl appends a control record to every partition.
func (g *generator) appendControl(ev domain.Event) {
	g.appendRecord(ev.Subject, wire.Encode(nil, &ev))
	g.items[len(g.items)-1].place = everywhere
}
