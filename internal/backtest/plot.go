package backtest

import (
	"fmt"
	"strconv"
	"strings"
)

// plot is a picture of lines and points, ready for the template of the page. Coordinates are in units of the picture.
type plot struct {
	Title, X, Y    string
	XTicks, YTicks []tick
	// Diagonal is drawn when the plot has one: what chance alone, or a perfect forecast, would give.
	Diagonal string
	Lines    []line
	Points   []point
}

type tick struct {
	At   string
	Text string
}

// line is a line of a plot. Number chooses its colour and dashes.
type line struct {
	Name   string
	Number int
	Points string
}

// point is a single point of a plot with a text beside it, on the side where there is more room.
type point struct {
	X, Y, Text string
	Left       bool
}

// The area of a plot within its picture, in units of the picture. The template draws the frame with the same numbers.
const (
	plotLeft, plotRight = 60.0, 540.0
	plotTop, plotBottom = 15.0, 335.0
	// plotLines is the most lines of a plot: there are as many colours.
	plotLines = 8
)

// scale leads from values to places in the picture.
type scale struct{ maxX, maxY float64 }

func (s scale) x(v float64) float64 { return plotLeft + v/s.maxX*(plotRight-plotLeft) }
func (s scale) y(v float64) float64 { return plotBottom - v/s.maxY*(plotBottom-plotTop) }

func place(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// newPlot returns an empty plot with five steps on each axis.
func newPlot(title, x, y string, s scale, diagonal bool) plot {
	p := plot{Title: title, X: x, Y: y}
	const steps = 5
	for i := range steps + 1 {
		part := float64(i) / steps
		p.XTicks = append(p.XTicks, tick{place(s.x(part * s.maxX)), strconv.FormatFloat(part*s.maxX, 'g', 3, 64)})
		p.YTicks = append(p.YTicks, tick{place(s.y(part * s.maxY)), strconv.FormatFloat(part*s.maxY, 'g', 3, 64)})
	}
	if diagonal {
		p.Diagonal = s.path([]float64{0, s.maxX}, []float64{0, s.maxY})
	}
	return p
}

// path returns the points of a line.
func (s scale) path(x, y []float64) string {
	var b strings.Builder
	for i := range x {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(place(s.x(x[i])) + "," + place(s.y(y[i])))
	}
	return b.String()
}

// add adds a line, as long as there are colours.
func (p *plot) add(name string, s scale, x, y []float64) {
	if n := len(p.Lines); n < plotLines && len(x) > 0 {
		p.Lines = append(p.Lines, line{Name: name, Number: n, Points: s.path(x, y)})
	}
}

// unitSquare is the scale of plots of shares over shares.
var unitSquare = scale{1, 1}

// shown returns the scores that plots show: what people would do without a model, and everything that is fitted or set, with
// the chance of having left for good left out, which is no forecast.
func (o *OriginReport) shown() []*ScoreReport {
	var all []*ScoreReport
	for _, wanted := range []Kind{KindPolicy, KindLearned, KindModel, KindRule} {
		for i := range o.Scores {
			s := &o.Scores[i]
			explains := s.Kind == KindModel && s.Chance == nil
			if s.Kind == wanted && !explains {
				all = append(all, s)
			}
		}
	}
	return all
}

// gainsPlot shows what share of the lost customers is among those with the highest scores.
func gainsPlot(o OriginReport) plot {
	p := newPlot("Gains", "share of customers with the highest scores", "share of the lost ones among them", unitSquare, true)
	for _, s := range o.shown() {
		var x, y []float64
		for _, c := range s.Curve {
			x, y = append(x, c.Customers), append(y, c.Lost)
		}
		p.add(s.Name, unitSquare, x, y)
	}
	return p
}

// rocPlot shows the receiver operating characteristic.
func rocPlot(o OriginReport) plot {
	p := newPlot("Receiver operating characteristic", "share of those who stayed", "share of the lost ones", unitSquare, true)
	for _, s := range o.shown() {
		var x, y []float64
		for _, c := range s.Curve {
			x, y = append(x, c.Stayed), append(y, c.Lost)
		}
		p.add(s.Name, unitSquare, x, y)
	}
	return p
}

// reliabilityPlot shows what came of foretold chances.
func reliabilityPlot(o OriginReport) plot {
	p := newPlot("Reliability", "mean chance that was foretold", "share of customers who were lost", unitSquare, true)
	for _, s := range o.shown() {
		if s.Chance == nil {
			continue
		}
		var x, y []float64
		for _, b := range s.Chance.Bins {
			if b.Foretold != nil {
				x, y = append(x, *b.Foretold), append(y, *b.Observed)
			}
		}
		p.add(s.Name, unitSquare, x, y)
	}
	return p
}

// delayPlot shows how soon rules alert over the rate of false alarms, with the warnings of policies as points.
func delayPlot(d *DelayReport) plot {
	s := scale{0.25, 1}
	for _, r := range d.Rules {
		for _, a := range r.PerGap {
			s.grow(&a.Rate, a.Days)
		}
	}
	for i := range d.Warnings {
		s.grow(&d.Warnings[i].PerGap, d.Warnings[i].Days)
	}
	p := newPlot("Warning delay", "false alarms for each gap that ended with a purchase", "median days to the alert", s, false)
	for _, r := range d.Rules {
		var x, y []float64
		for _, a := range r.PerGap {
			if a.Days != nil {
				x, y = append(x, a.Rate), append(y, *a.Days)
			}
		}
		p.add(r.Name, s, x, y)
	}
	for _, w := range d.Warnings {
		if w.Days != nil && w.FalseAlarms > 0 {
			p.Points = append(p.Points, point{
				X: place(s.x(w.PerGap)), Y: place(s.y(*w.Days)), Text: fmt.Sprintf("%s %s", w.Policy, w.Level), Left: w.PerGap > s.maxX/2,
			})
		}
	}
	return p
}

// grow makes room for a point, in steps that give round numbers on the axes.
func (s *scale) grow(x, y *float64) {
	if y == nil {
		return
	}
	for s.maxX < *x {
		s.maxX += 0.25
	}
	for s.maxY < *y {
		s.maxY = max(s.maxY*2, 50)
	}
}
