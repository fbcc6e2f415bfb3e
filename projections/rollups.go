package projections

import "github.com/rapport-crm/rapport/domain"

// Rollups are additive counts of a partition. Those of all partitions summed are what people see; adding the negative
// of an increment takes it back.
type Rollups struct {
	// Verdicts counts records by verdict, indexed by eventstore.Verdict.
	Verdicts [4]int64
	// Late counts accepted events that occurred before their customer's time.
	Late int64
	// Stages counts the customers now in each stage.
	Stages [domain.StageCount]int64
	// Warnings counts the customers by the level of their open warning; RiskLow is not counted.
	Warnings [domain.RiskCritical + 1]int64
	// Types counts accepted events by event type.
	Types map[string]int64
	// Flows counts stage moves by day and kind.
	Flows map[FlowKey]Flow
	// Cohorts holds, per cohort and month, by how many customers the active ones of the cohort changed in that month.
	Cohorts map[CohortKey]int64
	// Trade sums purchases and returns by currency.
	Trade map[string]TradeSum
	// Open counts the matters that are open, by kind.
	Open map[MatterKind]int64
	// Cells counts by month, organisation unit and further dimensions.
	Cells map[Cell]*CellCounts
}

// FlowKey names one kind of move on one calendar day.
type FlowKey struct {
	Day      domain.Date
	From, To domain.Stage
	WonBack  bool
}

// Flow counts moves and the time spent in the stages they left, in milliseconds: a sum of microseconds would not hold the
// lives of a million customers.
type Flow struct {
	Count int64
	Dwell int64
}

// CohortKey names a month in the life of a cohort: the customers whose first growth began in the month Cohort.
type CohortKey struct {
	Cohort domain.Month
	Month  domain.Month
}

// CohortSize stands in the place of a month for the number of members of the cohort.
const CohortSize domain.Month = -1

// TradeSum sums the trade in one currency, in minor units.
type TradeSum struct {
	Purchases int64 `json:"purchases"`
	Purchased int64 `json:"purchased_minor"`
	Returns   int64 `json:"returns"`
	Returned  int64 `json:"returned_minor"`
}

// reset empties r and keeps its memory.
func (r *Rollups) reset() {
	clear(r.Types)
	clear(r.Flows)
	clear(r.Cohorts)
	clear(r.Trade)
	clear(r.Open)
	clear(r.Cells)
	*r = Rollups{Types: r.Types, Flows: r.Flows, Cohorts: r.Cohorts, Trade: r.Trade, Open: r.Open, Cells: r.Cells}
}

// Add adds the increments of o.
func (r *Rollups) Add(o *Rollups) {
	for i, n := range o.Verdicts {
		r.Verdicts[i] += n
	}
	r.Late += o.Late
	for i, n := range o.Stages {
		r.Stages[i] += n
	}
	for i, n := range o.Warnings {
		r.Warnings[i] += n
	}
	for k, n := range o.Types {
		r.addType(k, n)
	}
	for k, f := range o.Flows {
		r.addFlow(k, f)
	}
	for k, n := range o.Cohorts {
		r.addCohort(k, n)
	}
	for k, s := range o.Trade {
		r.addTrade(k, s)
	}
	for k, n := range o.Open {
		r.addOpen(k, n)
	}
	for c, n := range o.Cells {
		r.addCell(c, *n)
	}
}

// Customers returns how many customers the stages count.
func (r *Rollups) Customers() int64 {
	var n int64
	for _, s := range r.Stages {
		n += s
	}
	return n
}

func (r *Rollups) addType(name string, n int64) {
	if r.Types == nil {
		r.Types = make(map[string]int64)
	}
	r.Types[name] += n
}

func (r *Rollups) addWarning(level domain.RiskLevel, n int64) {
	if level != domain.RiskLow {
		r.Warnings[level] += n
	}
}

func (r *Rollups) addFlow(k FlowKey, f Flow) {
	if r.Flows == nil {
		r.Flows = make(map[FlowKey]Flow)
	}
	sum := r.Flows[k]
	r.Flows[k] = Flow{Count: sum.Count + f.Count, Dwell: sum.Dwell + f.Dwell}
}

func (r *Rollups) addCohort(k CohortKey, n int64) {
	if r.Cohorts == nil {
		r.Cohorts = make(map[CohortKey]int64)
	}
	r.Cohorts[k] += n
}

func (r *Rollups) addOpen(k MatterKind, n int64) {
	if r.Open == nil {
		r.Open = make(map[MatterKind]int64)
	}
	r.Open[k] += n
}

func (r *Rollups) addTrade(currency string, s TradeSum) {
	if r.Trade == nil {
		r.Trade = make(map[string]TradeSum)
	}
	sum := r.Trade[currency]
	r.Trade[currency] = TradeSum{
		Purchases: sum.Purchases + s.Purchases, Purchased: sum.Purchased + s.Purchased,
		Returns: sum.Returns + s.Returns, Returned: sum.Returned + s.Returned,
	}
}
