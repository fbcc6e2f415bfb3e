package projections

import (
	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// cause is why a customer moves.
type cause struct {
	reason   Reason
	inferred bool
	wonBack  bool
	evidence []string
}

// enter makes to the stage by the rules. It shows as a move unless an override hides it.
func (f *Fold) enter(c *Customer, to domain.Stage, at domain.Instant, why cause, out *Effects) {
	l := &c.Lifecycle
	if to != domain.StageGrowth {
		l.growth = growth{}
	}
	l.rule, l.ruleSince = to, at
	if to == domain.StageTermination {
		f.endRisk(c, WarningTerminated, at, out)
	}
	if l.Override == nil {
		f.move(c, to, at, why, out)
	}
}

// move puts the customer into a stage and records the move with its reason and evidence, and what it adds to the
// roll-ups. A move to the stage the customer is in already is none.
func (f *Fold) move(c *Customer, to domain.Stage, at domain.Instant, why cause, out *Effects) {
	l := &c.Lifecycle
	if l.Stage == to {
		return
	}
	m := Move{
		Customer: c.ID, Seq: l.Moves + 1, At: at, From: l.Stage, To: to,
		Reason: why.reason, Inferred: why.inferred, WonBack: why.wonBack, Evidence: why.evidence,
		Policy: f.policy.Version,
	}
	if l.Stage != domain.StageNone {
		m.Dwell = int64(at - l.Since)
	}
	l.Moves++
	l.Stage, l.Since = to, at
	l.Reason, l.Inferred, l.WonBack, l.Evidence = why.reason, why.inferred, why.wonBack, why.evidence
	f.count(c, &m, out)
	out.Moves = append(out.Moves, m)
	out.emit(c, Output{Topic: TopicLifecycle, Type: m.outputType(), At: at, Evidence: m.Evidence, Policy: m.Policy}, func() any { return m.data(out.position) })
}

// count adds a move to the population, the flows of its day and its cohort.
func (f *Fold) count(c *Customer, m *Move, out *Effects) {
	r := &out.Rollups
	if m.From != domain.StageNone {
		r.Stages[m.From]--
	}
	r.Stages[m.To]++
	day := domain.DateOf(m.At, f.location)
	r.addFlow(FlowKey{Day: day, From: m.From, To: m.To, WonBack: m.WonBack}, Flow{Count: 1, Dwell: m.Dwell / 1000})

	l := &c.Lifecycle
	if m.To == domain.StageGrowth && l.Cohort == 0 {
		l.Cohort = day.Month()
		r.addCohort(CohortKey{Cohort: l.Cohort, Month: CohortSize}, 1)
	}
	if from, to := m.From.Active(), m.To.Active(); from != to {
		n := int64(1)
		if from {
			n = -1
		}
		r.addCohort(CohortKey{Cohort: l.Cohort, Month: day.Month()}, n)
	}
}

// outputType returns the type of the derived event that tells of the move.
func (m *Move) outputType() string {
	switch {
	case m.From == domain.StageNone:
		return "lifecycle.started"
	case m.To == domain.StageTermination:
		return "lifecycle.terminated"
	default:
		return "lifecycle.stage_changed"
	}
}

// data returns the move as the data of its derived event.
func (m *Move) data(at eventstore.Position) any {
	switch m.outputType() {
	case "lifecycle.started":
		return &domain.LifecycleStarted{
			To: m.To.String(), Reason: m.Reason.String(), At: m.At, Evidence: m.Evidence, PolicyVersion: m.Policy, Position: at.String(),
		}
	case "lifecycle.terminated":
		return &domain.LifecycleTerminated{
			From: m.From.String(), Reason: m.Reason.String(), Inferred: m.Inferred, DwellUS: m.Dwell, At: m.At,
			Evidence: m.Evidence, PolicyVersion: m.Policy, Position: at.String(),
		}
	default:
		return &domain.LifecycleStageChanged{
			From: m.From.String(), To: m.To.String(), Reason: m.Reason.String(), WonBack: m.WonBack, DwellUS: m.Dwell, At: m.At,
			Evidence: m.Evidence, PolicyVersion: m.Policy, Position: at.String(),
		}
	}
}
