package projections

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
)

// Standing is what a store knows of the whole at one moment: the roll-ups of all partitions, with the moves that
// silence has brought by AsOf, and where that moment lies in the log.
type Standing struct {
	AsOf      domain.Instant
	Positions eventstore.Positions
	// Rollups are without cells, of which there are many; SilentCells is what silence has added to those of the partitions.
	Rollups     Rollups
	SilentCells map[Cell]*CellCounts
	Digest      Digest
	// Policy is the policy that was published last, or the first one.
	Policy *domain.Policy
}

// Summary returns the counts of the whole under the policy of the fold.
func (f *Fold) Summary(s *Standing) *Summary {
	r := &s.Rollups
	sum := &Summary{
		AsOf: s.AsOf, Positions: s.Positions,
		Events: r.Verdicts[eventstore.Accepted], Customers: r.Customers(), Late: r.Late,
		Stages: r.stages(), Warnings: map[string]int64{}, Trade: map[string]TradeSum{}, Verdicts: map[string]int64{},
		Open: map[string]int64{}, Satisfaction: r.satisfaction(),
		Digest: s.Digest.String(), PolicyVersion: s.Policy.Version,
	}
	for _, level := range []domain.RiskLevel{domain.RiskWatch, domain.RiskHigh, domain.RiskCritical} {
		sum.Warnings[level.String()] = r.Warnings[level]
	}
	for currency, t := range r.Trade {
		if t != (TradeSum{}) {
			sum.Trade[currency] = t
		}
	}
	for _, kind := range MatterKinds() {
		sum.Open[string(kind)] = r.Open[kind]
	}
	for v, n := range r.Verdicts {
		sum.Verdicts[eventstore.Verdict(v).String()] = n
	}
	return sum
}

func (r *Rollups) satisfaction() SatisfactionSummary {
	return SatisfactionSummary{
		Answers: r.Types["survey.answered"], Invited: r.Types["survey.invited"], Refused: r.Types["survey.refused"],
	}
}

func (r *Rollups) stages() map[string]int64 {
	m := make(map[string]int64, domain.StageCount)
	for _, s := range domain.Stages() {
		m[s.String()] = r.Stages[s]
	}
	return m
}

// LifecycleFilter selects the days a report covers, both inclusive; a zero day leaves that side open.
type LifecycleFilter struct {
	From, To domain.Date
}

func (l LifecycleFilter) covers(d domain.Date) bool {
	return (l.From == 0 || d >= l.From) && (l.To == 0 || d <= l.To)
}

// LifecycleReport says how the customers move through the stages (LC-02, LC-10). Its JSON form is part of the public
// contract.
type LifecycleReport struct {
	AsOf      domain.Instant       `json:"as_of"`
	Positions eventstore.Positions `json:"positions"`
	// Stages counts the customers in each stage now.
	Stages map[string]int64 `json:"stages"`
	// Started counts the lifecycles that began in the days covered.
	Started int64 `json:"started"`
	// Transitions is the transition matrix, one row per kind of move that occurred in the days covered.
	Transitions []Transition `json:"transitions"`
	// Dwell says how long the stages lasted that were left in the days covered.
	Dwell []Dwell `json:"dwell"`
	// Flows reconciles the active customers month by month.
	Flows []MonthFlow `json:"flows"`
	// Cohorts follows the customers whose first growth began in one month.
	Cohorts       []Cohort `json:"cohorts"`
	PolicyVersion string   `json:"policy_version"`
}

// Transition counts the moves from one stage to another. MeanDwellDays is the mean time spent in From before.
type Transition struct {
	From          domain.Stage `json:"from"`
	To            domain.Stage `json:"to"`
	Count         int64        `json:"count"`
	WonBack       int64        `json:"won_back"`
	MeanDwellDays float64      `json:"mean_dwell_days"`
}

// Dwell says how often a stage was entered and left, and how long it lasted on the mean when it was left.
type Dwell struct {
	Stage    domain.Stage `json:"stage"`
	Entered  int64        `json:"entered"`
	Left     int64        `json:"left"`
	MeanDays *float64     `json:"mean_days"`
}

// MonthFlow reconciles the active customers (growth and maturity) of a month: Retained = Opening − Lost and
// Closing = Retained + New + WonBack (LC-10).
type MonthFlow struct {
	Month    domain.Month `json:"month"`
	Opening  int64        `json:"opening"`
	New      int64        `json:"new"`
	WonBack  int64        `json:"won_back"`
	Lost     int64        `json:"lost"`
	Closing  int64        `json:"closing"`
	Retained int64        `json:"retained"`
}

// Cohort follows the customers whose first growth began in Month: how many of them are active at the end of each month.
type Cohort struct {
	Month  domain.Month  `json:"month"`
	Size   int64         `json:"size"`
	Active []CohortMonth `json:"active"`
}

// CohortMonth is the state of a cohort at the end of a month, Age months after its own.
type CohortMonth struct {
	Age       int     `json:"age"`
	Active    int64   `json:"active"`
	Retention float64 `json:"retention"`
}

// Lifecycle returns the report on stages and moves under the policy of the fold.
func (f *Fold) Lifecycle(s *Standing, filter LifecycleFilter) *LifecycleReport {
	report := &LifecycleReport{
		AsOf: s.AsOf, Positions: s.Positions, Stages: s.Rollups.stages(), PolicyVersion: s.Policy.Version,
	}
	report.addTransitions(&s.Rollups, filter)
	last := domain.DateOf(s.AsOf, f.location).Month()
	report.Flows = s.Rollups.flows(filter, last)
	report.Cohorts = s.Rollups.cohorts(filter, last)
	return report
}

func (l *LifecycleReport) addTransitions(r *Rollups, filter LifecycleFilter) {
	type pair struct{ from, to domain.Stage }
	type sum struct {
		count, wonBack, dwell int64
	}
	sums := make(map[pair]sum)
	for k, f := range r.Flows {
		if !filter.covers(k.Day) {
			continue
		}
		s := sums[pair{k.From, k.To}]
		s.count, s.dwell = s.count+f.Count, s.dwell+f.Dwell
		if k.WonBack {
			s.wonBack += f.Count
		}
		sums[pair{k.From, k.To}] = s
	}
	var dwell [domain.StageCount]Dwell
	var time [domain.StageCount]int64
	l.Transitions = []Transition{}
	for _, p := range slices.SortedFunc(maps.Keys(sums), func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	}) {
		s := sums[p]
		dwell[p.to].Entered += s.count
		if p.from == domain.StageNone {
			l.Started += s.count
			continue
		}
		dwell[p.from].Left += s.count
		time[p.from] += s.dwell
		l.Transitions = append(l.Transitions, Transition{
			From: p.from, To: p.to, Count: s.count, WonBack: s.wonBack, MeanDwellDays: meanDays(s.dwell, s.count),
		})
	}
	for _, s := range domain.Stages() {
		d := dwell[s]
		d.Stage = s
		if d.Left > 0 {
			mean := meanDays(time[s], d.Left)
			d.MeanDays = &mean
		}
		l.Dwell = append(l.Dwell, d)
	}
}

// meanDays returns the mean in days of n times that sum up to so many milliseconds.
func meanDays(sum, n int64) float64 {
	return float64(sum) / float64(n) / float64(domain.Day/1000)
}

// flows returns the months from the first move to last, the months without moves included.
func (r *Rollups) flows(filter LifecycleFilter, last domain.Month) []MonthFlow {
	months := make(map[domain.Month]MonthFlow)
	for k, f := range r.Flows {
		m := months[k.Day.Month()]
		switch from, to := k.From.Active(), k.To.Active(); {
		case from && !to:
			m.Lost += f.Count
		case to && !from && (k.From == domain.StageDecline || k.From == domain.StageTermination):
			m.WonBack += f.Count
		case to && !from:
			m.New += f.Count
		}
		months[k.Day.Month()] = m
	}
	flows := []MonthFlow{}
	if len(months) == 0 {
		return flows
	}
	var active int64
	for month := slices.Min(slices.Collect(maps.Keys(months))); month <= last; month++ {
		m := months[month]
		m.Month, m.Opening = month, active
		active += m.New + m.WonBack - m.Lost
		m.Closing, m.Retained = active, m.Opening-m.Lost
		if filter.coversMonth(month) {
			flows = append(flows, m)
		}
	}
	return flows
}

func (l LifecycleFilter) coversMonth(m domain.Month) bool {
	return (l.From == 0 || m >= l.From.Month()) && (l.To == 0 || m <= l.To.Month())
}

func (r *Rollups) cohorts(filter LifecycleFilter, last domain.Month) []Cohort {
	byMonth := make(map[domain.Month]map[domain.Month]int64)
	for k, n := range r.Cohorts {
		if byMonth[k.Cohort] == nil {
			byMonth[k.Cohort] = make(map[domain.Month]int64)
		}
		byMonth[k.Cohort][k.Month] += n
	}
	sizes := r.cohortSizes()
	cohorts := []Cohort{}
	for _, month := range slices.Sorted(maps.Keys(byMonth)) {
		if month == 0 || !filter.coversMonth(month) {
			continue
		}
		cohorts = append(cohorts, newCohort(month, sizes[month], byMonth[month], last))
	}
	return cohorts
}

func newCohort(month domain.Month, size int64, changes map[domain.Month]int64, last domain.Month) Cohort {
	c := Cohort{Month: month, Size: size, Active: []CohortMonth{}}
	var active int64
	for m := month; m <= last; m++ {
		active += changes[m]
		c.Active = append(c.Active, CohortMonth{Age: int(m - month), Active: active, Retention: float64(active) / float64(max(size, 1))})
	}
	return c
}

// cohortSizes counts the members of each cohort: the customers whose first growth began in the month.
func (r *Rollups) cohortSizes() map[domain.Month]int64 {
	sizes := make(map[domain.Month]int64)
	for k, n := range r.Cohorts {
		if k.Month == CohortSize {
			sizes[k.Cohort] += n
		}
	}
	return sizes
}
