package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain/evaluation"
	"github.com/rapport-crm/rapport/internal/backtest"
)

// backtest prints what a back-test found.
func (p *printer) backtest(r *backtest.Report) {
	p.fields(
		"log", r.From.String()+" to "+r.To.String(), "time zone", r.TimeZone, "horizon", strconv.Itoa(r.HorizonDays)+" days",
		"currency", r.Currency, "positions", r.Positions.String(),
	)
	for i := range r.Origins {
		p.origin(&r.Origins[i])
	}
	p.rolling(r.Rolling)
	p.warningsOf(r.Policies)
	if r.Delays != nil && r.Delays.Gaps > 0 {
		p.delays(r.Delays)
	}
}

// origin prints what was foretold at an origin.
func (p *printer) origin(o *backtest.OriginReport) {
	p.section("ORIGIN " + o.Day.String())
	learned := ""
	if t := o.Training; t != nil {
		learned = fmt.Sprintf("at the end of %s from %d customers, of whom %d bought nothing in the %d days after", t.Day, t.Customers, t.Lost, t.HorizonDays)
	}
	p.fields(
		"customers", strconv.Itoa(o.Customers), "came back before", strconv.Itoa(o.Repeat),
		"lost", fmt.Sprintf("%d (%.4f)", o.Lost, float64(o.Lost)/float64(o.Customers)), "risk learned", learned,
	)
	p.scores(o)
	p.levels(o)
	p.forecasts(o)
	p.fits(o)
}

// scores prints how good the scores were.
func (p *printer) scores(o *backtest.OriginReport) {
	rows := make([]table.Row, len(o.Scores))
	for i := range o.Scores {
		s := &o.Scores[i]
		name, brier, loss := s.Name, "", ""
		if s.SawLater {
			name += " (its model saw later)"
		}
		if s.Chance != nil {
			brier, loss = figure(s.Chance.Brier, 4), figure(s.Chance.LogLoss, 4)
		}
		rows[i] = table.Row{name, amount(measured(s.All.AUC, 4)), amount(measured(s.Repeat.AUC, 4))}
		first := s.All.Top[0]
		rows[i] = append(rows[i], amount(measured(first.Lift, 3)))
		for _, top := range s.All.Top[1:] {
			rows[i] = append(rows[i], amount(lift(top.Lift)))
		}
		rows[i] = append(rows[i], amount(figure(first.Precision, 3)), amount(figure(first.Recall, 3)), amount(brier), amount(loss))
	}
	p.line("")
	p.table(table.Row{"SCORE", "AUC", "AUC OF REPEAT", "LIFT 10%", "LIFT 20%", "LIFT 30%", "PRECISION 10%", "RECALL 10%", "BRIER", "LOG-LOSS"}, rows)
	p.behindRecency(o)
}

// behindRecency says of each policy that ranks worse than the days since the last purchase alone that it does.
func (p *printer) behindRecency(o *backtest.OriginReport) {
	i := slices.IndexFunc(o.Scores, func(s backtest.ScoreReport) bool { return s.Name == backtest.RuleRecency && s.All.AUC != nil })
	if i < 0 {
		return
	}
	recency := o.Scores[i].All.AUC
	for j := range o.Scores {
		s := &o.Scores[j]
		if s.Kind == backtest.KindPolicy && s.All.AUC != nil && s.All.AUC.Value < recency.Value {
			p.line("\n%s ranks worse than recency alone: AUC %s against %s", clean(s.Name), figure(&s.All.AUC.Value, 4), figure(&recency.Value, 4))
		}
	}
}

// measured returns a figure with its interval, empty for none.
func measured(f *evaluation.Figure, digits int) string {
	if f == nil {
		return ""
	}
	text := figure(&f.Value, digits)
	if i := f.Interval; i != nil {
		text += " [" + figure(&i.Low, digits) + ", " + figure(&i.High, digits) + "]"
	}
	return text
}

// lift returns a figure without its interval, empty for none.
func lift(f *evaluation.Figure) string {
	if f == nil {
		return ""
	}
	return figure(&f.Value, 3)
}

// levels prints what became of the customers of each level of a policy.
func (p *printer) levels(o *backtest.OriginReport) {
	var rows []table.Row
	for i := range o.Scores {
		for _, l := range o.Scores[i].Levels {
			rows = append(rows, table.Row{o.Scores[i].Name, l.Level, l.Customers, l.Lost, amount(ratio(l.Lost, l.Customers))})
		}
	}
	if len(rows) > 0 {
		p.line("")
		p.table(table.Row{"POLICY", "LEVEL", "CUSTOMERS", "LOST", "SHARE"}, rows)
	}
}

// ratio returns a part of a whole, empty for a part of nothing.
func ratio(part, whole int) string {
	if whole == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(part)/float64(whole), 'f', 3, 64)
}

// forecasts prints forecasts beside what happened.
func (p *printer) forecasts(o *backtest.OriginReport) {
	rows := make([]table.Row, len(o.Accuracy))
	for i, a := range o.Accuracy {
		rows[i] = table.Row{a.Name, a.Alarms, amount(figure(&a.Right, 4))}
	}
	p.line("")
	p.table(table.Row{"YES OR NO BY", "TAKEN FOR LOST", "RIGHT"}, rows)
	rows = make([]table.Row, len(o.Purchases))
	for i := range o.Purchases {
		f := &o.Purchases[i]
		rows[i] = table.Row{f.Name, amount(figure(f.MeanAbsoluteError, 4)), amount(figure(&f.Expected, 0)), amount(figure(&f.Actual, 0))}
	}
	p.line("")
	p.table(table.Row{"PURCHASES BY", "MEAN ERROR", "EXPECTED", "ACTUAL"}, rows)
	rows = make([]table.Row, len(o.Spend))
	for i, s := range o.Spend {
		rows[i] = table.Row{s.Name, amount(figure(s.Top, 4))}
	}
	p.line("")
	p.table(table.Row{"SPEND BY", "SHARE OF THE TOP TENTH"}, rows)
}

// fits prints the fits that were not what was asked for.
func (p *printer) fits(o *backtest.OriginReport) {
	for _, m := range o.Models {
		switch {
		case m.Failure != "":
			p.line("\nno %s: %s", clean(m.Name), clean(m.Failure))
		case m.Fallback != "":
			p.line("\n%s came down to %s: %s", clean(m.Name), clean(m.Fit.Model), clean(string(m.Fallback)))
		}
	}
}

// rolling prints the means over several origins.
func (p *printer) rolling(all []backtest.RollingReport) {
	rows := make([]table.Row, len(all))
	for i := range all {
		r := &all[i]
		rows[i] = table.Row{r.Name, amount(figure(&r.AUC, 4)), amount(figure(&r.Least, 4)), amount(figure(&r.Lift, 3))}
	}
	if len(rows) > 0 {
		p.section("ALL ORIGINS")
		p.table(table.Row{"SCORE", "MEAN AUC", "LEAST AUC", "MEAN LIFT 10%"}, rows)
	}
}

// warningsOf prints whether warnings came before losses.
func (p *printer) warningsOf(policies []backtest.PolicyReport) {
	var rows []table.Row
	for i := range policies {
		w := &policies[i].Warnings
		rows = append(rows, table.Row{
			policies[i].Name, policies[i].Version, w.Raised, w.Right, w.False, w.Undecided,
			w.Reported.Caught, w.Reported.Missed, amount(figure(w.Reported.LeadDays, 1)),
			w.Inferred.Caught, w.Inferred.Missed, amount(figure(w.Inferred.LeadDays, 1)),
		})
	}
	p.section("WARNINGS OVER THE WHOLE LOG")
	p.table(table.Row{
		"POLICY", "VERSION", "RAISED", "RIGHT", "FALSE", "UNDECIDED", "REPORTED LOSSES CAUGHT", "MISSED", "LEAD DAYS", "INFERRED CAUGHT", "MISSED", "LEAD DAYS",
	}, rows)
}

// delays prints how soon rules and warnings come.
func (p *printer) delays(d *backtest.DelayReport) {
	p.section("DAYS FROM THE LAST PURCHASE TO THE ALERT")
	p.line("%d customers silent for %d days and more, %d gaps that ended with a purchase; medians, and shares within 60 days", d.Lapses, d.LapseDays, d.Gaps)
	var rows []table.Row
	for i := range d.Rules {
		for j := range d.Rules[i].PerGap {
			g, y := &d.Rules[i].PerGap[j], &d.Rules[i].PerYear[j]
			rows = append(rows, table.Row{
				d.Rules[i].Name, amount(figure(&g.Rate, 2)), amount(figure(g.Days, 1)), amount(figure(g.Early, 3)),
				amount(figure(&y.Rate, 3)), amount(figure(y.Days, 1)), amount(figure(y.Early, 3)),
			})
		}
	}
	p.line("")
	p.table(table.Row{"RULE", "FALSE PER GAP", "DAYS", "WITHIN 60", "FALSE PER CUSTOMER-YEAR", "DAYS", "WITHIN 60"}, rows)
	rows = nil
	for i := range d.Warnings {
		w := &d.Warnings[i]
		rows = append(rows, table.Row{
			w.Policy, w.Level, w.Alerted, amount(figure(w.Days, 1)), amount(figure(&w.PerGap, 4)), amount(figure(w.Hiatus.Days, 0)),
			amount(figure(&w.PerYear, 3)), amount(figure(w.HiatusPerYear.Days, 0)),
		})
	}
	if len(rows) > 0 {
		p.line("")
		p.table(table.Row{"WARNINGS OF", "LEVEL", "ALERTED", "DAYS", "FALSE PER GAP", "HIATUS AS OFTEN", "FALSE PER CUSTOMER-YEAR", "HIATUS AS OFTEN"}, rows)
	}
}
