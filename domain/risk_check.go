package domain

import (
	"slices"
	"time"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// Names of the measures of risk.
const (
	MeasureSilence      = "silence"
	MeasureTrend        = "trend"
	MeasureModel        = "model"
	MeasureSatisfaction = "satisfaction"
	MeasureContact      = "contact"
)

// measureNames are the names of the measures, with their rows in the requirements.
var measureNames = map[string]string{
	MeasureSilence: "W01", MeasureTrend: "W02", MeasureModel: "P0", MeasureSatisfaction: "W05", MeasureContact: "W11",
}

// MeasureCode returns the row of a measure in the requirements.
func MeasureCode(name string) string { return measureNames[name] }

// check reports every value that is out of range.
func (r *RiskPolicy) check(fault func(ok bool, field, rule string)) {
	fault(r.Source == RiskFromFactors || r.Source == RiskFromModel, "risk.source", "must be one of factors, learned")
	fault(slices.Contains([]MissingInput{MissingIgnored, MissingNeutral, MissingWorst}, r.Missing), "risk.missing", "must be one of ignore, neutral, worst")
	fault(r.Spread >= 1 && r.Spread <= 100, "risk.spread", "must be between 1 and 100")
	fault(r.Horizon >= 24*time.Hour && r.Horizon <= longestDeadline, "risk.horizon", "must be between 24h and 87600h")
	l := &r.Levels
	fault(hundredths(l.Watch, 0.01, 100), "risk.levels.watch", "must be between 0.01 and 100 in steps of 0.01")
	fault(hundredths(l.High, 0.01, 100) && l.High > l.Watch, "risk.levels.high", "must be more than watch and at most 100 in steps of 0.01")
	fault(hundredths(l.Critical, 0.01, 100) && l.Critical > l.High, "risk.levels.critical", "must be more than high and at most 100 in steps of 0.01")
	fault(r.Hysteresis >= 0 && r.Hysteresis < l.Watch && hundredths(r.Hysteresis+1, 1, 101), "risk.hysteresis", "must be at least 0 and less than levels.watch in steps of 0.01")
	fault(r.Dwell >= 0 && r.Dwell <= 8784*time.Hour, "risk.dwell", "must be between 0 and 8784h")
	fault(multiple(r.LossGaps), "risk.loss_gaps", "must be between 0.1 and 100 in steps of 0.001")
	fault(between(r.LossDays, 0, 36500), "risk.loss_days", "must be between 0 and 36500")
	r.checkEscalation(fault)
	r.Measures.check(fault)
}

func (m *RiskMeasures) check(fault func(ok bool, field, rule string)) {
	for _, w := range []struct {
		name   string
		weight float64
	}{{MeasureSilence, m.Silence.Weight}, {MeasureTrend, m.Trend.Weight}, {MeasureModel, m.Model.Weight},
		{MeasureSatisfaction, m.Satisfaction.Weight}, {MeasureContact, m.Contact.Weight}} {
		fault(w.weight == 0 || hundredths(w.weight, 0.01, 100), "risk.measures."+w.name+".weight", "must be between 0 and 100 in steps of 0.01")
	}
	s := &m.Silence
	fault(multiple(s.Begins), "risk.measures.silence.begins", "must be between 0.1 and 100 in steps of 0.001")
	fault(multiple(s.Middle) && s.Middle > s.Begins, "risk.measures.silence.middle", "must be more than begins and at most 100 in steps of 0.001")
	fault(s.MiddleShare >= 0 && s.MiddleShare <= 1, "risk.measures.silence.middle_share", "must be between 0 and 1")
	fault(multiple(s.Full) && s.Full > s.Middle, "risk.measures.silence.full", "must be more than middle and at most 100 in steps of 0.001")
	fault(between(m.Trend.Recent, 1, 100), "risk.measures.trend.recent", "must be between 1 and 100")
	fault(m.Trend.Full > 1 && m.Trend.Full <= 100, "risk.measures.trend.full", "must be more than 1 and at most 100")
	a := &m.Satisfaction
	fault(a.Neutral > 0 && a.Neutral < 1, "risk.measures.satisfaction.neutral", "must be more than 0 and less than 1")
	fault(a.Best >= 0 && a.Best <= 1, "risk.measures.satisfaction.best", "must be between 0 and 1")
	fault(a.Drop >= 0 && a.Drop <= 1, "risk.measures.satisfaction.drop", "must be between 0 and 1")
	fault(a.HalfLife >= time.Hour && a.HalfLife <= longestDeadline, "risk.measures.satisfaction.half_life", "must be between 1h and 87600h")
	fault(between(m.Contact.BeginsDays, 0, 36500), "risk.measures.contact.begins_days", "must be between 0 and 36500")
	fault(between(m.Contact.FullDays, m.Contact.BeginsDays+1, 36501), "risk.measures.contact.full_days", "must be more than begins_days and at most 36501")
}

// check reports every value that is out of range.
func (v *ValuePolicy) check(fault func(ok bool, field, rule string)) {
	fault(slices.Contains(ValueMeasures(), v.Measure), "value.measure", "must be one of purchases, revenue, profit")
	v.checkClasses(fault)
	for _, b := range []struct {
		name  string
		bands []int64
	}{{"recency_days", v.RecencyDays}, {"interval_days", v.IntervalDays}, {"frequency", v.Frequency}, {"amount", v.Amount}} {
		ascends := len(b.bands) == 4
		for i, edge := range b.bands {
			ascends = ascends && edge >= 0 && (i == 0 || edge > b.bands[i-1])
		}
		fault(ascends, "value."+b.name, "must be four edges of bands, ascending and not negative")
	}
	fault(v.Margin > 0 && v.Margin <= 1, "value.margin", "must be more than 0 and at most 1")
	fault(v.Discount >= 0 && v.Discount <= 10, "value.discount", "must be between 0 and 10")
	fault(between(v.Years, 1, 50), "value.years", "must be between 1 and 50")
	fault(between(v.ForecastDays, 0, 3650), "value.forecast_days", "must be between 0 and 3650")
	fault(between(v.Migration.PeriodDays, 1, 3650), "value.migration.period_days", "must be between 1 and 3650")
	fault(between(v.Migration.States, 1, customerbase.MostStates), "value.migration.states", "must be between 1 and 24")
	fault(v.Migration.ContactMinor >= 0, "value.migration.contact_minor", "must not be negative")
	fault(v.KeyAccount.Occasions >= 0, "value.key_account.occasions", "must not be negative")
	fault(v.KeyAccount.AmountMinor >= 0, "value.key_account.amount_minor", "must not be negative")
	fault(v.KeyAccount.Profit >= 0 && v.KeyAccount.Profit <= 1, "value.key_account.profit", "must be between 0 and 1")
}

func (v *ValuePolicy) checkClasses(fault func(ok bool, field, rule string)) {
	ok := len(v.Classes) >= 2 && len(v.Classes) <= 8
	seen := map[string]bool{}
	for i, c := range v.Classes {
		ok = ok && validID(c.Name) && !seen[c.Name] && c.Share > 0 && c.Share <= 1 && (i == 0 || c.Share > v.Classes[i-1].Share)
		seen[c.Name] = true
	}
	fault(ok && v.Classes[len(v.Classes)-1].Share == 1, "value.classes", "must be 2 to 8 classes with names of their own and ascending shares, the last of them 1")
}

// check reports every value that is out of range.
func (w *WinBackPolicy) check(fault func(ok bool, field, rule string)) {
	fault(w.Window >= time.Hour && w.Window <= longestDeadline, "win_back.window", "must be between 1h and 87600h")
	fault(between(w.MassLosses, 1, 1000000), "win_back.mass_losses", "must be between 1 and 1000000")
	for _, cause := range w.Leave {
		fault(ChurnCause(cause).Side() != "", "win_back.leave", "must be a list of causes of churn")
	}
}
