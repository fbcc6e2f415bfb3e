package projections

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/rapport-crm/rapport/domain"
)

// mostEvidence is how many events an output about a warning names.
const mostEvidence = 16

// raise opens a warning.
func (f *Fold) raise(c *Customer, e *Entry, at domain.Instant, out *Effects) {
	parts := f.scoreParts(c, at)
	w := &Warning{Number: 1, Raised: at, Start: f.startOf(c, e, parts, at)}
	if last := c.lastWarning(); last != nil {
		w.Number = last.Number + 1
	}
	w.ID = domain.DerivedID("warning", c.ID, w.Start, strconv.Itoa(int(w.Number)))
	w.reach(parts, &f.edges)
	c.Now = max(c.Now, at)
	f.await(w, at)
	c.setWarning(w, out)
	f.countWarning(c, w, at, warningRaised, 1, out)
	f.tellLevel(c, "churn.warning_raised", at, out, func(told levelTold) any {
		return &domain.ChurnWarningRaised{
			WarningID: w.ID, Level: w.Level.String(), Score: w.Score.Float(), Contributions: told.contributions, Employee: c.warningHolder(w),
			At: at, Evidence: told.evidence, PolicyVersion: f.policy.Version, Position: told.position,
		}
	})
}

// startOf returns the id of the event with which a warning begins that is made of the given parts.
func (f *Fold) startOf(c *Customer, e *Entry, parts []scorePart, at domain.Instant) string {
	if e != nil {
		return e.id()
	}
	var greatest scorePart
	for _, p := range parts {
		if p.points > greatest.points {
			greatest = p
		}
	}
	silence := c.Lifecycle.silenceBy
	switch greatest.factor {
	case domain.MeasureSilence, domain.MeasureTrend, domain.MeasureModel:
		return silence
	}
	for _, p := range f.ScoreAt(c, at).Contributions {
		if p.Factor == greatest.factor && len(p.Evidence) > 0 {
			return p.Evidence[len(p.Evidence)-1]
		}
	}
	return cmp.Or(silence, c.ID)
}

// relevel brings an open warning, a copy that is to take its place, to another level above low.
func (f *Fold) relevel(c *Customer, w *Warning, level domain.RiskLevel, at domain.Instant, out *Effects) {
	previous := w.Level
	if level > previous {
		w.wake(at)
	}
	w.keep(level, f.scoreParts(c, at))
	c.Now = max(c.Now, at)
	f.await(w, at)
	c.setWarning(w, out)
	if level > previous {
		f.countWarning(c, w, at, warningEscalated, 1, out)
		f.tellLevel(c, "churn.warning_escalated", at, out, func(told levelTold) any {
			return &domain.ChurnWarningEscalated{
				WarningID: w.ID, Level: level.String(), Previous: previous.String(), Score: w.Score.Float(), Contributions: told.contributions,
				Employee: c.warningHolder(w), At: at, Evidence: told.evidence, PolicyVersion: f.policy.Version, Position: told.position,
			}
		})
		return
	}
	f.countWarning(c, w, at, warningEased, 1, out)
	f.tellLevel(c, "churn.warning_eased", at, out, func(told levelTold) any {
		return &domain.ChurnWarningEased{
			WarningID: w.ID, Level: level.String(), Previous: previous.String(), Score: w.Score.Float(), Contributions: told.contributions,
			Employee: c.warningHolder(w), At: at, Evidence: told.evidence, PolicyVersion: f.policy.Version, Position: told.position,
		}
	})
}

// endWarning ends the open warning.
func (f *Fold) endWarning(c *Customer, why WarningEnd, at domain.Instant, out *Effects) {
	w := *c.openWarning()
	if score, exists := f.score(c, at); exists {
		w.Score = score
	}
	w.End, w.Ended, w.quiet = why, at, why == WarningDismissed
	w.parts, w.below = nil, [domain.RiskCritical]domain.Instant{}
	w.settle()
	c.Now = max(c.Now, at)
	c.setWarning(&w, out)
	f.countEnd(c, &w, at, out)
	evidence := []string{w.Start}
	if e := out.cause; e != nil && e.id() != w.Start {
		evidence = append(evidence, e.id())
	}
	if why == WarningCorrected || why == WarningPolicy {
		f.emitWarning(c, "churn.warning_withdrawn", at, evidence, out, func(position string) any {
			return &domain.ChurnWarningWithdrawn{
				WarningID: w.ID, Previous: w.Level.String(), Reason: why.String(), RaisedAt: w.Raised, Employee: c.warningHolder(&w),
				At: at, Evidence: evidence, PolicyVersion: f.policy.Version, Position: position,
			}
		})
		return
	}
	f.emitWarning(c, "churn.warning_cleared", at, evidence, out, func(position string) any {
		return &domain.ChurnWarningCleared{
			WarningID: w.ID, Previous: w.Level.String(), Score: w.Score.Float(), Reason: why.String(), RaisedAt: w.Raised,
			Employee: c.warningHolder(&w), At: at, Evidence: evidence, PolicyVersion: f.policy.Version, Position: position,
		}
	})
}

func (f *Fold) emitWarning(c *Customer, typ string, at domain.Instant, evidence []string, out *Effects, data func(position string) any) {
	out.emit(c, Output{Topic: TopicChurn, Type: typ, At: at, Evidence: evidence, Policy: f.policy.Version}, func() any {
		return data(out.position.String())
	})
}

// levelTold is what is told of a level beside the warning.
type levelTold struct {
	contributions []domain.RiskContribution
	evidence      []string
	position      string
}

// tellLevel emits an output about the level of a warning. The score is explained only when outputs are asked for.
func (f *Fold) tellLevel(c *Customer, typ string, at domain.Instant, out *Effects, data func(levelTold) any) {
	var told levelTold
	if out.publish {
		s := f.ScoreAt(c, at)
		told.contributions, told.evidence = s.contributions(), s.evidence()
	}
	f.emitWarning(c, typ, at, told.evidence, out, func(position string) any {
		told.position = position
		return data(told)
	})
}

// reach gives a new warning the level of its score.
func (w *Warning) reach(parts []scorePart, edges *riskEdges) {
	w.keep(domain.RiskWatch, parts)
	w.Level = max(w.Level, edges.level(w.Score))
	w.Highest = w.Level
}

// keep notes a level with the parts of the score that it came about by.
func (w *Warning) keep(level domain.RiskLevel, parts []scorePart) {
	w.Level, w.Highest, w.parts, w.Score = level, max(w.Highest, level), parts, 0
	for _, p := range parts {
		w.Score += p.points
	}
}

// wake shows a warning that is snoozed again: it got worse.
func (w *Warning) wake(at domain.Instant) {
	if w.waits() > at {
		h := *w.handling
		h.waits = at
		w.handling = &h
	}
}

// contributions returns the parts of the score as outputs tell them.
func (s *Score) contributions() []domain.RiskContribution {
	list := make([]domain.RiskContribution, len(s.Contributions))
	for i := range s.Contributions {
		p := &s.Contributions[i]
		list[i] = domain.RiskContribution{Factor: p.Factor, Points: p.Points.Float(), Evidence: p.Evidence}
	}
	return list
}

// evidence returns the ids of the events behind the parts that speak for the risk, each once.
func (s *Score) evidence() []string {
	var ids []string
	for i := range s.Contributions {
		if s.Contributions[i].Points <= 0 {
			continue
		}
		for _, id := range s.Contributions[i].Evidence {
			if len(ids) < mostEvidence && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
