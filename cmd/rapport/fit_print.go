package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/control"
	"github.com/rapport-crm/rapport/internal/fit"
	"github.com/rapport-crm/rapport/internal/training"
)

// fitted prints what was fitted.
func (p *printer) fitted(d *fitDocument) {
	o := d.Outcome
	p.fields(
		"model", o.Model,
		"asked for", differing(o.Wanted, o.Model),
		"because", fallbackText(o.Fallback),
		"role", string(o.Role),
		"log read up to", when(o.At),
		"window", when(domain.InstantOf(o.Window.From))+" to "+when(domain.InstantOf(o.Window.To)),
		"customers", strconv.Itoa(o.Customers),
		"repeat buyers", counted(o.RepeatBuyers),
		"currency", o.Currency,
		"log-likelihood", plain(o.LogLikelihood),
		"gain over nbd", plain(o.Gain),
		"learned", learnedText(o.Learning),
		"recorded", recordedText(d),
	)
	if o.Learning != nil {
		p.weights(o.Parameters)
	} else if len(o.Parameters) > 0 {
		p.section("PARAMETERS")
		p.estimates(o.Parameters)
	}
	for i := range o.Curves {
		p.curve(&o.Curves[i])
	}
	if x := o.Difference; x != nil {
		p.line("\nlog-rank test of the products: chi-squared %s with %d degrees of freedom", plain(x.ChiSquared), x.Degrees)
	}
}

// differing returns the name when it is not the other one.
func differing(name, other string) string {
	if name == other || name == training.NameRisk {
		return ""
	}
	return name
}

func fallbackText(reason fit.Reason) string {
	switch reason {
	case fit.ReasonNoAttrition:
		return "attrition_not_identifiable: the log does not tell whether customers leave"
	case fit.ReasonDiverged:
		return "diverged: the likelihood of the model has no peak"
	}
	return string(reason)
}

func counted(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// plain returns a number with up to six decimals, empty for 0.
func plain(x float64) string {
	if x == 0 {
		return ""
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

func learnedText(l *training.Learning) string {
	if l == nil {
		return ""
	}
	text := "from " + when(l.Origin) + " over " + strconv.FormatFloat(l.HorizonDays, 'f', -1, 64) + " days, in which " + strconv.Itoa(l.Lost) + " were lost"
	if l.Recalibrated {
		text += "; brought to the horizon of the policy by MBG/NBD"
	}
	return text
}

func recordedText(d *fitDocument) string {
	switch r := d.Recorded; {
	case r == nil && d.Outcome.Role == "":
		return "no: nothing is computed from it"
	case r == nil:
		return "no"
	case len(r.Positions) == 0:
		return "it is in force already"
	default:
		return "in force from " + when(r.At) + " on, at " + places(r)
	}
}

func places(r *control.Recorded) string {
	list := make([]string, len(r.Positions))
	for i, at := range r.Positions {
		list[i] = at.String()
	}
	return strings.Join(list, ", ")
}

func (p *printer) estimates(parameters []fit.Estimate) {
	rows := make([]table.Row, 0, len(parameters))
	for _, e := range parameters {
		rows = append(rows, table.Row{e.Name, amount(strconv.FormatFloat(e.Value, 'f', -1, 64)), uncertainty(e.StandardError)})
	}
	p.table(table.Row{"NAME", "VALUE", "STANDARD ERROR"}, rows)
}

// weights prints the weights of a learned model: what a feature that is one standard deviation above its mean adds to the
// logarithm of the odds.
func (p *printer) weights(parameters []fit.Estimate) {
	find := func(name string) float64 {
		i := slices.IndexFunc(parameters, func(e fit.Estimate) bool { return e.Name == name })
		return parameters[i].Value
	}
	var rows []table.Row
	for _, e := range parameters {
		if feature, ok := strings.CutSuffix(e.Name, ".weight"); ok {
			rows = append(rows, table.Row{feature, rounded(e.Value), uncertainty(e.StandardError), rounded(find(feature + ".mean")), rounded(find(feature + ".scale")),
				rounded(find(feature + ".missing_share"))})
		}
	}
	p.section("WEIGHTS")
	p.table(table.Row{"FEATURE", "WEIGHT", "STANDARD ERROR", "MEAN", "SCALE", "MISSING"}, rows)
}

// rounded is a number with four significant digits.
func rounded(x float64) amount { return amount(strconv.FormatFloat(x, 'g', 4, 64)) }

// uncertainty is a standard error; a parameter without one has 0.
func uncertainty(x float64) amount {
	if x == 0 {
		return ""
	}
	return rounded(x)
}

// shownMonths are the durations of a curve that are printed.
var shownMonths = []float64{1, 3, 6, 12, 24, 36, 48, 60, 72, 84, 96, 108, 120}

// curve prints a survival curve.
func (p *printer) curve(c *training.Curve) {
	title := "ALL SUBSCRIPTIONS"
	if c.Product != "" {
		title = strings.ToUpper(clean(c.Product))
	}
	p.section(title)
	median := "not reached"
	if c.Median != nil {
		median = strconv.FormatFloat(*c.Median, 'f', -1, 64) + " months"
	}
	p.fields("subscriptions", strconv.Itoa(c.Subscriptions), "ended", strconv.Itoa(c.Ended), "median", median)
	if len(c.Points) == 0 {
		return
	}
	var rows []table.Row
	for _, months := range shownMonths {
		if months > c.Points[len(c.Points)-1].Months {
			break
		}
		x := pointAt(c.Points, months)
		rows = append(rows, table.Row{amount(strconv.FormatFloat(months, 'f', -1, 64)), chance(x.Survival), chance(x.Low), chance(x.High)})
	}
	p.table(table.Row{"MONTHS", "SURVIVAL", "FROM", "TO (95 %)"}, rows)
}

// pointAt returns the last point that is not after so many months.
func pointAt(points []training.Point, months float64) training.Point {
	found := training.Point{Survival: 1, Low: 1, High: 1}
	for _, x := range points {
		if x.Months <= months {
			found = x
		}
	}
	return found
}

// chance is a share in per cent with one decimal.
func chance(x float64) amount { return amount(strconv.FormatFloat(100*x, 'f', 1, 64) + " %") }
