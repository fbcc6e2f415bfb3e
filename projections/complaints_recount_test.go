package projections_test

import (
	"fmt"
	"slices"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/projections"
)

// complaintRecount counts complaints by brute force, from the events in the order of their time.
type complaintRecount struct {
	asOf   domain.Instant
	counts map[string]int64
	// handling are the times from filing to resolution, in seconds.
	handling []float64
	oldest   domain.Instant
}

func newComplaintRecount(asOf domain.Instant) *complaintRecount {
	return &complaintRecount{asOf: asOf, counts: make(map[string]int64)}
}

// count adds one to the named count when ok.
func (r *complaintRecount) count(ok bool, format string, args ...any) {
	if ok {
		r.counts[fmt.Sprintf(format, args...)]++
	}
}

// customer counts the events of one customer.
func (r *complaintRecount) customer(_ string, events []complaintEvent) {
	for n := range 3 {
		id := fmt.Sprintf("K%d", n+1)
		mine := slices.DeleteFunc(slices.Clone(events), func(x complaintEvent) bool { return x.complaint != id })
		first := slices.IndexFunc(mine, func(x complaintEvent) bool { return x.typ == "complaint.filed" })
		switch {
		case len(mine) == 0:
		case first < 0:
			r.count(true, "not filed")
		default:
			r.complaint(mine, mine[first].at)
		}
	}
}

// complaint counts one complaint that was filed.
func (r *complaintRecount) complaint(events []complaintEvent, filed domain.Instant) {
	r.count(true, "complaints")
	open := false
	var resolved domain.Instant
	var rounds, decisions, turned int
	var valid, ended bool
	var subject string
	var before, after *bool
	followed := 0
	settle := func() { // the round that ended is over
		r.count(before != nil, "asked before")
		r.count(before != nil && *before, "satisfied before")
		r.count(after != nil, "asked after")
		r.count(after != nil && *after, "satisfied after")
		r.count(before != nil && *before && after != nil, "both")
		r.count(before != nil && *before && after != nil && !*after, "decayed")
		r.count(before != nil && !*before && after != nil, "dissatisfied and asked")
		r.count(before != nil && !*before && after != nil && *after, "improved")
		r.count(followed > 0, "followed up")
		r.count(true, "resolutions")
	}
	for _, x := range events {
		started := x.at >= filed
		switch d := x.data.(type) {
		case *domain.ComplaintFiled, *domain.ComplaintReopened:
			if f, ok := d.(*domain.ComplaintFiled); ok && subject == "" {
				subject = f.Subject
			}
			if x.at == filed || ended {
				if ended {
					settle()
				}
				open, ended = true, false
				rounds++
				before, after, followed = nil, nil, 0
			}
		case *domain.ComplaintResolved:
			if started && (open || ended) && d.Satisfied != nil {
				before = d.Satisfied
			}
			if started && open {
				open, ended, resolved = false, true, x.at
			}
		case *domain.ComplaintFollowedUp:
			if ended {
				followed++
				r.count(true, "by %s", d.Channel)
				if d.Satisfied != nil {
					after = d.Satisfied
				}
			}
		case *domain.ComplaintValidityDecided:
			if decisions > 0 && d.Valid != valid {
				turned++
			}
			decisions, valid = decisions+1, d.Valid
		case *domain.CompensationGiven:
			r.count(true, "compensated")
		}
	}
	if ended {
		settle()
		r.handling = append(r.handling, float64(resolved-filed)/1e6)
	} else {
		r.count(true, "open")
		if r.oldest == 0 || filed < r.oldest {
			r.oldest = filed
		}
	}
	r.count(rounds > 1, "reopened")
	r.count(decisions > 0, "decided")
	r.count(decisions > 0 && valid, "valid")
	r.count(turned > 0, "reversed")
	r.counts["reversals"] += int64(turned)
	r.count(true, "about %s", subject)
	r.count(open, "open about %s", subject)
}

// report returns what was counted in the shape of see.
func (r *complaintRecount) report() any {
	n := func(name string) int64 { return r.counts[name] }
	slices.Sort(r.handling)
	counts := map[string]int64{
		"complaints": n("complaints"), "not filed": n("not filed"), "open": n("open"), "decided": n("decided"),
		"reversals": n("reversals"), "asked before": n("asked before"), "asked after": n("asked after"), "both": n("both"),
		"resolutions": n("resolutions"), "followed up": n("followed up"), "compensated": n("compensated"),
		"compensated minor": 7 * n("compensated"), "resolved": int64(len(r.handling)),
		"by phone": n("by phone"), "by letter": n("by letter"), "by email": n("by email"),
	}
	for _, subject := range []string{"", "fare", "noise"} {
		counts["about "+subject], counts["open about "+subject] = n("about "+subject), n("open about "+subject)
	}
	figures := map[string]float64{}
	for share, of := range map[string][2]string{
		"valid": {"valid", "decided"}, "reversed": {"reversed", "decided"}, "before": {"satisfied before", "asked before"},
		"after": {"satisfied after", "asked after"}, "decayed": {"decayed", "both"}, "improved": {"improved", "dissatisfied and asked"},
		"followed up": {"followed up", "resolutions"},
	} {
		if whole := n(of[1]); whole > 0 {
			figures[share] = float64(n(of[0])) / float64(whole)
		}
	}
	if whole := int64(len(r.handling)); whole > 0 {
		figures["p90"] = r.atLeast(0.9)
		figures["p95"] = r.atLeast(0.95)
		figures["median"] = (r.handling[(whole-1)/2] + r.handling[whole/2]) / 2
	}
	return []any{counts, figures, r.oldest}
}

// atLeast returns the shortest time that so great a part does not exceed.
func (r *complaintRecount) atLeast(part float64) float64 {
	for _, t := range r.handling {
		within := 0
		for _, o := range r.handling {
			if o <= t {
				within++
			}
		}
		if float64(within) >= part*float64(len(r.handling)) {
			return t
		}
	}
	panic("no time is the longest")
}

// see returns what the report says of what was counted.
func (r *complaintRecount) see(p *projections.ComplaintReport) any {
	counts := map[string]int64{
		"complaints": p.Complaints, "not filed": p.NotFiled, "open": p.Open, "decided": p.Validity.Valid.Count,
		"reversals": p.Validity.Reversals, "asked before": p.Outcome.Before.Count, "asked after": p.Outcome.After.Count,
		"both": p.Outcome.Decayed.Count, "resolutions": p.FollowUps.FollowedUp.Count, "followed up": p.FollowUps.Reached.Count,
		"compensated": 0, "compensated minor": 0, "resolved": p.Handling.Elapsed.Count, "by phone": 0, "by letter": 0, "by email": 0,
	}
	for _, c := range p.Compensation {
		counts["compensated"], counts["compensated minor"] = c.Times, c.Minor
	}
	for _, c := range p.FollowUps.Channels {
		counts["by "+c.Channel] = c.Count
	}
	for _, subject := range []string{"", "fare", "noise"} {
		counts["about "+subject], counts["open about "+subject] = 0, 0
	}
	for _, g := range p.Subjects {
		counts["about "+g.Name], counts["open about "+g.Name] = g.Complaints, g.Open
	}
	figures := map[string]float64{}
	for name, value := range map[string]*float64{
		"valid": p.Validity.Valid.Value, "reversed": p.Validity.Reversed.Value, "before": p.Outcome.Before.Value,
		"after": p.Outcome.After.Value, "decayed": p.Outcome.Decayed.Value, "improved": p.Outcome.Improved.Value,
		"followed up": p.FollowUps.FollowedUp.Value,
		"p90":         p.Handling.Elapsed.P90, "p95": p.Handling.Elapsed.P95, "median": p.Handling.Elapsed.Median,
	} {
		if value != nil {
			figures[name] = *value
		}
	}
	return []any{counts, figures, p.Backlog.Oldest}
}
