package domain

import "time"

// ValuePolicy holds how customers are valued (SV-02 to SV-09, KA-01). The default document describes each value. Amounts
// are in minor units of the customer's main currency.
type ValuePolicy struct {
	Measure      ValueMeasure    `yaml:"measure"`
	Classes      []ValueClass    `yaml:"classes"`
	RecencyDays  []int64         `yaml:"recency_days"`
	IntervalDays []int64         `yaml:"interval_days"`
	Frequency    []int64         `yaml:"frequency"`
	Amount       []int64         `yaml:"amount"`
	Margin       float64         `yaml:"margin"`
	Discount     float64         `yaml:"discount"`
	Years        int64           `yaml:"years"`
	ForecastDays int64           `yaml:"forecast_days"`
	Migration    MigrationRules  `yaml:"migration"`
	KeyAccount   KeyAccountRules `yaml:"key_account"`
}

// ValueMeasure says what customers are ranked by.
type ValueMeasure string

// The measures: what the customer paid, that less what was given back, and that less the costs attributed to the customer.
const (
	MeasurePurchases ValueMeasure = "purchases"
	MeasureRevenue   ValueMeasure = "revenue"
	MeasureProfit    ValueMeasure = "profit"
)

// ValueMeasures returns all measures.
func ValueMeasures() []ValueMeasure {
	return []ValueMeasure{MeasurePurchases, MeasureRevenue, MeasureProfit}
}

// ValueClass is one class of the ABC analysis (SV-03): the customers, ranked by value, before whom less than Share of the
// whole was reached and who are in no class before it. The share of the last class is 1.
type ValueClass struct {
	Name  string  `yaml:"name"`
	Share float64 `yaml:"share"`
}

// KeyAccountRules say who is a candidate for a key account: whoever reaches all of them (KA-01).
type KeyAccountRules struct {
	// Occasions are purchase occasions in the last twelve months, AmountMinor the value in them, Profit the share of the
	// revenue that is left after costs.
	Occasions   int64   `yaml:"occasions"`
	AmountMinor int64   `yaml:"amount_minor"`
	Profit      float64 `yaml:"profit"`
}

// MigrationRules say how the recency of customers is followed in Dwyer's method (SV-06): in states, each a number of periods
// since the last purchase, where a customer after the last state is given up. ContactMinor is what it costs to keep in touch
// with a customer for a period, in minor units.
type MigrationRules struct {
	PeriodDays   int64 `yaml:"period_days"`
	States       int64 `yaml:"states"`
	ContactMinor int64 `yaml:"contact_minor"`
}

// WinBackPolicy holds the thresholds of winning customers back (CHN-08 to CHN-13).
type WinBackPolicy struct {
	// Window is the time after the start of a case within which a purchase makes it a success.
	Window time.Duration `yaml:"window"`
	// MassLosses is how many losses of a month in one organisation unit, for one cause and with one product are a mass loss.
	MassLosses int64 `yaml:"mass_losses"`
	// Leave are the causes of customers whom no list proposes to win back.
	Leave []string `yaml:"leave"`
}
