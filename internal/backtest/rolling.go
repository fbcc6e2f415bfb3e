package backtest

import "math"

// rolling sums up what several origins say of the same scores. It returns nothing for a single one.
func rolling(origins []OriginReport) []RollingReport {
	all := []RollingReport{}
	if len(origins) < 2 {
		return all
	}
	for i := range origins[0].Scores {
		if r, ok := over(origins, origins[0].Scores[i].Name); ok {
			all = append(all, r)
		}
	}
	return all
}

// over returns the means of a score. It is false unless every origin has its figures.
func over(origins []OriginReport, name string) (RollingReport, bool) {
	r := RollingReport{Name: name, Least: math.Inf(1)}
	n := float64(len(origins))
	for i := range origins {
		s := origins[i].score(name)
		if s == nil || s.All.AUC == nil || s.All.Top[0].Lift == nil {
			return r, false
		}
		area := s.All.AUC.Value
		r.AUC, r.Least, r.Lift = r.AUC+area/n, min(r.Least, area), r.Lift+s.All.Top[0].Lift.Value/n
	}
	return r, true
}

// score returns the score with the name, nil when there is none.
func (o *OriginReport) score(name string) *ScoreReport {
	for i := range o.Scores {
		if o.Scores[i].Name == name {
			return &o.Scores[i]
		}
	}
	return nil
}
