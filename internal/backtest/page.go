package backtest

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"

	"github.com/rapport-crm/rapport/domain/evaluation"
)

//go:embed page.gohtml
var pageText string

// pageFunctions are what the template of the page calls.
var pageFunctions = template.FuncMap{
	"number": func(v *float64, digits int) string {
		if v == nil {
			return "–"
		}
		return strconv.FormatFloat(*v, 'f', digits, 64)
	},
	"plain": func(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) },
	"figure": func(f *evaluation.Figure, digits int) string {
		if f == nil {
			return "–"
		}
		return strconv.FormatFloat(f.Value, 'f', digits, 64)
	},
	"interval": func(f *evaluation.Figure, digits int) string {
		if f == nil || f.Interval == nil {
			return ""
		}
		return fmt.Sprintf("%.*f to %.*f", digits, f.Interval.Low, digits, f.Interval.High)
	},
	"share": func(part, whole int) string {
		if whole == 0 {
			return "–"
		}
		return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
	},
	"gains": gainsPlot, "roc": rocPlot, "reliability": reliabilityPlot, "delay": delayPlot,
}

// WriteHTML writes the report as one page that needs nothing else: no scripts, no fonts, no pictures from elsewhere. Plots
// are drawn as vectors; every figure in them is in a table, too.
func (r *Report) WriteHTML(w io.Writer) error {
	page, err := template.New("page").Funcs(pageFunctions).Parse(pageText)
	if err != nil {
		return fmt.Errorf("page of the back-test: %w", err)
	}
	if err := page.Execute(w, r); err != nil {
		return fmt.Errorf("page of the back-test: %w", err)
	}
	return nil
}
