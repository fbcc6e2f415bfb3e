package projections

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/statistics"
)

// DurationFigure is how long something took, in seconds, as it is shown. What is absent is null.
type DurationFigure struct {
	Count int64 `json:"n"`
	// Suppressed says that there are times, but too few to show more than their number.
	Suppressed bool `json:"suppressed"`
	// Median is the mean of the two times in the middle when their number is even, P90 and P95 are the shortest times that
	// so many percent do not exceed (the nearest rank).
	Median *float64 `json:"median_seconds"`
	P90    *float64 `json:"p90_seconds"`
	P95    *float64 `json:"p95_seconds"`
	Mean   *float64 `json:"mean_seconds"`
}

// newDurationFigure returns the figure of the times, which it sorts, when there are at least so many.
func newDurationFigure(times []domain.Instant, least int64) DurationFigure {
	n := len(times)
	f := DurationFigure{Count: int64(n), Suppressed: n > 0 && int64(n) < least}
	if n == 0 || f.Suppressed {
		return f
	}
	slices.Sort(times)
	var sum float64
	for _, t := range times {
		sum += seconds(t)
	}
	rank := func(percent int) *float64 { return new(seconds(times[(n*percent+99)/100-1])) }
	f.Median = new((seconds(times[(n-1)/2]) + seconds(times[n/2])) / 2)
	f.P90, f.P95, f.Mean = rank(90), rank(95), new(sum/float64(n))
	return f
}

// ComplaintValidity says how often complaints stand and how often that is decided anew (CMP-10).
type ComplaintValidity struct {
	// Valid is the share that stands of those decided on, Reversed the share of them on which was decided otherwise before.
	Valid    statistics.ShareFigure `json:"valid"`
	Reversed statistics.ShareFigure `json:"reversed"`
	// Reversals counts how often a decision was turned round.
	Reversals int64 `json:"reversals"`
	// Apologies is the share of the acknowledged complaints for which the firm apologised, of those where it is known, and
	// ApologiesInvalid counts the apologies for complaints that do not stand.
	Apologies        statistics.ShareFigure `json:"apologies"`
	ApologiesInvalid int64                  `json:"apologies_invalid"`
}

// ComplaintBacklog is the complaints that are open.
type ComplaintBacklog struct {
	Open    int64 `json:"open"`
	Near    int64 `json:"near"`
	Overdue int64 `json:"overdue"`
	// Orphaned counts those that nobody is known to have, Pending those whose hand-over is not accepted.
	Orphaned int64 `json:"orphaned"`
	Pending  int64 `json:"handover_pending"`
	// Age is the time since the filing, Oldest the first filing.
	Age    DurationFigure `json:"age"`
	Oldest domain.Instant `json:"oldest_filed_at"`
}

// ComplaintCustodyReport says how complaints are handed from one to another (CMP-06, CMP-11).
type ComplaintCustodyReport struct {
	// HandedOver is the share of the complaints that were handed over at all, PingPong the share of those that came back
	// to somebody who had had them.
	HandedOver statistics.ShareFigure `json:"handed_over"`
	PingPong   statistics.ShareFigure `json:"ping_pong"`
	// Handovers and Returned count the hand-overs and those given back.
	Handovers int64             `json:"handovers"`
	Returned  int64             `json:"returned"`
	Holders   []ComplaintHolder `json:"holders"`
}

// ComplaintHolder says how long somebody has complaints.
type ComplaintHolder struct {
	Holder string `json:"holder"`
	// Holding counts the open complaints that the holder has now, Since is from when on the first of them.
	Holding int64          `json:"holding"`
	Since   domain.Instant `json:"since"`
	// Returned counts those that the holder gave back.
	Returned int64 `json:"returned"`
	// Held is how long the holder had those that are resolved or with somebody else.
	Held DurationFigure `json:"held"`
}

// ComplaintCompensated sums the compensation in one currency, in minor units (G20).
type ComplaintCompensated struct {
	Currency   string `json:"currency"`
	Complaints int64  `json:"complaints"`
	Times      int64  `json:"times"`
	Minor      int64  `json:"minor"`
}

func (r *complaintReporter) duration(times []domain.Instant) DurationFigure {
	return newDurationFigure(times, r.policy.Satisfaction.Least)
}

func (r *complaintReporter) validity() ComplaintValidity {
	v := ComplaintValidity{
		Valid:     r.share(func(c *filedComplaint) (part, whole bool) { return c.valid(), c.Valid != nil }),
		Reversed:  r.share(func(c *filedComplaint) (part, whole bool) { return c.Reversals > 0, c.Valid != nil }),
		Apologies: r.share(func(c *filedComplaint) (part, whole bool) { return c.Apology != nil && *c.Apology, c.Apology != nil }),
	}
	for _, c := range r.chosen {
		v.Reversals += int64(c.Reversals)
		if c.Apology != nil && *c.Apology && c.Valid != nil && !*c.Valid {
			v.ApologiesInvalid++
		}
	}
	return v
}

func (r *complaintReporter) handling() ComplaintHandling {
	var elapsed, working []domain.Instant
	for _, c := range r.chosen {
		if !c.open() {
			elapsed = append(elapsed, c.Ended-c.FiledAt)
			working = append(working, r.policy.Calendar().Between(c.FiledAt, c.Ended))
		}
	}
	return ComplaintHandling{Elapsed: r.duration(elapsed), Working: r.duration(working)}
}

// steps says how the complaints took the way.
func (r *complaintReporter) steps() []ComplaintStepFigure {
	figures := make([]ComplaintStepFigure, 0, len(complaintWay))
	for _, step := range complaintWay {
		f := ComplaintStepFigure{Step: step}
		var times []domain.Instant
		for _, c := range r.chosen {
			if slices.Contains(c.Skipped, step) {
				f.Skipped++
			}
			if at, taken := c.first(step); taken {
				f.Taken++
				times = append(times, max(0, at-c.FiledAt))
			}
		}
		f.After = r.duration(times)
		figures = append(figures, f)
	}
	return figures
}

// first returns when the step was first taken in its turn. The customer was checked on at a resolution that says so.
func (d *ComplaintDetail) first(step ComplaintStep) (domain.Instant, bool) {
	for i := range d.Steps {
		s := &d.Steps[i]
		switch {
		case s.OutOfTurn:
		case s.Step == step, step == StepChecked && s.Step == StepResolved && s.Yes != nil:
			return s.At, true
		}
	}
	return 0, false
}

func (r *complaintReporter) backlog() ComplaintBacklog {
	var b ComplaintBacklog
	var ages []domain.Instant
	for _, c := range r.chosen {
		if !c.open() {
			continue
		}
		b.Open++
		ages = append(ages, max(0, r.asOf-c.FiledAt))
		if b.Oldest == 0 || c.FiledAt < b.Oldest {
			b.Oldest = c.FiledAt
		}
		switch c.StatusAt(r.asOf) {
		case CaseNear:
			b.Near++
		case CaseOverdue:
			b.Overdue++
		}
		if c.Custody.Orphaned {
			b.Orphaned++
		}
		if c.Custody.Pending {
			b.Pending++
		}
	}
	b.Age = r.duration(ages)
	return b
}

func (r *complaintReporter) custody() ComplaintCustodyReport {
	report := ComplaintCustodyReport{
		HandedOver: r.share(func(c *filedComplaint) (part, whole bool) { return c.Custody.HandedOver > 0, true }),
		PingPong:   r.share(func(c *filedComplaint) (part, whole bool) { return c.Custody.PingPong > 0, c.Custody.HandedOver > 0 }),
		Holders:    []ComplaintHolder{},
	}
	holders := make(map[string]*ComplaintHolder)
	held := make(map[string][]domain.Instant)
	for _, c := range r.chosen {
		report.Handovers += int64(c.Custody.HandedOver)
		report.Returned += int64(c.Custody.Returned)
		for i := range c.Custody.Holdings {
			h := &c.Custody.Holdings[i]
			if holders[h.Holder] == nil {
				holders[h.Holder] = &ComplaintHolder{Holder: h.Holder}
			}
			holders[h.Holder].add(h)
			if h.To != 0 {
				held[h.Holder] = append(held[h.Holder], h.To-h.From)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(holders)) {
		h := holders[name]
		h.Held = r.duration(held[name])
		report.Holders = append(report.Holders, *h)
	}
	return report
}

func (h *ComplaintHolder) add(x *ComplaintHolding) {
	if x.Returned {
		h.Returned++
	}
	if x.To != 0 {
		return
	}
	h.Holding++
	if h.Since == 0 || x.From < h.Since {
		h.Since = x.From
	}
}

func (r *complaintReporter) compensation() []ComplaintCompensated {
	sums := make(map[string]ComplaintCompensated)
	for _, c := range r.chosen {
		for _, x := range c.Compensation {
			s := sums[x.Currency]
			s.Complaints++
			sums[x.Currency] = ComplaintCompensated{x.Currency, s.Complaints, s.Times + x.Times, s.Minor + x.Minor}
		}
	}
	list := slices.SortedFunc(maps.Values(sums), func(a, b ComplaintCompensated) int { return cmp.Compare(a.Currency, b.Currency) })
	return orEmpty(list)
}
