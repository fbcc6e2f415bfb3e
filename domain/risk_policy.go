package domain

import (
	"math"
	"time"
)

// RiskSource says where the score of a customer's churn risk comes from.
type RiskSource string

// The sources of the score: the weights of the policy, or the model that was learned from the log.
const (
	RiskFromFactors RiskSource = "factors"
	RiskFromModel   RiskSource = "learned"
)

// MissingInput says what becomes of the weight of a measure whose input a customer does not have.
type MissingInput string

// What becomes of the weight: it is spread over the other measures, it counts as no risk, or as all of it.
const (
	MissingIgnored MissingInput = "ignore"
	MissingNeutral MissingInput = "neutral"
	MissingWorst   MissingInput = "worst"
)

// RiskPolicy holds the thresholds and weights of churn warnings (CHN-07). The default document describes each value.
// Points, levels and weights are in steps of 0.01.
type RiskPolicy struct {
	Source     RiskSource            `yaml:"source"`
	Missing    MissingInput          `yaml:"missing"`
	Spread     float64               `yaml:"spread"`
	Horizon    time.Duration         `yaml:"horizon"`
	Levels     RiskLevels            `yaml:"levels"`
	Hysteresis float64               `yaml:"hysteresis"`
	Dwell      time.Duration         `yaml:"dwell"`
	LossGaps   float64               `yaml:"loss_gaps"`
	LossDays   int64                 `yaml:"loss_days"`
	Escalation []EscalationStep      `yaml:"escalation"`
	Measures   RiskMeasures          `yaml:"measures"`
	Signals    map[string]SignalRule `yaml:"signals"`
}

// RiskLevels are the scores at which the levels above low begin; the edge itself belongs to the level.
type RiskLevels struct {
	Watch    float64 `yaml:"watch"`
	High     float64 `yaml:"high"`
	Critical float64 `yaml:"critical"`
}

// RiskMeasures are what is measured of every customer at any moment, each with its weight.
type RiskMeasures struct {
	Silence      SilenceMeasure      `yaml:"silence"`
	Trend        TrendMeasure        `yaml:"trend"`
	Model        ModelMeasure        `yaml:"model"`
	Satisfaction SatisfactionMeasure `yaml:"satisfaction"`
	Contact      ContactMeasure      `yaml:"contact"`
}

// SilenceMeasure is W01: the silence since the last purchase against the customer's own usual gap.
type SilenceMeasure struct {
	Weight float64 `yaml:"weight"`
	// Begins, Middle and Full are numbers of usual gaps; MiddleShare is the share of the weight at Middle. Between them the
	// share rises in a straight line from 0 at Begins to 1 at Full.
	Begins      float64 `yaml:"begins"`
	Middle      float64 `yaml:"middle"`
	MiddleShare float64 `yaml:"middle_share"`
	Full        float64 `yaml:"full"`
}

// TrendMeasure is W02: falling frequency of purchases.
type TrendMeasure struct {
	Weight float64 `yaml:"weight"`
	// Recent is how many of the latest gaps are compared with the usual gap.
	Recent int64 `yaml:"recent"`
	// Full is the factor between them at which the whole weight counts.
	Full float64 `yaml:"full"`
}

// ModelMeasure is the probability that the customer buys nothing within the horizon, under the purchase model in force.
type ModelMeasure struct {
	Weight float64 `yaml:"weight"`
}

// SatisfactionMeasure is W05: the latest answers.
type SatisfactionMeasure struct {
	Weight float64 `yaml:"weight"`
	// Neutral is the share of the scale that counts neither for nor against the customer.
	Neutral float64 `yaml:"neutral"`
	// Best is the share of the weight that a full score takes away.
	Best float64 `yaml:"best"`
	// Drop is the share of the weight that a drop adds, as far as the weight goes.
	Drop float64 `yaml:"drop"`
	// HalfLife is the time after which an answer counts half.
	HalfLife time.Duration `yaml:"half_life"`
}

// ContactMeasure is W11: no contact for long, or not reachable.
type ContactMeasure struct {
	Weight float64 `yaml:"weight"`
	// BeginsDays and FullDays are the days without a contact at which the weight begins to count and counts whole.
	BeginsDays int64 `yaml:"begins_days"`
	FullDays   int64 `yaml:"full_days"`
}

// SignalRule is one kind of signal: what happened to the customer counts points, which fade.
type SignalRule struct {
	// Code is the row of the signal in the requirements, for example W03.
	Code string `yaml:"code"`
	// Points are what an event of a type counts, with conditions as in deadlines. Beside types of events there are
	// deadline_near and deadline_missed with the condition deadline=NAME, and contact.collision.
	Points map[string]float64 `yaml:"points"`
	// Most is the most points that the signal counts, for or against the customer.
	Most float64 `yaml:"most"`
	// HalfLife is the time after which points count half.
	HalfLife time.Duration `yaml:"half_life"`
	// Holds names the member of the data that says what an event is about: until it is settled its points do not fade.
	Holds map[string]string `yaml:"holds"`
	// Settles are the events after which points that are held fade, and Clears those that take them away, each with the member
	// that says what they are about.
	Settles map[string]string `yaml:"settles"`
	Clears  map[string]string `yaml:"clears"`
	Off     bool              `yaml:"off"`
}

func usualSignal() SignalRule {
	return SignalRule{Points: map[string]float64{}, Holds: map[string]string{}, Settles: map[string]string{}, Clears: map[string]string{},
		Most: 10, HalfLife: 2160 * time.Hour}
}

// Centipoints is a number of points of a score in hundredths, in which scores are added up exactly.
type Centipoints int64

// Point is one point of a score.
const Point Centipoints = 100

// PointsOf returns the number of points, rounded to hundredths.
func PointsOf(points float64) Centipoints { return Centipoints(math.Round(points * 100)) }

// Float returns the number of points.
func (p Centipoints) Float() float64 { return float64(p) / 100 }

// Edge returns the score at which a level begins, 0 for RiskLow.
func (l *RiskLevels) Edge(level RiskLevel) Centipoints {
	switch level {
	case RiskWatch:
		return PointsOf(l.Watch)
	case RiskHigh:
		return PointsOf(l.High)
	case RiskCritical:
		return PointsOf(l.Critical)
	}
	return 0
}

// Of returns the level of a score.
func (l *RiskLevels) Of(score Centipoints) RiskLevel {
	for level := RiskCritical; level > RiskLow; level-- {
		if score >= l.Edge(level) {
			return level
		}
	}
	return RiskLow
}
