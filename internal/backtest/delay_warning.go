package backtest

import (
	"github.com/rapport-crm/rapport/domain"
)

// warnings measures the warnings of a level and above, and the fixed hiatus at the same rates.
func (t *gapTable) warnings(a *alarms, level domain.RiskLevel, hiatus *scoredRule) (WarningDelay, error) {
	w := WarningDelay{Policy: a.policy, Level: level.String()}
	open := make(map[*life][]episode)
	episodes := func(l *life) []episode {
		found, known := open[l]
		if !known {
			found = a.of[l.id].episodes(level)
			open[l] = found
		}
		return found
	}
	for i := range t.survived {
		g := &t.survived[i]
		if g.alarmed(episodes(g.life)) < never {
			w.FalseAlarms++
			w.PerYear += g.weight
		}
	}
	w.PerGap = float64(w.FalseAlarms) / float64(len(t.survived))
	days := make([]float64, len(t.lapsed))
	for i := range t.lapsed {
		g := &t.lapsed[i]
		if days[i] = g.alarmed(episodes(g.life)); days[i] < never {
			w.Alerted++
		}
	}
	w.Days, w.Early = delay(days)
	var err error
	if w.Hiatus, err = hiatus.alert(w.PerGap, everyGap); err != nil {
		return w, err
	}
	w.HiatusPerYear, err = hiatus.alert(w.PerYear, everyYear)
	return w, err
}
