package projections

import (
	"cmp"
	"slices"

	"github.com/rapport-crm/rapport/domain"
)

// ComplaintRecurrence says whether what was complained about came back after the firm had taken a measure (CMP-13).
type ComplaintRecurrence struct {
	// Repeated counts the complaints of customers who had complained of the same subject before a measure was taken.
	Repeated int64           `json:"repeated"`
	Measures []MeasureEffect `json:"measures"`
}

// MeasureEffect compares the complaints before and after one preventive measure: those of the subject in the unit for
// which the measure holds, and after it also those that people linked to the complaint which gave rise to it. Before and
// after have the same greatest length; the time before begins no earlier than the first complaint that is known, the time
// after ends now.
type MeasureEffect struct {
	Measure string `json:"measure"`
	// Customer and Complaint name the complaint that gave rise to it.
	Customer  string         `json:"customer"`
	Complaint string         `json:"complaint"`
	Subject   string         `json:"subject,omitempty"`
	OrgUnit   string         `json:"org_unit,omitempty"`
	AdoptedAt domain.Instant `json:"adopted_at"`
	Before    MeasureSpan    `json:"before"`
	After     MeasureSpan    `json:"after"`
	// Suppressed says that there are complaints, but too few to show rates.
	Suppressed bool `json:"suppressed"`
}

// MeasureSpan counts the complaints before or after a measure.
type MeasureSpan struct {
	Days       float64 `json:"days"`
	Complaints int64   `json:"complaints"`
	// PerWeek is null over less than a week.
	PerWeek *float64 `json:"per_week"`
}

// week is seven days of 24 hours.
const week = 7 * domain.Day

// defaultWindow is the default of ComplaintFilter.Window.
const defaultWindow = 13 * week

func (r *complaintReporter) recurrence() ComplaintRecurrence {
	report := ComplaintRecurrence{Measures: []MeasureEffect{}}
	for _, c := range r.chosen {
		if c.RecurrenceOf != "" {
			report.Repeated++
		}
	}
	for _, c := range r.all {
		for i := range c.Measures {
			if m := &c.Measures[i]; r.filter.about(c) && r.covers(m.At) {
				report.Measures = append(report.Measures, r.effect(c, m))
			}
		}
	}
	slices.SortFunc(report.Measures, func(a, b MeasureEffect) int {
		return cmp.Or(cmp.Compare(a.AdoptedAt, b.AdoptedAt), cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Complaint, b.Complaint))
	})
	return report
}

// covers reports whether the instant lies in the months of the report.
func (r *complaintReporter) covers(at domain.Instant) bool {
	month := domain.DateOf(at, r.policy.Location()).Month()
	return (r.filter.From == 0 || month >= r.filter.From) && (r.filter.To == 0 || month <= r.filter.To)
}

func (r *complaintReporter) effect(c *filedComplaint, m *ComplaintMeasure) MeasureEffect {
	e := MeasureEffect{
		Measure: m.Measure, Customer: c.Customer, Complaint: c.ID, Subject: c.Subject,
		OrgUnit: cmp.Or(m.OrgUnit, c.OrgUnit), AdoptedAt: m.At,
	}
	window := cmp.Or(r.filter.Window, defaultWindow)
	before, after := min(window, max(0, m.At-r.first)), max(0, min(window, r.asOf-m.At))
	for _, o := range r.all {
		same := c.Subject != "" && o.Subject == c.Subject && within(o.OrgUnit, e.OrgUnit)
		switch at := o.FiledAt; {
		case same && at <= m.At && at >= m.At-before:
			e.Before.Complaints++
		case (same || o.linksTo(c)) && at > m.At && at <= m.At+after:
			e.After.Complaints++
		}
	}
	n := e.Before.Complaints + e.After.Complaints
	e.Suppressed = n > 0 && n < r.policy.Satisfaction.Least
	e.Before.last(before, e.Suppressed)
	e.After.last(after, e.Suppressed)
	return e
}

// linksTo reports whether somebody said that the complaint is about the same thing as the other one.
func (c *filedComplaint) linksTo(o *filedComplaint) bool {
	return slices.ContainsFunc(c.Similar, func(l ComplaintLink) bool {
		return l.Complaint == o.ID && cmp.Or(l.Customer, c.Customer) == o.Customer
	})
}

// last sets the length of the span, and the rate unless it is not to be shown.
func (s *MeasureSpan) last(length domain.Instant, suppressed bool) {
	s.Days = float64(length) / float64(domain.Day)
	if length >= week && !suppressed {
		s.PerWeek = new(float64(s.Complaints) * float64(week) / float64(length))
	}
}
