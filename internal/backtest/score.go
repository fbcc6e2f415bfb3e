package backtest

import (
	"fmt"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/evaluation"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
	"github.com/rapport-crm/rapport/internal/fit"
	"github.com/rapport-crm/rapport/projections"
	"github.com/rapport-crm/rapport/projections/memview"
)

// score is what was foretold of each customer, in the order of the customers who are known.
type score struct {
	ScoreReport
	values []float64
	// chance says that the values are chances of a loss, but for those of the customers in settled: they are held for lost
	// already.
	chance  bool
	settled map[int]bool
}

// window is the time from which the fits of an origin come.
func (b *backtest) window(origin domain.Date) fit.Window {
	return fit.Window{From: b.first.Start(b.zone).Time(), To: (origin + 1).Start(b.zone).Time().In(time.UTC)}
}

// rulesAndModels scores customers by rules and by purchase models: by the chance of no purchase within the horizon, and,
// for comparison, by that of having left for good.
func rulesAndModels(known []*customer, m *models, horizon int) ([]score, error) {
	var scores []score
	for _, r := range rules(known) {
		s := score{ScoreReport: ScoreReport{Name: r.name, Kind: KindRule}}
		for _, c := range known {
			s.values = append(s.values, r.of(c))
		}
		scores = append(scores, s)
	}
	for _, p := range m.purchase {
		silence := score{ScoreReport: ScoreReport{Name: p.name, Kind: KindModel}, chance: true}
		gone := score{ScoreReport: ScoreReport{Name: p.name + "_gone", Kind: KindModel}}
		for _, c := range known {
			none, err := p.model.NoPurchase(c.history, weeks(horizon))
			if err != nil {
				return nil, fmt.Errorf("customer %s: %w", c.id, err)
			}
			alive, err := p.model.Alive(c.history)
			if err != nil {
				return nil, fmt.Errorf("customer %s: %w", c.id, err)
			}
			silence.values, gone.values = append(silence.values, none), append(gone.values, 1-alive)
		}
		if scores = append(scores, silence); p.leaves() {
			scores = append(scores, gone)
		}
	}
	return scores, nil
}

// learnedScore scores customers by the learned model, if there is one.
func (m *models) learnedScore(known []*customer, features map[string][]learnedrisk.Value) ([]score, error) {
	if m.learned == nil {
		return nil, nil
	}
	s := score{ScoreReport: ScoreReport{Name: learnedrisk.Name, Kind: KindLearned}, chance: true}
	for _, c := range known {
		p, err := m.learned.Probability(features[c.id])
		if err != nil {
			return nil, fmt.Errorf("customer %s: %w", c.id, err)
		}
		s.values = append(s.values, p)
	}
	return []score{s}, nil
}

// features returns what a learned model is told of the customers of a store at the end of a day.
func (b *backtest) features(store *memview.Store, at domain.Date) map[string][]learnedrisk.Value {
	all := make(map[string][]learnedrisk.Value)
	for c, fold := range customers(store, len(b.replays.ends), b.end(at)) {
		all[c.ID] = fold.Features(c, b.end(at), nil)
	}
	return all
}

// lostPoints is the score of those whom a policy holds for lost already, or whose relationship has ended by it.
const lostPoints = 100 * domain.Point

// policyScores scores customers by the policy of a store: as it is in force, and with the models of the origin in its place.
func (b *backtest) policyScores(name string, store *memview.Store, m *models, origin domain.Date, known []*customer) ([]score, error) {
	plain, fitted := make(map[string]*projections.Score), make(map[string]*projections.Score)
	folds := make(map[*projections.Fold]*projections.Fold)
	var inForce, withModels *domain.Policy
	for c, fold := range customers(store, len(b.replays.ends), b.end(origin)) {
		under := folds[fold]
		if under == nil {
			p, err := m.under(fold.Policy())
			if err != nil {
				return nil, err
			}
			under = projections.NewFold(p)
			folds[fold], inForce, withModels = under, fold.Policy(), p
		}
		plain[c.ID], fitted[c.ID] = fold.ScoreAt(c, b.end(origin)), under.ScoreAt(c, b.end(origin))
	}
	scores := []score{b.policyScore(inForce, plain, origin, known)}
	scores[0].Name = "policy " + name
	if withModels != inForce {
		scores = append(scores, b.policyScore(withModels, fitted, origin, known))
		scores[1].Name = "policy " + name + " with models"
	}
	return scores, nil
}

// policyScore takes the scores of a policy in the order of the customers.
func (b *backtest) policyScore(p *domain.Policy, of map[string]*projections.Score, origin domain.Date, known []*customer) score {
	s := score{ScoreReport: ScoreReport{Kind: KindPolicy, Policy: p.Version, SawLater: b.sawLater(p, origin)}}
	_, learns := p.Models[string(domain.RoleRisk)]
	s.chance = learns && p.Risk.Source == domain.RiskFromModel
	s.Levels = make([]LevelReport, domain.RiskCritical+2)
	for i := range s.Levels[:domain.RiskCritical+1] {
		s.Levels[i].Level = domain.RiskLevel(i).String()
	}
	s.Levels[domain.RiskCritical+1].Level = "lost"
	s.settled = make(map[int]bool)
	for i, c := range known {
		points, level := lostPoints, int(domain.RiskCritical)+1
		if at := of[c.id]; at != nil {
			points, level = at.Points, int(p.Risk.Levels.Of(at.Points))
		} else {
			s.settled[i] = true
		}
		s.values = append(s.values, points.Float()/100)
		s.Levels[level].Customers++
		if c.lost {
			s.Levels[level].Lost++
		}
	}
	return s
}

// sawLater reports whether a model of the policy rests on what happened after the origin, as far as it says so.
func (b *backtest) sawLater(p *domain.Policy, origin domain.Date) bool {
	for _, m := range p.Models {
		if to, err := domain.ParseInstant(m.To); err == nil && to > b.end(origin)+domain.Microsecond {
			return true
		}
	}
	return false
}

// judge measures scores against what happened.
func (b *backtest) judge(known []*customer, scores []score) ([]ScoreReport, error) {
	reports := make([]ScoreReport, len(scores))
	options := evaluation.RankOptions{Resamples: b.options.Resamples, Seed: seed}
	for i, s := range scores {
		var all, repeat, chances []evaluation.Outcome
		for j, c := range known {
			o := evaluation.Outcome{Score: s.values[j], Lost: c.lost}
			all = append(all, o)
			if s.chance && !s.settled[j] {
				chances = append(chances, o)
			}
			if c.history.Repeats > 0 {
				repeat = append(repeat, o)
			}
		}
		r := s.ScoreReport
		var err error
		if r.All, err = evaluation.Rank(all, options); err != nil {
			return nil, fmt.Errorf("score %s: %w", r.Name, err)
		}
		if r.Repeat, err = evaluation.Rank(repeat, options); err != nil {
			return nil, fmt.Errorf("score %s: %w", r.Name, err)
		}
		if s.chance {
			j, err := evaluation.Judge(chances)
			if err != nil {
				return nil, fmt.Errorf("score %s: %w", r.Name, err)
			}
			r.Chance = &j
		}
		r.Curve = curve(all)
		reports[i] = r
	}
	return reports, nil
}
