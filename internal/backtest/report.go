package backtest

import (
	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/evaluation"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/fit"
)

// Report is what a back-test found.
type Report struct {
	// Positions are the ends of the log that was read, From and To the days of its first and its last event.
	Positions eventstore.Positions `json:"positions"`
	From      domain.Date          `json:"from"`
	To        domain.Date          `json:"to"`
	// TimeZone is the zone of all days.
	TimeZone string `json:"time_zone"`
	// HorizonDays is how long after an origin a customer has to buy so as not to count as lost.
	HorizonDays int `json:"horizon_days"`
	// Currency is that of all amounts, which are in hundreds of its minor units: the one most used up to the first origin.
	// Purchases in others count without an amount.
	Currency string `json:"currency,omitempty"`
	// Policies are those that were compared.
	Policies []PolicyReport `json:"policies"`
	// Origins are in order of time.
	Origins []OriginReport `json:"origins"`
	// Rolling sums the origins up when there are several, a row for each score that they have in common, in the order of the first.
	Rolling []RollingReport `json:"rolling"`
	// Delays compares rules by how soon they alert, over the whole log.
	Delays *DelayReport `json:"delays"`
}

// PolicyReport is what is told of a policy beside its scores.
type PolicyReport struct {
	// Name is how the policy was given, Version that of its document.
	Name    string `json:"name"`
	Version string `json:"version"`
	// Warnings are those that a replay of the whole log yields.
	Warnings WarningReport `json:"warnings"`
}

// OriginReport is what was foretold at an origin, beside what happened.
type OriginReport struct {
	// Day is the last day of which everything is known.
	Day domain.Date `json:"day"`
	// Customers are those who had bought by then, Repeat those of them who had bought on more than one day, Lost those who
	// bought nothing within the horizon.
	Customers int `json:"customers"`
	Repeat    int `json:"repeat"`
	Lost      int `json:"lost"`
	// Models are what was fitted to what was known by then.
	Models []ModelReport `json:"models"`
	// Training is what the learned model was learned from; nil without one.
	Training *TrainingReport `json:"training"`
	// Scores rank the customers: rules, models and policies.
	Scores []ScoreReport `json:"scores"`
	// Accuracy compares yes-or-no rules.
	Accuracy []AccuracyReport `json:"accuracy"`
	// Purchases are forecasts of the number of occasions within the horizon.
	Purchases []PurchaseReport `json:"purchases"`
	// Spend says what share of the amount spent within the horizon the tenth of customers holds that was foretold to spend
	// most.
	Spend []SpendReport `json:"spend"`
}

// ModelReport is a model that was to be fitted at an origin.
type ModelReport struct {
	// Name is that of the wanted model.
	Name string `json:"name"`
	// Fit is the result, which may be that of a simpler model; nil when there is none.
	Fit *fit.Result `json:"fit"`
	// Fallback is why the result is that of a simpler model, Failure why there is none.
	Fallback fit.Reason `json:"fallback,omitempty"`
	Failure  string     `json:"failure,omitempty"`
}

// TrainingReport is what a learned model was learned from: the customers known at the end of Day, and whether they bought
// within so many days, all of which lie before the origin.
type TrainingReport struct {
	Day         domain.Date `json:"day"`
	HorizonDays int         `json:"horizon_days"`
	Customers   int         `json:"customers"`
	Lost        int         `json:"lost"`
	// CalibratedWith is the purchase model whose chances brought those of the learned model to the longer horizon of the
	// back-test; empty when both are the same.
	CalibratedWith string `json:"calibrated_with,omitempty"`
}

// Kind says what a score comes from.
type Kind string

// The kinds of scores.
const (
	KindRule    Kind = "rule"
	KindModel   Kind = "model"
	KindLearned Kind = "learned"
	KindPolicy  Kind = "policy"
)

// ScoreReport says how good a score was.
type ScoreReport struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Policy is the version of the policy, empty for other kinds.
	Policy string `json:"policy,omitempty"`
	// SawLater says that a model of the policy rests on what happened after the origin: the figures are no forecast then.
	SawLater bool `json:"saw_later,omitempty"`
	// All ranks all customers, Repeat those who had bought on more than one day.
	All    evaluation.Ranking `json:"all"`
	Repeat evaluation.Ranking `json:"repeat"`
	// Chance judges the score as a chance of a loss; nil for a score that is none. Customers whom a policy held for lost already
	// have no chance.
	Chance *evaluation.Judgement `json:"chance"`
	// Levels say what became of the customers of each level of a policy; null for other kinds.
	Levels []LevelReport `json:"levels"`
	// Curve leads from (0, 0) to (1, 1), a point for each share of customers with the highest scores.
	Curve []CurvePoint `json:"curve"`
}

// LevelReport is what became of the customers of a level. Level is "lost" for those whom the policy held for lost, or whose
// relationship had ended by it, at the origin.
type LevelReport struct {
	Level     string `json:"level"`
	Customers int    `json:"customers"`
	Lost      int    `json:"lost"`
}

// CurvePoint is what the customers with the highest scores hold: Customers is their share of all, Lost their share of those
// who were lost, Stayed that of the others. Lost over Customers is the gains curve, Lost over Stayed the receiver operating
// characteristic.
type CurvePoint struct {
	Customers float64 `json:"customers"`
	Lost      float64 `json:"lost"`
	Stayed    float64 `json:"stayed"`
}

// RollingReport is how good a score was at all origins: a score that is good at one of them may have been lucky.
type RollingReport struct {
	Name string `json:"name"`
	// AUC and Lift are means over the origins, of the area under the curve and the lift of the first tenth. Least is the smallest area.
	AUC   float64 `json:"mean_auc"`
	Least float64 `json:"least_auc"`
	Lift  float64 `json:"mean_lift_10"`
}

// PurchaseReport compares a forecast of purchase occasions with what happened.
type PurchaseReport struct {
	Name string `json:"name"`
	evaluation.Accuracy
}

// SpendReport is the share of the amount spent within the horizon that the tenth of customers with the highest forecasts
// holds; Top is null when nobody spent anything.
type SpendReport struct {
	Name string   `json:"name"`
	Top  *float64 `json:"top_decile_share"`
}
