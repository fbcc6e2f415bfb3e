package main

import (
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rapport-crm/rapport/domain/statistics"
	"github.com/rapport-crm/rapport/projections"
)

// satisfactionFigures prints the rows of the report for programs: each figure in a column of its own, empty for none.
func (p *printer) satisfactionFigures(r *projections.SatisfactionReport) {
	header := table.Row{"questionnaire", "source", "value", "role", "surveys", "mixed_modes", "index", "refused", "not_applicable"}
	for _, name := range []string{"scores", "nps", "csat", "ces", "execution", "trend"} {
		header = append(header, name+"_n", name, name+"_low", name+"_high")
	}
	rows := make([]table.Row, len(r.Rows))
	for i := range r.Rows {
		s := &r.Rows[i]
		row := table.Row{s.Questionnaire, s.Source, s.Value, s.Role, s.Surveys, s.Mixed, amount(""), s.Refused, s.NotApplicable}
		if s.Index != nil {
			row[6] = exact(s.Index.Value)
		}
		rows[i] = append(row, figureCells(s)...)
	}
	p.table(header, rows)
}

// figureCells returns four cells for each figure of a row: how many it is of, itself, and the ends of its interval.
func figureCells(s *projections.SatisfactionRow) table.Row {
	var row table.Row
	add := func(n int64, value *float64, i *statistics.Interval) {
		low, high := amount(""), amount("")
		if i != nil {
			low, high = exact(&i.Low), exact(&i.High)
		}
		row = append(row, n, exact(value), low, high)
	}
	share := func(f *statistics.ShareFigure) {
		if f == nil {
			f = &statistics.ShareFigure{}
		}
		add(f.Count, f.Value, f.Interval)
	}
	top := func(f *projections.TopFigure) {
		if f == nil {
			f = &projections.TopFigure{}
		}
		share(&f.ShareFigure)
	}
	scores, promoters, trend := s.Scores, s.NPS, s.Trend
	if scores == nil {
		scores = &statistics.MeanFigure{}
	}
	if promoters == nil {
		promoters = &projections.PromoterFigure{}
	}
	if trend == nil {
		trend = &projections.TrendFigure{}
	}
	add(scores.Count, scores.Mean, scores.Interval)
	add(promoters.Count, promoters.Score, promoters.Interval)
	top(s.CSAT)
	top(s.CES)
	share(s.Execution)
	add(int64(trend.Months), trend.Slope, trend.Interval)
	return row
}

// exact returns a number with all its digits, empty for none.
func exact(v *float64) amount {
	if v == nil {
		return ""
	}
	return amount(strconv.FormatFloat(*v, 'g', -1, 64))
}
